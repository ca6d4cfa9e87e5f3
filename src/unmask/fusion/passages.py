"""Cut a curve of suspicion where its level changes, so that a forged passage is not averaged away."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LEAST_STEPS = 4
CHANGE_ABOVE = 5.0
_SAME_LEVEL = 0.5
"""Neighbours at least this share as high as the highest stretch belong to it."""


def passages(values: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Cut a curve into stretches of one level each.

    Circular binary segmentation (Olshen et al., Biostatistics 2004): of all inner stretches, the one whose mean stands
    out most from the rest is cut out if it stands out enough; then the same inside every piece.

    Args:
        values: Shape (N,), float64, raw logits of equal steps in time. Neighbours resemble each other, so the limit on
            how far a stretch must stand out is chosen on real recordings and not from a table of significance.

    Returns:
        Begin and end of each stretch, in order, without gaps; ``[(0, N)]`` where nothing stands out.
    """
    found = _standing_out(values)
    if found is None:
        return [(0, values.size)]
    places = sorted({0, *found, values.size})
    return [
        (begin + first, begin + last) for begin, end in pairwise(places) for first, last in passages(values[begin:end])
    ]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a curve that stands above the rest of it.

    Attributes:
        begin: First step.
        end: One past its last step.
        contrast: Its mean above the median of the rest.
    """

    begin: int
    end: int
    contrast: float


def outstanding(values: NDArray[np.float64]) -> Passage | None:
    """The passage that stands highest above the rest of its own curve.

    Camera, codec, light and person are the same in both, so the contrast tells of a forged passage what the level
    alone cannot.

    Args:
        values: Shape (N,), see `passages`.

    Returns:
        The passage, or None if the curve keeps one level.
    """
    pieces = passages(values)
    above = [float(values[begin:end].mean() - np.median(values)) for begin, end in pieces]
    first = last = int(np.argmax(above))
    high = above[first] * _SAME_LEVEL
    while first > 0 and above[first - 1] >= high > 0:
        first -= 1
    while last < len(pieces) - 1 and above[last + 1] >= high > 0:
        last += 1
    begin, end = pieces[first][0], pieces[last][1]
    rest = np.concatenate([values[:begin], values[end:]])
    return Passage(begin, end, float(values[begin:end].mean() - np.median(rest))) if rest.size else None


def hint(values: NDArray[np.float64], *, contrast: float) -> tuple[int, int] | None:
    """Where a closer look may show a passage: around the two neighbours that stand highest above the median.

    Args:
        values: Shape (N,), raw logits.
        contrast: How far above they must stand.

    Returns:
        First and last step of the stretch, one calm step on either side included; None if nothing stands so high.
    """
    above = values - np.median(values)
    pairs = (above[1:] + above[:-1]) / 2
    if not pairs.size or pairs.max() < contrast:
        return None
    first = int(pairs.argmax())
    last = first + 1
    while first > 0 and above[first] >= contrast / 2:
        first -= 1
    while last < above.size - 1 and above[last] >= contrast / 2:
        last += 1
    return first, last


def _standing_out(values: NDArray[np.float64]) -> tuple[int, int] | None:
    """Begin and end of the stretch that stands out most, if it does; neither it nor what is beside it is too short."""
    total, size = float(values.sum()), values.size
    sums = np.concatenate([[0.0], np.cumsum(values)])
    best, place = 0.0, None
    for length in range(LEAST_STEPS, size - LEAST_STEPS + 1):
        inside = sums[length:] - sums[:-length]
        begins = np.arange(inside.size)
        fits = _long_enough(begins) & _long_enough(size - length - begins)
        apart = np.abs(inside / length - (total - inside) / (size - length)) * np.sqrt(length * (size - length) / size)
        apart = np.where(fits, apart, 0.0)
        first = int(apart.argmax())
        if apart[first] > best:
            best, place = float(apart[first]), (first, first + length)
    if place is None or best <= CHANGE_ABOVE * _noise(values, *place):
        return None
    return place


def _long_enough(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((steps == 0) | (steps >= LEAST_STEPS))


def _noise(values: NDArray[np.float64], begin: int, end: int) -> float:
    """Standard deviation around the two levels."""
    rest = np.concatenate([values[:begin], values[end:]])
    squares = float(((values[begin:end] - values[begin:end].mean()) ** 2).sum() + ((rest - rest.mean()) ** 2).sum())
    return float(np.sqrt(squares / max(values.size - 2, 1)))
