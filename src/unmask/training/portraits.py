"""Face crops as training examples: drawing them fairly, and disturbing real and fake ones alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from unmask.core.errors import DecodeFailed
from unmask.core.records import F32Array, U8Array
from unmask.extraction.crops import CACHE_MARGIN, CachedCrop
from unmask.faces.blend import self_blend
from unmask.faces.crop import cut_square
from unmask.media import degrade

SELF_BLEND = "self-blend"
_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_LANCZOS4)


class PortraitStream(IterableDataset[tuple[U8Array, np.float32]]):
    """An endless stream of augmented crops: label by coin toss, then source by share, then a crop of it.

    Args:
        crops: The training side.
        shares: For ``real`` and ``fake``, weight by source; ``"*"`` for sources not named; the fake source
            ``self-blend`` is made on the spot from a real crop.
        size_px: Side of what the network sees.
        margin: The scanner's margin, from the model card.
        seed: Of all choices, one number or several; every worker draws its own stream from it.
    """

    def __init__(
        self,
        crops: Sequence[CachedCrop],
        shares: Mapping[str, Mapping[str, float]],
        *,
        size_px: int,
        margin: float,
        seed: int | tuple[int, ...],
    ) -> None:
        self._pools = {label: _Pool(crops, label, shares.get(name, {})) for label, name in ((0, "real"), (1, "fake"))}
        self._size_px, self._margin = size_px, margin
        self._seed = (seed,) if isinstance(seed, int) else seed

    def __iter__(self) -> Iterator[tuple[U8Array, np.float32]]:
        worker = get_worker_info()
        rng = np.random.default_rng([*self._seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        while True:
            label = int(rng.integers(2))
            yield self._draw(label, rng), np.float32(label)

    def _draw(self, label: int, rng: np.random.Generator) -> U8Array:
        crop = self._pools[label].draw(rng)
        forge = crop is None
        crop = crop or self._pools[0].some(rng)
        pixels = read_crop(crop)
        if forge:
            # Forged before it is disturbed: real and forged faces then pass through the same cameras and codecs.
            pixels, _ = self_blend(pixels, crop.landmarks_px, rng)
        return augment(pixels, rng, size_px=self._size_px, margin=self._margin)


class _Pool:
    """Crops of one label by source and medium, so that long clips and large sets do not drown small ones."""

    def __init__(self, crops: Sequence[CachedCrop], label: int, shares: Mapping[str, float]) -> None:
        sources: dict[str, dict[str, list[CachedCrop]]] = {}
        for crop in crops:
            if crop.label == label:
                sources.setdefault(crop.source, {}).setdefault(crop.medium, []).append(crop)
        self._media = {source: list(media.values()) for source, media in sources.items()}
        others = [source for source in sources if source not in shares]
        weights = {source: shares.get("*", 0.0 if shares else 1.0) / max(len(others), 1) for source in others}
        weights.update({name: share for name, share in shares.items() if name in sources or name == SELF_BLEND})
        self._names = [name for name, weight in weights.items() if weight > 0]
        share = np.array([weights[name] for name in self._names])
        self._share = share / share.sum()

    def draw(self, rng: np.random.Generator) -> CachedCrop | None:
        """Draw a crop, or None where the draw says: forge one."""
        name = self._names[int(rng.choice(len(self._names), p=self._share))]
        return None if name == SELF_BLEND else self._of(name, rng)

    def some(self, rng: np.random.Generator) -> CachedCrop:
        """Draw a crop that exists."""
        crop = self.draw(rng)
        while crop is None:
            crop = self.draw(rng)
        return crop

    def _of(self, name: str, rng: np.random.Generator) -> CachedCrop:
        media = self._media[name]
        crops = media[int(rng.integers(len(media)))]
        return crops[int(rng.integers(len(crops)))]


def read_crop(crop: CachedCrop) -> U8Array:
    """Read a cached crop, shape (S, S, 3), uint8, RGB."""
    pixels = cv2.imread(str(crop.path))
    if pixels is None:
        message = f"{crop.path}: the cached crop cannot be read. Remove the folder of crops and train again."
        raise DecodeFailed(message)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def as_scanned(pixels: U8Array, *, size_px: int, margin: float) -> U8Array:
    """Cut a cached crop as the scanner would have cut the frame.

    Args:
        pixels: Shape (S, S, 3), a cached crop.
        size_px: Side of the result.
        margin: The scanner's margin.

    Returns:
        Shape (size_px, size_px, 3), uint8.
    """
    side = pixels.shape[0]
    half = side * margin / CACHE_MARGIN / 2
    return cut_square(pixels, (side / 2 - half, side / 2 - half, side / 2 + half, side / 2 + half), size_px)


def augment(pixels: U8Array, rng: np.random.Generator, *, size_px: int, margin: float) -> U8Array:
    """Disturb a cached crop as cameras, platforms and croppers do; blind to the label.

    Args:
        pixels: Shape (S, S, 3), a cached crop.
        rng: Source of all choices.
        size_px: Side of the result.
        margin: The scanner's margin, around which the margin varies.

    Returns:
        Shape (size_px, size_px, 3), uint8.
    """
    if rng.random() < 0.35:
        pixels = _shrink(pixels, rng)
    if rng.random() < 0.45:
        pixels = _codec(pixels, rng)
    pixels = _frame(pixels, rng, size_px=size_px, margin=margin)
    pixels = _colour(pixels, rng)
    if rng.random() < 0.12:
        pixels = degrade.blur(pixels, float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.12:
        pixels = degrade.noise(pixels, float(rng.uniform(1, 9)), rng)
    if rng.random() < 0.25:
        pixels = _codec(pixels, rng)
    if rng.random() < 0.15:
        pixels = _cut_out(pixels, rng)
    return np.ascontiguousarray(pixels)


def _shrink(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    side = max(int(pixels.shape[0] * rng.uniform(0.35, 0.95)), 48)
    method = int(rng.choice(_INTERPOLATIONS))
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=method), dtype=np.uint8)


def _codec(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    if rng.random() < 0.15:
        return degrade.webp(pixels, int(rng.integers(35, 96)))
    return degrade.jpeg(pixels, int(rng.integers(35, 99)))


def _frame(pixels: U8Array, rng: np.random.Generator, *, size_px: int, margin: float) -> U8Array:
    """Choose margin, offset, tilt and mirror image, then resize."""
    side = pixels.shape[0]
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    half = side * margin / CACHE_MARGIN / 2 * float(rng.uniform(0.87, 1.15))
    x, y = side / 2 + rng.uniform(-0.05, 0.05, 2) * side
    if rng.random() < 0.3:
        matrix = cv2.getRotationMatrix2D((float(x), float(y)), float(rng.uniform(-9, 9)), 1.0)
        pixels = np.asarray(cv2.warpAffine(pixels, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    square = (float(x - half), float(y - half), float(x + half), float(y + half))
    return cut_square(np.ascontiguousarray(pixels), square, size_px)


def _colour(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    if rng.random() < 0.06:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if rng.random() < 0.5:
        gain = (rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
        lift = np.float32(rng.uniform(-18, 18))
        table: F32Array = np.arange(256, dtype=np.float32)[:, None] * gain + lift
        pixels = np.asarray(cv2.LUT(pixels, np.clip(table, 0, 255).astype(np.uint8)[None]), dtype=np.uint8)
    return pixels


def _cut_out(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    side = pixels.shape[0]
    height, width = (int(value) for value in rng.integers(side // 8, side // 3, 2))
    top, left = int(rng.integers(side - height)), int(rng.integers(side - width))
    out = pixels.copy()
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return out
