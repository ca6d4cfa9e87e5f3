"""Chooses how a genuine face is forged, finds what that takes, and does it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from unmask.core.errors import InvalidOption
from unmask.core.records import F32Array, U8Array
from unmask.extraction.crops import CachedCrop
from unmask.faces.mesh import FaceMesh
from unmask.training.forge.blending import blend, distance, self_blend, splice_mouth, swap
from unmask.training.forge.region import region
from unmask.training.forge.resampling import Reconstructor, fitted, upscale
from unmask.training.recipe import Forge

_DONORS = 12
_PAINTED_WHOLE = 0.6
_PAINTED_TWICE = 0.25

Read = Callable[[CachedCrop], U8Array]


@dataclass(frozen=True, slots=True)
class Forgery:
    """A fake made from a genuine face.

    Attributes:
        pixels: Shape (H, W, 3), uint8, RGB: the fake.
        mask: Shape (H, W), float32, in [0, 1]: where it is one.
        method: How it was made.
        source: Shape (H, W, 3), uint8, RGB: the genuine face that it was made from, of the same size.
    """

    pixels: U8Array
    mask: F32Array
    method: str
    source: U8Array


def networks_of(forge: Forge) -> tuple[FaceMesh | None, Reconstructor | None]:
    """Open the networks that a recipe's forgeries need.

    Raises:
        InvalidOption: A path is not given.
        WeightsMissing: A path leads nowhere, or to another network.
    """
    if forge.reconstruction and not forge.autoencoder:
        message = (
            "forge.reconstruction needs forge.autoencoder, the folder with taef2_encoder.pth and taef2_decoder.pth: "
            "--set forge.autoencoder=FOLDER."
        )
        raise InvalidOption(message)
    mesh = FaceMesh(Path(forge.landmarks)) if forge.landmarks else None
    return mesh, Reconstructor(Path(forge.autoencoder)) if forge.reconstruction else None


class Forger:
    """Makes fakes from genuine crops.

    Args:
        forge: The recipe's table.
        genuine: Crops that may be forged, or give a face or a mouth.
        read: Reads a crop, shape (S, S, 3), uint8, RGB.

    Raises:
        InvalidOption: A method has nobody to take a face or a mouth from.
        WeightsMissing: A network that the recipe names is not there.
    """

    def __init__(self, forge: Forge, genuine: Sequence[CachedCrop], read: Read) -> None:
        self._genuine, self._read = genuine, read
        self._moments: dict[str, list[CachedCrop]] = {}
        for crop in genuine:
            self._moments.setdefault(crop.medium, []).append(crop)
        self._mesh, self._reconstructor = networks_of(forge)
        if forge.swap and len({crop.group for crop in genuine}) < 2:
            message = "forge.swap needs genuine faces of at least two people (groups); the training side has fewer."
            raise InvalidOption(message)
        if forge.mouth and all(len(moments) < 2 for moments in self._moments.values()):
            message = "forge.mouth needs genuine clips with more than one face crop; the training side has none."
            raise InvalidOption(message)

    def can(self, method: str, crop: CachedCrop) -> bool:
        """Whether a crop can be forged so: a mouth needs another moment of the same clip."""
        return method != "mouth" or len(self._moments[crop.medium]) > 1

    def some(self, method: str, rng: np.random.Generator) -> CachedCrop:
        """A crop that can be forged so, where draws by share found none."""
        fit = [crop for crop in self._genuine if self.can(method, crop)]
        return fit[int(rng.integers(len(fit)))]

    def make(self, method: str, crop: CachedCrop, rng: np.random.Generator) -> Forgery:
        """Forge a crop.

        Args:
            method: A share of the table ``[forge]``, for example ``swap``.
            crop: Genuine.
            rng: Source of all choices.

        Returns:
            The forgery.
        """
        pixels = self._read(crop)
        if method == "reconstruction":
            small = fitted(pixels, rng)
            crop = replace(crop, landmarks_px=crop.landmarks_px * np.float32(small.shape[0] / pixels.shape[0]))
            pixels = small
        forged, mask = getattr(self, f"_{method}")(pixels, crop, rng)
        return Forgery(forged, mask, method, pixels)

    def _self_blend(self, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
        return self_blend(pixels, crop.landmarks_px, self._dense(pixels, crop), rng)

    def _swap(self, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
        donor = self._donor(crop, rng)
        face = self._read(donor)
        mesh, other = self._dense(pixels, crop), self._dense(face, donor)
        if mesh is None or other is None:
            mesh, other = crop.landmarks_px, donor.landmarks_px
        return swap(pixels, crop.landmarks_px, face, other, mesh, rng)

    def _mouth(self, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
        others = [other for other in self._moments[crop.medium] if other.path != crop.path]
        other = others[int(rng.integers(len(others)))]
        mesh = self._dense(pixels, crop)
        return splice_mouth(pixels, crop.landmarks_px, self._read(other), other.landmarks_px, mesh, rng)

    def _reconstruction(self, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
        assert self._reconstructor is not None
        passes = 2 if rng.random() < _PAINTED_TWICE else 1
        # Seconds on a CPU, so each is painted once.
        kept = crop.path.with_suffix(f".latent{pixels.shape[0]}x{passes}.png")
        if not kept.is_file():
            painted = pixels
            for _ in range(passes):
                painted = self._reconstructor.through(painted)
            part = kept.with_suffix(f".{os.getpid()}.part")  # Several workers may paint the same crop.
            part.write_bytes(cv2.imencode(".png", cv2.cvtColor(painted, cv2.COLOR_RGB2BGR))[1].tobytes())
            part.replace(kept)
        return self._painted(self._read(replace(crop, path=kept)), pixels, crop, rng)

    def _upscaled(self, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
        return self._painted(upscale(pixels, rng), pixels, crop, rng)

    def _painted(
        self, painted: U8Array, pixels: U8Array, crop: CachedCrop, rng: np.random.Generator
    ) -> tuple[U8Array, F32Array]:
        """All of a picture, or its face alone, as inpainting leaves it."""
        if rng.random() < _PAINTED_WHOLE:
            return painted, np.ones(pixels.shape[:2], np.float32)
        return blend(painted, pixels, region(pixels.shape[:2], crop.landmarks_px, self._dense(pixels, crop), rng))

    def _donor(self, crop: CachedCrop, rng: np.random.Generator) -> CachedCrop:
        """Of a few people drawn at random, the one who holds the head most alike."""
        drawn: list[CachedCrop] = []
        while not drawn:
            picks = rng.integers(len(self._genuine), size=_DONORS)
            drawn = [self._genuine[int(pick)] for pick in picks if self._genuine[int(pick)].group != crop.group]
        return min(drawn, key=lambda donor: distance(donor.landmarks_px, crop.landmarks_px))

    def _dense(self, pixels: U8Array, crop: CachedCrop) -> F32Array | None:
        return self._mesh.find(pixels, crop.landmarks_px) if self._mesh else None
