"""Whole pictures as training examples: genuine photographs beside generated ones of the same size and wear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from unmask.core.errors import DecodeFailed, InputError, InvalidOption, UnknownOption, nearest
from unmask.core.records import U8Array
from unmask.datasets.manifest import Row
from unmask.faces.crop import cut_square
from unmask.media.image import read_image
from unmask.media.sample import LARGEST_SHORT_SIDE_PX, choose_squares
from unmask.media.wear import degrade
from unmask.media.wear.codec import through_h264
from unmask.training.forge.resampling import Reconstructor
from unmask.training.pictures.disturb import recode, recolour
from unmask.training.recipe import Recipe

AUGMENT = {
    "history": 0.8,  # A camera's or platform's JPEG, before anything else.
    "shrink": 0.6,
    "rescale": 0.25,
    "blur": 0.1,
    "noise": 0.1,
    "codec": 0.75,
    "h264": 0.0,  # A still of a compressed clip.
    "whole": 0.5,  # The whole is seen, not a piece.
}
"""How often each thing happens, unless the recipe's table ``[augment]`` says otherwise."""

_SMALLEST_PX = 160
_LARGEST_REBUILT_PX = 256  # A reconstruction of this size takes half a second on one core.
PIECES = 4
_TRIES = 20
_MOST_CUT_PX = 16
_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_AREA)


class PhotographStream(Dataset[tuple[U8Array, int]]):
    """Endless disturbed views of whole pictures: of each two, the first is genuine and the second is fake.

    The pictures of such a pair are brought to one size, so that neither size nor scaling tells the label. A fake is
    either a generated picture or the genuine one sent through a latent autoencoder. Example n depends on the seed and
    on n alone.

    Args:
        rows: The training side.
        recipe: Its shares, the share of reconstructions, augmentation and seed.
        size_px: Side of a view.

    Raises:
        UnknownOption: ``[augment]`` has an unknown key.
        WeightsMissing: Reconstructions are wanted without their autoencoder.
    """

    def __init__(self, rows: Sequence[Row], recipe: Recipe, *, size_px: int) -> None:
        for key in recipe.augment:
            if key not in AUGMENT:
                raise UnknownOption(f"[augment] has no setting {key!r} for whole pictures. {nearest(key, AUGMENT)}")
        self._real = _Shelf([row for row in rows if row.label == 0], recipe.shares.get("real", {}))
        self._fake = _Shelf([row for row in rows if row.label == 1], recipe.shares.get("fake", {}))
        self._rebuilt = recipe.forge.reconstruction
        self._autoencoder = Reconstructor(Path(recipe.forge.autoencoder)) if self._rebuilt else None
        self._seed = recipe.schedule.seed
        self._size_px = size_px
        self._often = {**AUGMENT, **recipe.augment}

    def __getitem__(self, number: int) -> tuple[U8Array, int]:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Pixels, shape (size_px, size_px, 3), uint8; the label.
        """
        cv2.setNumThreads(1)
        label = number % 2
        genuine, fake, rng = self._pair(number)
        rebuilt = fake is genuine
        row = fake if label else genuine
        pixels, other = (read_image(entry.path)[0] for entry in (row, genuine if label else fake))
        side = _side(min(*pixels.shape[:2], *other.shape[:2]), rng, self._often["shrink"])
        looks = np.random.default_rng(rng.integers(2**32, size=2)[label])
        if looks.random() < self._often["history"]:
            pixels = degrade.jpeg(pixels, int(looks.integers(70, 99)))
        pixels = _scaled(pixels, min(side, _LARGEST_REBUILT_PX) if rebuilt else side, looks)
        if rebuilt and label:
            assert self._autoencoder is not None
            pixels = self._autoencoder.through(_square_in_eights(pixels))
        return _view(pixels, looks, self._often, self._size_px), label

    def group(self, number: int) -> str:
        """The group of the picture that an example shows; nothing is read.

        Args:
            number: From 0; without end.
        """
        genuine, fake, _ = self._pair(number)
        return (fake if number % 2 else genuine).group

    def _pair(self, number: int) -> tuple[Row, Row, np.random.Generator]:
        """A genuine picture and its fake, which are one where it is to be rebuilt, and the source of what follows."""
        rng = np.random.default_rng([self._seed, number // 2])
        genuine = self._real.draw(rng)
        rebuilt = self._autoencoder is not None and (not self._fake or rng.random() < self._rebuilt)
        return genuine, genuine if rebuilt else self._fake.draw(rng), rng


class PieceStream(Dataset[tuple[U8Array, int]]):
    """Endless disturbed views of pictures without regard to what they show or to their labels.

    Every source counts alike. Example n depends on the seed and on n alone.

    Args:
        rows: Pictures of the training side.
        seed: Of all choices.
        size_px: Side of a view.
    """

    def __init__(self, rows: Sequence[Row], seed: int, *, size_px: int) -> None:
        self._shelf, self._seed, self._size_px = _Shelf(rows, {}), seed, size_px

    def __getitem__(self, number: int) -> tuple[U8Array, int]:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Pixels, shape (size_px, size_px, 3), uint8; the label of the picture.

        Raises:
            DecodeFailed: One picture after another cannot be read.
        """
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self._seed, number])
        row, pixels = self._read(rng)
        pixels = _scaled(pixels, _side(min(pixels.shape[:2]), rng, AUGMENT["shrink"]), rng)
        return _view(pixels, rng, AUGMENT, self._size_px), row.label

    def _read(self, rng: np.random.Generator) -> tuple[Row, U8Array]:
        """Draw a picture that can be read: faces are not cut from broken ones either."""
        for _ in range(_TRIES):
            row = self._shelf.draw(rng)
            with suppress(InputError):
                return row, read_image(row.path)[0]
        message = f"{_TRIES} pictures in a row cannot be read, {row.path} the last. Run `unmask datasets check`."
        raise DecodeFailed(message)


