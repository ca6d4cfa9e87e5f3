"""What a mouth does over time, measured on patches that hold still: no landmarks of the lips are needed.

Eyes and nose place the face; the corners of the mouth count only as they lie on average over a second, because they
move with every word. Two measures are taken of the steady patch: how dark its darkest tenth is (an open mouth is dark
inside), and how fast its lower half moves away from its upper half (dense optical flow, Farneback, SCIA 2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array, Face, Frame, U8Array

F64Array = NDArray[np.float64]

_CROP_PX, _CROP_MARGIN = 192, 1.4
_PATCH_PX = (72, 56)
# Where eyes, nose tip and corners of the mouth of an upright face lie, and where the patch has its centre.
_TEMPLATE = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]])
_CENTRE, _SCALE = (56.0, 97.0), 1.3
_SHAKE_S, _SPEECH_S = 0.08, 0.32
# Rows and columns of the patch: around the lips, between nose and lips, lower lip and chin.
_LIPS, _ABOVE, _BELOW = np.s_[12:46, 18:54], np.s_[6:18, 20:52], np.s_[26:50, 20:52]


@dataclass(frozen=True, slots=True)
class Mouth:
    """What one mouth does.

    Attributes:
        times_s: Shape (T,), float64, ascending.
        measures: Shape (T, 2), float64: darkness inside, as a share of the patch's mean brightness (higher is darker);
            speed of opening in patch pixels a second.
        opening_speed: Spread of the second measure: how much the mouth moves; a mouth is about 38 patch pixels wide.
        turned: How far the nose lies from the middle of the eyes, in distances between the eyes; 0 is frontal.
        size_px: Median of the face's size in the pictures.
    """

    times_s: F64Array
    measures: F64Array
    opening_speed: float
    turned: float
    size_px: float


class MouthWatcher:
    """Gathers one face's frames; holds about 37 kB a frame."""

    def __init__(self) -> None:
        self._crops: list[U8Array] = []
        self._faces: list[Face] = []
        self._landmarks: list[F32Array] = []

    @property
    def count(self) -> int:
        """Frames so far."""
        return len(self._faces)

    @property
    def length_s(self) -> float:
        """From the first frame to the last."""
        return self._faces[-1].time_s - self._faces[0].time_s if self._faces else 0.0

    def add(self, frame: Frame, face: Face) -> None:
        """Take the next frame.

        Args:
            frame: Later than all before.
            face: The watched person's face in it.
        """
        left, top, right, bottom = face.box_xyxy_px
        scale = _CROP_PX / (_CROP_MARGIN * max(face.size_px, 1.0))
        shift = _CROP_PX / 2 - scale * np.array([(left + right) / 2, (top + bottom) / 2])
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        crop = cv2.warpAffine(
            frame.pixels_rgb_u8,
            matrix,
            (_CROP_PX, _CROP_PX),
            flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        self._crops.append(np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8))
        self._landmarks.append(np.asarray(face.landmarks_px * scale + shift, np.float32))
        self._faces.append(face)

    def mouth(self) -> Mouth:
        """Measure what was gathered, at least two frames."""
        times_s = np.array([face.time_s for face in self._faces])
        step_s = float(np.median(np.diff(times_s)))
        patches = self._patches(step_s)
        measures = np.stack([_darkness(patches), _opening(patches, times_s)], axis=1)
        marks = np.array([face.landmarks_px for face in self._faces], np.float64)
        apart = np.hypot(*(marks[:, 1] - marks[:, 0]).T)
        nose = marks[:, 2, 0] - marks[:, :2, 0].mean(axis=1)
        return Mouth(
            times_s=times_s,
            measures=measures,
            opening_speed=float(measures[:, 1].std()),
            turned=float(np.median(np.abs(nose) / np.maximum(apart, 1.0))),
            size_px=float(np.median([face.size_px for face in self._faces])),
        )

    def _patches(self, step_s: float) -> list[U8Array]:
        marks = np.array(self._landmarks, np.float64).reshape(self.count, -1)
        steady = smoothed(marks, _SHAKE_S / step_s).reshape(-1, 5, 2)
        slow = smoothed(marks, _SPEECH_S / step_s).reshape(-1, 5, 2)
        middle = steady[:, :3].mean(axis=1, keepdims=True) - slow[:, :3].mean(axis=1, keepdims=True)
        steady[:, 3:] = slow[:, 3:] + middle
        found = []
        for crop, points in zip(self._crops, steady, strict=True):
            matrix = _SCALE * _similarity(points)
            matrix[:, 2] += np.array(_PATCH_PX) / 2 - _SCALE * np.array(_CENTRE)
            patch = cv2.warpAffine(crop, matrix, _PATCH_PX, borderMode=cv2.BORDER_REPLICATE)
            found.append(np.asarray(patch, np.uint8))
        return found


def smoothed(values: F64Array, spread: float) -> F64Array:
    """Smooth columns with a Gaussian.

    Args:
        values: Shape (T, n), float64.
        spread: Standard deviation in rows.

    Returns:
        The same shape; ends are held.
    """
    reach = max(round(3 * spread), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T]
    return np.stack(columns, axis=1)


def _similarity(points: F64Array) -> F64Array:
    """Least-squares turn, scale and shift that carry five landmarks to the template, shape (2, 3)."""
    here, there = points @ np.array([1, 1j]), _TEMPLATE @ np.array([1, 1j])
    offset = here - here.mean()
    turn = (offset.conj() * (there - there.mean())).sum() / max((np.abs(offset) ** 2).sum(), 1e-9)
    shift = there.mean() - turn * here.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _darkness(patches: list[U8Array]) -> F64Array:
    found = []
    for patch in patches:
        lips = np.sort(patch[_LIPS], axis=None)
        found.append(-float(lips[: lips.size // 12].mean()) / max(float(patch.mean()), 1.0))
    return np.array(found)


def _opening(patches: list[U8Array], times_s: F64Array) -> F64Array:
    """Speed at each frame: the mean of the steps before and after it."""
    moves = []
    for before, after in pairwise(patches):
        flow = cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 2, 11, 2, 5, 1.1, 0)  # type: ignore[call-overload]
        down = flow[..., 1]
        moves.append(float(down[_BELOW].mean() - down[_ABOVE].mean()))
    middles = (times_s[1:] + times_s[:-1]) / 2
    return np.interp(times_s, middles, np.array(moves) / np.maximum(np.diff(times_s), 1e-3))
