"""Find faces with YuNet (Wu et al. 2023) through OpenCV's `FaceDetectorYN`.

A picture is looked at in passes, and the first pass that finds a face ends the search: at `WORKING_PX`; finer, for
small faces; and, for still pictures, turned by 90, 270 and 180 degrees. Small faces beside a large one are found
because the first pass of a still picture already works at a finer scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from unmask.core.records import Box, F32Array, Face, Frame, U8Array

WORKING_PX = 640
FINE_PX = 1280
# YuNet also finds lying faces without turning, but with upright landmarks and a lower score.
_SURELY_UPRIGHT = 0.9
_CLEARLY = 0.02
_TURNS = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180)


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look for faces.

    Attributes:
        scales_px: Longer side of the picture in each pass; a pass never enlarges beyond the original.
        turned: Whether to look for lying and upside-down faces when none was found upright.
        confidence: Smallest score that counts, in [0, 1].
    """

    scales_px: tuple[int, ...]
    turned: bool
    confidence: float = 0.7


VIDEO_SEARCH = Search((WORKING_PX, FINE_PX), turned=False)
STILL_SEARCH = Search((960, 1920), turned=True)


class FaceFinder:
    """Finds every face of a frame. Not safe for use by several threads at once.

    Args:
        model: Path of a YuNet graph.
    """

    def __init__(self, model: Path) -> None:
        # OpenCV 5 warns about an unused target at every creation; people cannot act on it.
        before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._net = cv2.FaceDetectorYN.create(str(model), "", (WORKING_PX, WORKING_PX), 0.5, 0.3, 200)
        cv2.utils.logging.setLogLevel(before)

    def find(self, frame: Frame, search: Search = VIDEO_SEARCH) -> list[Face]:
        """Find faces, largest first.

        Args:
            frame: Any size.
            search: How hard to look.

        Returns:
            Faces in the frame's pixels; empty if there are none.
        """
        pixels = frame.pixels_rgb_u8
        if min(pixels.shape[:2]) < 8:
            return []
        upright = self._upright(pixels, search)
        if search.turned and _best(upright) < _SURELY_UPRIGHT:
            upright = self._turned(pixels, search, upright)
        return _faces(upright, frame)

    def _upright(self, pixels: U8Array, search: Search) -> F32Array:
        for scale in _useful(search.scales_px, max(pixels.shape[:2])):
            rows = self._pass(pixels, scale, search.confidence)
            if len(rows):
                return rows
        return np.zeros((0, 15), np.float32)

    def _turned(self, pixels: U8Array, search: Search, upright: F32Array) -> F32Array:
        """Answer with the turn whose best face is the surest; upright wins unless clearly beaten."""
        height, width = pixels.shape[:2]
        best = upright
        for turn in _TURNS:
            rows = self._pass(np.asarray(cv2.rotate(pixels, turn)), search.scales_px[0], search.confidence)
            if _best(rows) > _best(best) + _CLEARLY:
                best = _turn_back(rows, turn, width, height)
        return best

    def _pass(self, pixels: U8Array, longest: int, confidence: float) -> F32Array:
        """Shape (N, 15): left, top, width, height, five landmarks, score, in the pixels of the given picture."""
        height, width = pixels.shape[:2]
        factor = min(1.0, longest / max(height, width))
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        small = pixels if factor == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        self._net.setInputSize(size)
        self._net.setScoreThreshold(confidence)
        _, found = self._net.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        if found is None:
            return np.zeros((0, 15), np.float32)
        rows = np.array(found, dtype=np.float32)
        rows[:, 0:14:2] *= width / size[0]
        rows[:, 1:14:2] *= height / size[1]
        return rows[np.isfinite(rows).all(axis=1)]


def _best(rows: F32Array) -> float:
    return float(rows[:, 14].max()) if len(rows) else 0.0


def _useful(scales: tuple[int, ...], longest: int) -> tuple[int, ...]:
    """Drop passes that would look at the very same pixels again."""
    needed = [scale for scale in scales if scale < longest]
    return (*needed, scales[len(needed)]) if len(needed) < len(scales) else tuple(needed)


def _turn_back(rows: F32Array, turn: int, width: int, height: int) -> F32Array:
    """Map detections on a turned picture back to the picture of the given width and height."""
    points = rows[:, 4:14].reshape(-1, 5, 2)
    corners = np.stack([rows[:, 0:2], rows[:, 0:2] + rows[:, 2:4]], axis=1)
    both = np.concatenate([corners, points], axis=1)
    x, y = both[..., 0], both[..., 1]
    if turn == cv2.ROTATE_90_CLOCKWISE:
        back = np.stack([y, height - x], axis=-1)
    elif turn == cv2.ROTATE_90_COUNTERCLOCKWISE:
        back = np.stack([width - y, x], axis=-1)
    else:
        back = np.stack([width - x, height - y], axis=-1)
    low, high = back[:, :2].min(axis=1), back[:, :2].max(axis=1)
    return np.concatenate([low, high - low, back[:, 2:].reshape(-1, 10), rows[:, 14:]], axis=1).astype(np.float32)


def _faces(rows: F32Array, frame: Frame) -> list[Face]:
    order = np.argsort(-rows[:, 2] * rows[:, 3], kind="stable")
    return [
        Face(
            box_xyxy_px=_box(row),
            landmarks_px=row[4:14].reshape(5, 2).copy(),
            confidence=float(row[14]),
            frame_index=frame.index,
            time_s=frame.time_s,
        )
        for row in rows[order]
    ]


def _box(row: F32Array) -> Box:
    left, top, width, height = (float(value) for value in row[:4])
    return (left, top, left + width, top + height)
