"""The same person on two sides of a split, found by the face: names of groups tell only what their datasets knew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array, U8Array
from unmask.datasets.manifest import Row
from unmask.extraction.largest import largest_faces
from unmask.extraction.pool import spread
from unmask.faces.identity import ALIGNED_PX, Identifier, align
from unmask.models import catalogue, store

SURELY_SAME = 0.6
"""Cosine from which on two media are said to show one person. OpenCV takes 0.363 for pairs of portraits, but a large
dataset has millions of pairs."""

_FRAMES = 5
_GAP_PX = 4
_AT_ONCE = 1024  # Rows of the table of likenesses that are in memory together.

Print = F32Array | None
"""Shape (128,), float32, length 1: the mean over the largest faces of a medium; None without a face."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One face under two groups, on two sides.

    Attributes:
        first: The medium of one group that shows it.
        second: That of the other; of all pairs of the two groups, these are the most alike.
        likeness: Cosine of the two, at most 1.
    """

    first: Row
    second: Row
    likeness: float


def recurring_people(
    rows: Sequence[Row], *, workers: int = 1, least: float = SURELY_SAME, listener: Listener = ignore
) -> list[Recurrence]:
    """Look for the same face on several sides, where the groups do not tell.

    Looked at is the largest face of a picture, or of five frames of a clip. Twins and many small children
    pass for one person, faces that were animated from one portrait do so rightly, and a swapped face may resemble both.

    Args:
        rows: All rows; sound, and rows without a side, are passed over, as are media that cannot be read.
        workers: Processes.
        least: Cosine of two faces (SFace) from which on they count as one person's.
        listener: Hears progress.

    Returns:
        One entry for each two groups, the most alike first.
    """
    seen = [row for row in rows if row.kind != "audio" and row.split]
    return recurrences(seen, _prints(seen, workers, listener), least=least)


def same_people(
    rows: Sequence[Row], *, workers: int = 1, least: float = SURELY_SAME, listener: Listener = ignore
) -> list[tuple[int, int]]:
    """Find who is seen under several groups, so that a split can keep them together.

    Args:
        rows: All rows; sound is passed over.
        workers: Processes.
        least: See `recurring_people`.
        listener: Hears progress.

    Returns:
        Pairs of positions in `rows`, of different groups.
    """
    seen = [at for at, row in enumerate(rows) if row.kind != "audio"]
    prints = _prints([rows[at] for at in seen], workers, listener)
    known = [(at, vector) for at, vector in zip(seen, prints, strict=True) if vector is not None]
    groups = np.array([rows[at].group for at, _ in known])
    pairs = _pairs([vector for _, vector in known], groups, least)
    return [(known[first][0], known[second][0]) for first, second, _ in pairs]


def beside(found: Recurrence) -> U8Array:
    """Put the two faces side by side, to look at.

    Args:
        found: Whose media are read once more.

    Returns:
        Shape (112, 228, 3), uint8, RGB: of either medium the largest face of its first frame with one, upright.
    """
    pair = np.full((ALIGNED_PX, 2 * ALIGNED_PX + _GAP_PX, 3), 255, np.uint8)
    for left, row in ((0, found.first), (ALIGNED_PX + _GAP_PX, found.second)):
        for frame, face in largest_faces(row, _FRAMES):
            pair[:, left : left + ALIGNED_PX] = align(frame, face)
            break
    return pair


def recurrences(rows: Sequence[Row], prints: Sequence[Print], *, least: float = SURELY_SAME) -> list[Recurrence]:
    """Compare the faces of rows that stand on different sides, under different groups.

    Args:
        rows: One for each print.
        prints: Their faces.
        least: See `recurring_people`.

    Returns:
        See `recurring_people`.
    """
    known = [(row, vector) for row, vector in zip(rows, prints, strict=True) if vector is not None]
    sides = np.array([row.split for row, _ in known])
    best: dict[tuple[str, str], Recurrence] = {}
    for first, second, likeness in _pairs([vector for _, vector in known], sides, least):
        one, other = known[first][0], known[second][0]
        key = (min(one.group, other.group), max(one.group, other.group))
        if one.group != other.group and (key not in best or likeness > best[key].likeness):
            best[key] = Recurrence(one, other, likeness)
    return sorted(best.values(), key=lambda found: -found.likeness)


def _pairs(prints: Sequence[F32Array], apart: NDArray[np.str_], least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of which the names in `apart` differ, each once."""
    if not prints:
        return
    vectors = np.stack(prints)
    for start in range(0, len(prints), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        alike = vectors[part] @ vectors.T
        alike[apart[part, None] == apart[None, :]] = -1.0
        for first, second in zip(*np.nonzero(alike >= least), strict=True):
            if start + first < second:
                yield int(start + first), int(second), float(alike[first, second])


def _prints(rows: Sequence[Row], workers: int, listener: Listener) -> list[Print]:
    prints: list[Print] = []
    for vector in spread(_print, rows, workers, lost=_nobody):
        prints.append(vector)
        listener(Advanced("people", len(prints), len(rows), rows[len(prints) - 1].path.name))
    return prints


@cache
def _identifier() -> Identifier:
    return Identifier(store.locate(catalogue.find("sface-2021dec")))


def _print(row: Row) -> Print:
    found: list[F32Array] = []
    with suppress(InputError, MemoryError, cv2.error):  # The check itself names files that cannot be read.
        found.extend(_identifier().embed(align(frame, face)) for frame, face in largest_faces(row, _FRAMES))
    if not found:
        return None
    mean = np.mean(found, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def _nobody(_: Row) -> Print:
    return None
