"""Pictures that look alike: pairs of perceptual hashes that differ in few bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RADIUS = 12
"""Bits of 256 that may differ. Saving a face again as JPEG 30 or at a quarter of its size moved at most 6 bits, two
different faces of one aligned set were 38 or more apart (500 pictures); cropping goes unnoticed."""


def near_pairs(hashes: Sequence[str], sides: Sequence[str], *, radius: int = RADIUS) -> list[tuple[int, int]]:
    """Find pairs on different sides whose hashes differ in at most `radius` bits.

    The bits are cut into one more band than may differ: two hashes that are near enough agree in at least one band
    (the pigeonhole principle), so only those within a band are compared, and time grows with the pictures rather
    than with their pairs.

    Args:
        hashes: Hexadecimal, all of one length; an empty one is passed over.
        sides: One name each.
        radius: Most bits that differ.

    Returns:
        Pairs of positions, ascending.
    """
    places = np.array([at for at, text in enumerate(hashes) if text and int(text, 16)], np.int64)
    if places.size < 2:
        return []
    packed = np.array([np.frombuffer(bytes.fromhex(hashes[at]), np.uint8) for at in places])
    names = np.array(sides)[places]
    pairs: set[tuple[int, int]] = set()
    for band in np.array_split(np.unpackbits(packed, axis=1), radius + 1, axis=1):
        _, keys = np.unique(np.packbits(band, axis=1), axis=0, return_inverse=True)
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            if len(set(names[bucket])) > 1:
                pairs |= _near(packed, names, bucket, radius)
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
