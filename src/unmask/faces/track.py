"""Follow people through the frames that were chosen, which may lie seconds apart.

Faces whose boxes overlap in frames less than `NEAR_S` apart form a fragment. Fragments are then joined when their
embeddings match and they never share a frame. A motion tracker would not do: it expects neighbouring frames, and
thirty-two frames of a ten-minute clip are twenty seconds apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from unmask.core.records import Box, F32Array, Face, Frame, Track, U8Array
from unmask.faces.identity import SAME_PERSON, align

NEAR_S = 1.0
OVERLAP = 0.3
_SAMPLES = 3
_MOST_EMBEDDED = 200
Embed = Callable[[U8Array], F32Array]


@dataclass(slots=True)
class _Fragment:
    members: list[int]
    frames: set[int]
    last: Face
    area: float = 0.0
    samples: list[tuple[float, U8Array]] = field(default_factory=list)


class Linker:
    """Links faces to people, frame by frame; memory grows with the number of faces, not with pixels.

    Args:
        embed: Maps an aligned face to a unit vector; None keeps fragments apart.
    """

    def __init__(self, embed: Embed | None) -> None:
        self._embed = embed
        self._fragments: list[_Fragment] = []
        self._count = 0

    def add(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Link the faces of the next frame.

        Args:
            frame: Later than all frames before.
            faces: Its faces; their positions over all frames count up from 0.
        """
        near = [fragment for fragment in self._fragments if frame.time_s - fragment.last.time_s <= NEAR_S]
        pairs = sorted(
            ((overlap(fragment.last.box_xyxy_px, face.box_xyxy_px), i, j) for i, fragment in enumerate(near)
             for j, face in enumerate(faces)),
            reverse=True,
        )  # fmt: skip
        taken: dict[int, _Fragment] = {}
        used: set[int] = set()
        for share, i, j in pairs:
            if share >= OVERLAP and i not in used and j not in taken:
                used.add(i)
                taken[j] = near[i]
        for j, face in enumerate(faces):
            self._extend(taken.get(j), frame, face)

    def _extend(self, fragment: _Fragment | None, frame: Frame, face: Face) -> None:
        if fragment is None:
            fragment = _Fragment([], set(), face)
            self._fragments.append(fragment)
        fragment.members.append(self._count)
        fragment.frames.add(frame.index)
        fragment.last = face
        fragment.area += face.size_px**2
        self._count += 1
        if self._embed and (len(fragment.samples) < _SAMPLES or face.size_px > fragment.samples[-1][0]):
            fragment.samples.append((face.size_px, align(frame, face)))
            fragment.samples.sort(key=lambda sample: -sample[0])
            del fragment.samples[_SAMPLES:]

    def tracks(self) -> list[Track]:
        """Join fragments to people, most visible first."""
        groups = [[fragment] for fragment in self._fragments]
        if self._embed and len(groups) > 1:
            groups = self._joined()
        groups.sort(key=lambda group: -sum(fragment.area for fragment in group))
        return [
            Track(index, tuple(sorted(member for fragment in group for member in fragment.members)))
            for index, group in enumerate(groups)
        ]

    def _joined(self) -> list[list[_Fragment]]:
        """Give each fragment, largest first, to the best matching person that is never in the same frame."""
        assert self._embed is not None
        people: list[tuple[list[_Fragment], F32Array, set[int]]] = []
        for rank, fragment in enumerate(sorted(self._fragments, key=lambda fragment: -fragment.area)):
            if rank >= _MOST_EMBEDDED:
                people.append(([fragment], np.zeros(128, np.float32), set(fragment.frames)))
                continue
            vector = np.mean([self._embed(pixels) for _, pixels in fragment.samples], axis=0, dtype=np.float32)
            vector = np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
            free = [person for person in people if not person[2] & fragment.frames]
            best = max(free, key=lambda person: float(person[1] @ vector), default=None)
            if best is not None and float(best[1] @ vector) >= SAME_PERSON:
                best[0].append(fragment)
                best[2].update(fragment.frames)
            else:
                people.append(([fragment], vector, set(fragment.frames)))
        return [group for group, _, _ in people]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    both = wide * tall
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return float(both / max(areas - both, 1e-9))
