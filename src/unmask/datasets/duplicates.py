"""Pictures that look alike: pairs of perceptual hashes that differ in few bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unmask.core.events import Advanced, Listener, ignore

RADIUS = 12
"""Bits of 256 that may differ. Saving a face again as JPEG 30 or at a quarter of its size moved at most 6 bits, two
different faces of one aligned set were 38 or more apart (500 pictures); cropping goes unnoticed."""


def near_pairs(
    hashes: Sequence[str], sides: Sequence[str], *, radius: int = RADIUS, listener: Listener = ignore
) -> list[tuple[int, int]]:
    """Find pairs on different sides whose hashes differ in at most `radius` bits.

    The bits are cut into one more band than may differ: two hashes that are near enough agree in at least one band
    (the pigeonhole principle), so only those within a band are compared, and time grows with the pictures rather
    than with their pairs.

    Args:
        hashes: Hexadecimal, all of one length; an empty one is passed over.
        sides: One name each.
        radius: Most bits that differ.
        listener: Hears progress.

    Returns:
        Pairs of positions, ascending.
    """
    places = np.array([at for at, text in enumerate(hashes) if text and int(text, 16)], np.int64)
    if places.size < 2:
        return []
    packed = np.array([np.frombuffer(bytes.fromhex(hashes[at]), np.uint8) for at in places])
    names = np.array(sides)[places]
    pairs: set[tuple[int, int]] = set()
    for number, band in enumerate(np.array_split(np.unpackbits(packed, axis=1), radius + 1, axis=1), start=1):
        keys = band @ (1 << np.arange(band.shape[1], dtype=np.int64))
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order], append=-1)) + 1
        starts = np.concatenate([[0], ends[:-1]])
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            pairs |= _near(packed, names, order[start:end], radius)
        listener(Advanced("look-alikes", number, radius + 1))
    return sorted((int(places[first]), int(places[second])) for first, second in pairs)


def _near(
    packed: NDArray[np.uint8], names: NDArray[np.str_], bucket: NDArray[np.int64], radius: int
) -> set[tuple[int, int]]:
    found = set()
    for at, first in enumerate(bucket[:-1]):
        others = bucket[at + 1 :][names[bucket[at + 1 :]] != names[first]]
        apart = np.bitwise_count(packed[others] ^ packed[first]).sum(axis=1)
        found |= {(min(first, second), max(first, second)) for second in others[apart <= radius]}
    return found