def _view(pixels: U8Array, rng: np.random.Generator, often: Mapping[str, float], size_px: int) -> U8Array:
    """Wear a picture, blind to its label, and cut one of the views that the scanner would cut."""
    if rng.random() < often["rescale"]:
        pixels = _scaled(pixels, round(min(pixels.shape[:2]) * rng.uniform(0.6, 1.3)), rng)
    # Off the grid of whatever codec the file went through.
    top, left = (int(value) for value in rng.integers(0, _MOST_CUT_PX, 2))
    pixels = pixels[top:, left:]
    pixels = recolour(pixels[:, ::-1] if rng.random() < 0.5 else pixels, rng)
    if rng.random() < often["blur"]:
        pixels = degrade.blur(pixels, float(rng.uniform(0.4, 1.2)))
    if rng.random() < often["noise"]:
        pixels = degrade.noise(pixels, float(rng.uniform(1, 6)), rng)
    if rng.random() < often["h264"]:
        pixels = through_h264([pixels], int(rng.integers(18, 36)))[0]
    if rng.random() < often["codec"]:
        pixels = recode(pixels, rng)
    squares = choose_squares(pixels, side_px=size_px, pieces=PIECES)
    piece = len(squares) > 1 and rng.random() >= often["whole"]
    square = squares[int(rng.integers(1, len(squares)))] if piece else squares[0]
    return cut_square(pixels, square, size_px)


def views_of(path: Path, size_px: int) -> U8Array:
    """Every view of a picture that the scanner would cut, shape (N, size_px, size_px, 3)."""
    pixels = read_image(path)[0]
    squares = choose_squares(pixels, side_px=size_px, pieces=PIECES)
    return np.stack([cut_square(pixels, square, size_px) for square in squares])


def some_of(rows: Sequence[Row], count: int) -> list[Row]:
    """So many rows, drawn once and for all: every n-th would follow the order in which a manifest was written."""
    places = np.random.default_rng(0).permutation(len(rows))[:count]
    return [rows[place] for place in sorted(places.tolist())]


class _Shelf:
    """Pictures of one label, drawn by share of their source.

    Args:
        rows: Of one label.
        shares: Weight by source; ``"*"`` for sources not named; all alike without any.
    """

    def __init__(self, rows: Sequence[Row], shares: Mapping[str, float]) -> None:
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.source, []).append(row)
        rest = shares.get("*", 0.0 if shares else 1.0)
        weights = np.array([shares.get(source, rest) for source in self._rows])
        if self._rows and not weights.sum() > 0:
            message = f"[shares] leaves nothing to draw of one label. Sources at hand: {', '.join(self._rows)}."
            raise InvalidOption(message)
        self._chances = weights / max(weights.sum(), 1e-9)

    def __len__(self) -> int:
        return len(self._rows)

    def draw(self, rng: np.random.Generator) -> Row:
        """Draw a source, then a picture of it."""
        rows = list(self._rows.values())[int(rng.choice(len(self._rows), p=self._chances))]
        return rows[int(rng.integers(len(rows)))]


def _side(most: int, rng: np.random.Generator, shrink: float) -> int:
    """Shorter side that both pictures of a pair get: that of the smaller one, or less."""
    most = min(most, LARGEST_SHORT_SIDE_PX)
    if rng.random() >= shrink:
        return most
    return round(float(rng.uniform(min(most, _SMALLEST_PX), most)))


def _scaled(pixels: U8Array, side: int, rng: np.random.Generator) -> U8Array:
    """Resize so that the shorter side gets a length; untouched if it has it already."""
    height, width = pixels.shape[:2]
    if side == min(height, width):
        return pixels
    factor = side / min(height, width)
    size = (max(round(width * factor), side), max(round(height * factor), side))
    # Area averaging is made for shrinking; on the way up OpenCV would fall back to blocks.
    method = int(rng.choice(_INTERPOLATIONS[: 4 if factor < 1 else 3]))
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _square_in_eights(pixels: U8Array) -> U8Array:
    """The middle of a picture, its side a multiple of 8, as the autoencoder needs it."""
    side = min(pixels.shape[:2]) // 8 * 8
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
