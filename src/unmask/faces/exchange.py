"""Notice a face that is another person's for a while, in the same place of a picture that goes on unchanged.

A swap that lasts for a part of a clip leaves camera, room and movement alone and changes who is seen. So does nothing
else: a cut to somebody else changes the picture around the face too. No detector of forgeries is asked for this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.records import Box, F32Array, Face, Frame, Track, U8Array
from unmask.faces.crop import square_around
from unmask.faces.track import NEAR_S, OVERLAP, Embed, overlap

HINT, FEWEST_HINTED = 0.2, 2
"""From this contrast on, and from so many faces of each of the two people, a second look is worth its time."""
CLEAR, FEWEST_CLEAR, REACH_CLEAR = 0.25, 4, 2
"""From this contrast on a second look has shown that the face is another person's (`docs/benchmarks.md`)."""
PRINT_S = 0.3
MOST_PRINTS = 64
_COARSE_S, _ALIKE = 1.8, 0.6
"""A face so long after the last described one is described, and so are those between two whose cosine is lower."""
_AROUND = 3
_FRONTAL = 0.6
"""Distance of the eyes over that from eyes to mouth: about 1 from in front, 0 from the side."""
_SCENE_PX = 64
_HEAD = 1.8
_LEAST_SCENE = 0.05
_CUT = 12.0
"""Grey levels by which the picture around a face changes at least where it does not go on."""
_EDGE = 0.7
"""Share of the contrast that must show at once, between the two faces before and the two after a change."""


@dataclass(slots=True)
class FacePrint:
    """A face, and what is around it.

    Attributes:
        time_s: Of its frame.
        box_xyxy_px: Where it is.
        aligned: Shape (112, 112, 3), uint8, RGB: see `unmask.faces.identity.align`.
        scene: See `scene_of`.
        scale: Pixels of the scene per pixel of the frame.
        vector: Who it looks like, shape (128,), float32, length 1; None until it was described.
    """

    time_s: float
    box_xyxy_px: Box
    aligned: U8Array
    scene: U8Array
    scale: float
    vector: F32Array | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A stretch of time in which a face is another person's than before and after.

    Attributes:
        begin_s: Its first face that was looked at.
        end_s: Its last one.
        first: Position of its first face in the seat.
        last: Position of its last one.
        contrast: How much less (in cosines) the faces inside resemble those outside than each side resembles itself.
    """

    begin_s: float
    end_s: float
    first: int
    last: int
    contrast: float


def shows_who(face: Face) -> bool:
    """Whether a face is turned to the camera far enough to tell who it is: in profile both eyes fall together."""
    left, right, _, *mouth = face.landmarks_px
    height = float(np.linalg.norm((left + right) / 2 - np.mean(mouth, axis=0)))
    return float(np.linalg.norm(left - right)) >= _FRONTAL * height > 0


def scene_of(frame: Frame) -> tuple[U8Array, float]:
    """A small grey copy of a frame, its longer side `_SCENE_PX`; and its scale."""
    height, width = frame.pixels_rgb_u8.shape[:2]
    scale = _SCENE_PX / max(height, width)
    stride = max(int(1 / scale) // 4, 1)
    rough = cv2.cvtColor(np.ascontiguousarray(frame.pixels_rgb_u8[::stride, ::stride]), cv2.COLOR_RGB2GRAY)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(rough, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale


def print_every(times_s: NDArray[np.float64]) -> int:
    """Every how many frames it is worth keeping the faces.

    Args:
        times_s: Shape (N,), float64, of the frames that are looked at, ascending.

    Returns:
        At least 1: about `PRINT_S` apart, and no more than `MOST_PRINTS` frames.
    """
    if times_s.size < 2:
        return 1
    step_s = float(times_s[-1] - times_s[0]) / (times_s.size - 1)
    return max(round(PRINT_S / max(step_s, 1e-6)), -(-times_s.size // MOST_PRINTS), 1)


def describe(prints: Iterable[FacePrint], embed: Embed) -> None:
    """Say of each whom it looks like, which takes most of the time that all of this takes."""
    for one in prints:
        if one.vector is None:
            one.vector = embed(one.aligned)


def worth_a_look(seats_taken: Iterable[Sequence[FacePrint]], embed: Embed) -> tuple[float, float] | None:
    """Where a closer look may show that a face is another person's.

    Args:
        seats_taken: See `seats`. A face about every two seconds is described, and those between two that look unlike.
        embed: Maps an aligned face to a unit vector.

    Returns:
        Begin and end in seconds, three faces before and after the stretch included; None where nothing hints at it.
    """
    taken = [(seat, _described(seat, embed)) for seat in seats_taken]
    for reach in (1, 0):  # Where faces lie seconds apart, a picture may change much without a cut.
        found = [(exchange(described, fewest=FEWEST_HINTED, reach=reach), seat) for seat, described in taken]
        hints = [(one.contrast, one, seat) for one, seat in found if one and one.contrast >= HINT]
        if hints:
            _, one, seat = max(hints, key=lambda hint: hint[0])
            inside = [place for place, face in enumerate(seat) if one.begin_s <= face.time_s <= one.end_s]
            before, after = max(inside[0] - _AROUND, 0), min(inside[-1] + _AROUND, len(seat) - 1)
            return seat[before].time_s, seat[after].time_s
    return None


def _described(seat: Sequence[FacePrint], embed: Embed) -> list[FacePrint]:
    """Describe as many faces of a seat as it takes; gives those."""
    places: list[int] = []
    for place, one in enumerate(seat):
        if not places or place == len(seat) - 1 or one.time_s - seat[places[-1]].time_s >= _COARSE_S:
            places.append(place)
    describe((seat[place] for place in places), embed)
    for before, after in pairwise(places):
        one, other = _vectors([seat[before], seat[after]])
        if float(one @ other) < _ALIKE:
            describe(seat[before + 1 : after], embed)
    return [one for one in seat if one.vector is not None]


def _vectors(seat: Sequence[FacePrint]) -> NDArray[np.float64]:
    return np.stack([one.vector for one in seat if one.vector is not None]).astype(np.float64)


def seats(
    faces: Sequence[Face], tracks: Sequence[Track], prints: Mapping[int, FacePrint]
) -> dict[int, list[FacePrint]]:
    """Who is seen where a person is seen: that person, and whoever shows up in the same place meanwhile.

    A swapped face may count as somebody else. So the faces of tracks that never share a frame with a person, and that
    lie where that person's nearest face in time lies, take the same seat.

    Args:
        faces: Every face.
        tracks: People; members index `faces`.
        prints: Of some of the faces, by position in `faces`.

    Returns:
        Prints in order of time, by person; nothing for people without one.
    """
    printed = {track: [prints[member] for member in track.members if member in prints] for track in tracks}
    present = {track: {faces[member].frame_index for member in track.members} for track, own in printed.items() if own}
    found = {}
    for track, frames in present.items():
        others = [
            one
            for other in present
            if not frames & present[other]
            for one in printed[other]
            if overlap(_nearest(printed[track], one).box_xyxy_px, one.box_xyxy_px) >= OVERLAP
        ]
        found[track.id] = sorted([*printed[track], *others], key=lambda one: one.time_s)
    return found


def exchange(seat: Sequence[FacePrint], *, fewest: int, reach: int = 1) -> Exchange | None:
    """The stretch of a seat whose faces most clearly are another person's, while the picture goes on.

    Args:
        seat: Described faces in order of time.
        fewest: Faces that the stretch, and the rest, must have at least.
        reach: How many faces on either side of a change the picture around them is compared over; 0 leaves that out.
            With `REACH_CLEAR` cross-fades are found, too, and a change between faces more than `NEAR_S` apart is none.

    Returns:
        The stretch with the highest contrast of those at whose ends the face changes and the picture around it does
        not; None where there is none. One that begins or ends with the seat is the shorter of its two parts.
    """
    total = len(seat)
    if total < 2 * fewest:
        return None
    vectors = _vectors(seat)
    alike = vectors @ vectors.T
    sums = np.zeros((total + 1, total + 1))
    sums[1:, 1:] = alike.cumsum(axis=0).cumsum(axis=1)
    cuts, steps = _cuts(seat, reach), _steps(alike)
    best: Exchange | None = None
    for begin in range(total):
        for end in range(begin + fewest, min(total, begin + total - fewest) + 1):
            edges = {begin, end} - {0, total}
            if edges & cuts or (len(edges) == 1 and end - begin > total // 2):
                continue
            contrast = _contrast(sums, begin, end)
            if (best is None or contrast > best.contrast) and all(steps[edge] >= _EDGE * contrast for edge in edges):
                best = Exchange(seat[begin].time_s, seat[end - 1].time_s, begin, end - 1, contrast)
    return best


def _steps(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the two faces before each position are from the two behind it, beyond what either two differ by.

    Args:
        alike: Shape (N, N), cosines.

    Returns:
        Shape (N + 1,). A face that turns away little by little makes no step. 0 at the ends and one face from them.
    """
    total = len(alike)
    steps = np.zeros(total + 1)
    for place in range(2, total - 1):
        across = alike[place - 2 : place, place : place + 2].mean()
        steps[place] = min(alike[place - 2, place - 1], alike[place, place + 1]) - across
    return steps


