"""Dense landmarks of a face, from a face-mesh network that is brought along; used to forge training examples well."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from unmask.core.errors import WeightsMissing
from unmask.core.records import F32Array, U8Array

POINTS = 468
_SIDE_PX = 192
_MARGIN = 1.5

# Points of the mesh that Kartynnik et al. (2019) define.
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
EYES = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 33, 133, 362, 263, 145, 374, 111, 340)


class FaceMesh:
    """Finds 468 points of an upright face.

    Args:
        model: ONNX graph of MediaPipe's face mesh: input (1, 3, 192, 192), RGB in [0, 1]; its first output holds x, y
            and z of each point, in pixels of the input.

    Raises:
        WeightsMissing: There is no such file, or it is no such graph.
    """

    def __init__(self, model: Path) -> None:
        try:
            self._net = cv2.dnn.readNetFromONNX(str(model))
        except cv2.error as error:
            message = f"{model}: cannot be read as a face-mesh network. Give the ONNX file with 468 points."
            raise WeightsMissing(message) from error
        self._outputs = self._net.getUnconnectedOutLayersNames()

    def find(self, pixels_rgb_u8: U8Array, landmarks_px: F32Array) -> F32Array:
        """Find the points.

        Args:
            pixels_rgb_u8: Shape (H, W, 3), uint8, with the face upright.
            landmarks_px: Shape (5, 2): eyes, nose tip, mouth corners (x, y), which say where the face is.

        Returns:
            Shape (468, 2), float32, pixels of the picture.
        """
        eyes, mouth = landmarks_px[:2].mean(axis=0), landmarks_px[3:].mean(axis=0)
        length = max(float(np.hypot(*(mouth - eyes))), 0.9 * float(np.hypot(*(landmarks_px[1] - landmarks_px[0]))), 4.0)
        side = 2.1 * length * _MARGIN  # A face is about 2.1 times as long as the way from its eyes to its mouth.
        x, y = eyes + 0.45 * (mouth - eyes)
        scale = _SIDE_PX / side
        matrix = np.array([[scale, 0, _SIDE_PX / 2 - x * scale], [0, scale, _SIDE_PX / 2 - y * scale]])
        face = cv2.warpAffine(
            pixels_rgb_u8, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self._net.setInput(cv2.dnn.blobFromImage(face, 1 / 255))
        points = next(part.ravel() for part in self._net.forward(self._outputs) if part.size == 3 * POINTS)
        found = points.reshape(POINTS, 3)[:, :2]
        return np.asarray((found - _SIDE_PX / 2) / scale + np.array([x, y]), np.float32)
