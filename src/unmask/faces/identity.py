"""Tell people apart with SFace (Zhong et al. 2021). Embeddings link faces of one medium; nobody is ever named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from unmask.core.records import F32Array, Face, Frame, U8Array

ALIGNED_PX = 112
SAME_PERSON = 0.363  # Cosine at which OpenCV's documentation of SFace takes two faces for one person.

# Where the five landmarks of an upright face lie in an aligned crop (the layout that face recognisers are trained on).
_TEMPLATE = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float32)


def align(frame: Frame, face: Face) -> U8Array:
    """Cut a face so that its landmarks lie where the recogniser expects them.

    Args:
        frame: The face's frame.
        face: The face.

    Returns:
        Shape (112, 112, 3), uint8, RGB.
    """
    matrix, _ = cv2.estimateAffinePartial2D(face.landmarks_px, _TEMPLATE, method=cv2.LMEDS)
    if matrix is None:
        return np.zeros((ALIGNED_PX, ALIGNED_PX, 3), np.uint8)
    return np.asarray(cv2.warpAffine(frame.pixels_rgb_u8, matrix, (ALIGNED_PX, ALIGNED_PX)), dtype=np.uint8)


class Identifier:
    """Turns aligned faces into unit vectors whose cosine says whether two faces are one person's.

    Args:
        model: Path of an SFace graph.
    """

    def __init__(self, model: Path) -> None:
        self._net = cv2.dnn.readNetFromONNX(str(model))

    def embed(self, aligned: U8Array) -> F32Array:
        """Embed one aligned face.

        Args:
            aligned: Shape (112, 112, 3), uint8, RGB.

        Returns:
            Shape (128,), float32, length 1.
        """
        self._net.setInput(cv2.dnn.blobFromImage(aligned, 1.0, (ALIGNED_PX, ALIGNED_PX)), "data")
        vector = np.asarray(self._net.forward(), dtype=np.float32).ravel()
        return vector / max(float(np.linalg.norm(vector)), 1e-6)