def _contrast(sums: NDArray[np.float64], begin: int, end: int) -> float:
    """Mean cosine inside either part, whichever is lower, less the mean between them."""
    total = len(sums) - 1
    size, rest = end - begin, total - (end - begin)
    inside = sums[end, end] - sums[begin, end] - sums[end, begin] + sums[begin, begin]
    across = sums[end, total] - sums[begin, total] - inside
    outside = sums[total, total] - 2 * across - inside
    alike = min((inside - size) / (size * (size - 1)), (outside - rest) / (rest * (rest - 1)))
    return float(alike - across / (size * rest))


def _cuts(seat: Sequence[FacePrint], reach: int) -> set[int]:
    """Positions of the faces before which the picture around the face does not go on, or is not known to."""
    total = len(seat)
    cuts: set[int] = set()
    for far in range(reach):
        pairs = [(max(place - 1 - far, 0), min(place + far, total - 1)) for place in range(1, total)]
        cuts |= {place for place, pair in enumerate(pairs, start=1) if _change(seat[pair[0]], seat[pair[1]]) > _CUT}
    if reach >= REACH_CLEAR:
        cuts |= {place for place in range(1, total) if seat[place].time_s - seat[place - 1].time_s > NEAR_S}
    return cuts


def _change(one: FacePrint, other: FacePrint) -> float:
    """Mean change of the picture outside both heads, in grey levels; infinite where next to nothing is outside."""
    if one.scene.shape != other.scene.shape:
        return float("inf")
    outside = np.ones(one.scene.shape, bool)
    for seen in (one, other):
        left, top, right, bottom = (max(round(edge * seen.scale), 0) for edge in square_around(seen.box_xyxy_px, _HEAD))
        outside[top : bottom + 1, left : right + 1] = False
    if outside.mean() < _LEAST_SCENE:
        return float("inf")
    return float(np.abs(one.scene.astype(np.float32) - other.scene.astype(np.float32))[outside].mean())


def _nearest(prints: Sequence[FacePrint], other: FacePrint) -> FacePrint:
    return min(prints, key=lambda one: abs(one.time_s - other.time_s))
