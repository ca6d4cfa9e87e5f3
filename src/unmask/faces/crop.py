"""Square crops around faces. Written once; scanning, evaluation and training all cut with this function.

The rule is versioned: `CROP_RULE` stands on every model card and inside its graph, and a graph that was trained on
another rule refuses to load.
"""

from __future__ import annotations

import cv2
import numpy as np

from unmask.core.records import Box, F32Array, Face, FaceCrop, Frame, U8Array

CROP_RULE = "upright-square-1"
INTERPOLATION = "area when shrinking, linear when enlarging; borders mirrored"


def square_around(box: Box, margin: float) -> Box:
    """Square with the box's centre.

    Args:
        box: Left, top, right, bottom, pixels.
        margin: Side of the square over the longer side of the box; 1 is tight.

    Returns:
        Left, top, right, bottom of the square, pixels; may reach past the picture.
    """
    left, top, right, bottom = box
    half = margin * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return (x - half, y - half, x + half, y + half)


def cut_square(pixels_rgb_u8: U8Array, square: Box, size_px: int) -> U8Array:
    """Cut a square out of a picture and resize it.

    Args:
        pixels_rgb_u8: Shape (H, W, 3), uint8.
        square: Left, top, right, bottom, pixels; what lies outside the picture is mirrored in.
        size_px: Side of the result.

    Returns:
        Shape (size_px, size_px, 3), uint8.
    """
    height, width = pixels_rgb_u8.shape[:2]
    left, top, right, bottom = (round(value) for value in square)
    side = max(right - left, bottom - top, 1)
    right, bottom = left + side, top + side
    inside = pixels_rgb_u8[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    if inside.size == 0:
        return np.zeros((size_px, size_px, 3), np.uint8)
    borders = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    if any(borders):
        mirror = min(inside.shape[:2]) > max(borders)
        kind = cv2.BORDER_REFLECT_101 if mirror else cv2.BORDER_REPLICATE
        inside = np.asarray(cv2.copyMakeBorder(inside, *borders, kind), dtype=np.uint8)
    method = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(inside, (size_px, size_px), interpolation=method), dtype=np.uint8)


def quarter_turns(landmarks_px: F32Array) -> int:
    """How many counter-clockwise quarter turns bring a face nearest to upright.

    Args:
        landmarks_px: Shape (5, 2): eyes, nose tip, mouth corners (x, y), pixels.

    Returns:
        0 for an upright face, 2 for one upside down, 1 for a face whose chin points left, 3 for right.
    """
    down = landmarks_px[3:5].mean(axis=0) - landmarks_px[0:2].mean(axis=0)
    if abs(down[0]) > abs(down[1]):
        return 1 if down[0] < 0 else 3
    return 0 if down[1] >= 0 else 2


def crop_face(frame: Frame, face: Face, *, size_px: int, margin: float) -> FaceCrop:
    """Cut a face out of its frame by the current rule, turned upright by quarter turns.

    Args:
        frame: The frame that the face was found in.
        face: The face.
        size_px: Side of the crop, from the model card.
        margin: From the model card.

    Returns:
        The crop.
    """
    square = square_around(face.box_xyxy_px, margin)
    pixels = cut_square(frame.pixels_rgb_u8, square, size_px)
    turns = quarter_turns(face.landmarks_px)
    return FaceCrop(face, np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels, square)
