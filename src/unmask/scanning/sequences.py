"""Score people, not faces: for detectors that look at a sequence of one person's crops."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np

from unmask.core.evidence import Abstention, Score
from unmask.core.records import F32Array, FaceCrop, Track
from unmask.detectors.face_clip import FaceClipDetector
from unmask.detectors.face_frame import refusal


class Sequences:
    """Keeps the crops of a clip on disk until it is known whose they are, so that memory stays flat.

    Args:
        detector: Judges sequences.
    """

    def __init__(self, detector: FaceClipDetector) -> None:
        self._detector = detector
        self._file = TemporaryFile()  # noqa: SIM115 - lives as long as the scan of one medium
        weakref.finalize(self, self._file.close)
        self._crops: list[FaceCrop | Abstention] = []
        self._shape = (detector.wants.size_px, detector.wants.size_px, 3)

    def add(self, crops: Sequence[FaceCrop]) -> list[Score | Abstention]:
        """Keep crops; returns what stands for their answers until `answers` is asked."""
        found: list[Score | Abstention] = []
        for crop in crops:
            refused = refusal(crop, self._detector.wants)
            self._file.write(crop.pixels_rgb_u8.tobytes())
            self._crops.append(refused or replace(crop, pixels_rgb_u8=np.zeros((1, 1, 3), np.uint8)))
            found.append(refused or Abstention("too_short"))
        return found

    def answers(self, tracks: Sequence[Track]) -> list[Score | Abstention]:
        """Judge every person.

        Args:
            tracks: People; members count the crops in the order in which they were added.

        Returns:
            One answer a crop: its part of the score of the sequence that it belongs to.
        """
        found: list[Score | Abstention] = [
            crop if isinstance(crop, Abstention) else Abstention("too_short") for crop in self._crops
        ]
        for track in tracks:
            fit = [place for place in track.members if not isinstance(self._crops[place], Abstention)]
            for places in _windows(fit, self._detector.wants.frames):
                (answer,) = self._detector.score([[self._crop(place) for place in places]])
                for row, place in enumerate(places):
                    found[place] = answer if isinstance(answer, Abstention) else _part(answer, row)
        return found

    def _crop(self, place: int) -> FaceCrop:
        crop = self._crops[place]
        assert isinstance(crop, FaceCrop)
        size = int(np.prod(self._shape))
        self._file.seek(place * size)
        pixels = np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape)
        return replace(crop, pixels_rgb_u8=pixels)


def _windows(places: Sequence[int], frames: int) -> list[Sequence[int]]:
    """Sequences side by side, the last one moved back so that it is whole; all places if they are too few."""
    if len(places) <= frames:
        return [places] if places else []
    starts = [*range(0, len(places) - frames, frames), len(places) - frames]
    return [places[start : start + frames] for start in starts]


def _part(answer: Score, row: int) -> Score:
    """One crop's part of a sequence's score: its row of the evidence, as a square map where it has places."""
    assert answer.heatmap is not None
    cells: F32Array = answer.heatmap[row]
    side = round(cells.size**0.5)
    return Score(float(cells.mean()), cells.reshape(side, side) if side > 1 and side * side == cells.size else None)
