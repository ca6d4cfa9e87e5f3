"""Self-blended faces: a forgery made from one genuine picture (Shiohara & Yamasaki, CVPR 2022).

A copy of the face is changed slightly in colour, sharpness and place and blended back over the original through a
soft mask. What remains is what a face swap leaves: a blending boundary and statistics that differ inside and outside.
Written from the paper; the mask is drawn from YuNet's five landmarks, or as the hull of more points where there are.
The parts serve the other forgeries of the training bench as well.
"""

from __future__ import annotations

import cv2
import numpy as np

from unmask.core.records import F32Array, U8Array


def self_blend(pixels_rgb_u8: U8Array, landmarks_px: F32Array, rng: np.random.Generator) -> tuple[U8Array, F32Array]:
    """Forge a face out of itself.

    Args:
        pixels_rgb_u8: Shape (H, W, 3), uint8, with one face.
        landmarks_px: Shape (5, 2): eyes, nose tip, mouth corners (x, y), pixels.
        rng: Source of all choices.

    Returns:
        The forgery, shape (H, W, 3), uint8; and the blending mask, shape (H, W), float32, in [0, 1].
    """
    mask = soft_mask(face_mask(pixels_rgb_u8.shape[:2], landmarks_px, rng), landmarks_px, rng)
    changed = change_statistics(pixels_rgb_u8, rng)
    source, target = (changed, pixels_rgb_u8) if rng.random() < 0.5 else (pixels_rgb_u8, changed)
    moved, mask = displace(source, mask, landmarks_px, rng)
    mask = mask * float(rng.choice([0.5, 0.75, 1.0, 1.0, 1.0]))
    blended = moved * mask[..., None] + target.astype(np.float32) * (1 - mask[..., None])
    return np.clip(blended + 0.5, 0, 255).astype(np.uint8), mask


def face_mask(shape: tuple[int, int], landmarks_px: F32Array, rng: np.random.Generator, part: str = "") -> F32Array:
    """Draw a face-like region around landmarks: the whole face, its inner part, the eyes or the mouth.

    Args:
        shape: Height and width.
        landmarks_px: Shape (5, 2).
        rng: Chooses the region and bends its outline.
        part: ``whole``, ``inner``, ``mouth`` or ``eyes``, where the choice is made already.

    Returns:
        Shape `shape`, float32, 0 or 1.
    """
    eyes, mouth = landmarks_px[:2].mean(axis=0), landmarks_px[3:].mean(axis=0)
    down = mouth - eyes
    length = max(float(np.hypot(*down)), 4.0)
    across = max(float(np.hypot(*(landmarks_px[1] - landmarks_px[0]))), 0.6 * length)
    kind = part or rng.choice(["whole", "inner", "mouth", "eyes"], p=[0.5, 0.25, 0.15, 0.1])
    centre, half_wide, half_tall = {
        "whole": (eyes + 0.55 * down, 1.05 * across, 1.35 * length),
        "inner": (eyes + 0.5 * down, 0.8 * across, 0.95 * length),
        "mouth": (mouth, 0.65 * across, 0.5 * length),
        "eyes": (eyes, 0.95 * across, 0.4 * length),
    }[str(kind)]
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    bent = 1 + np.convolve(np.tile(rng.normal(0, 0.12, 24), 3), np.ones(3) / 3, mode="same")[24:48]
    ring = np.stack([np.cos(angles) * half_wide * bent, np.sin(angles) * half_tall * bent], axis=1)
    tilt = np.arctan2(down[1], down[0]) - np.pi / 2
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(ring @ turn.T + centre).astype(np.int32)], 1)
    return mask.astype(np.float32)


def hull_mask(shape: tuple[int, int], points_px: F32Array) -> F32Array:
    """Fill the convex hull of points.

    Args:
        shape: Height and width.
        points_px: Shape (N, 2), N >= 3.

    Returns:
        Shape `shape`, float32, 0 or 1.
    """
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points_px).astype(np.int32)), 1)
    return mask.astype(np.float32)


def elastic(mask: F32Array, rng: np.random.Generator, *, reach_px: float) -> F32Array:
    """Bend a mask smoothly (Simard et al. 2003), so that its outline says nothing.

    Args:
        mask: Shape (H, W), float32.
        rng: Source of the bends.
        reach_px: How far a point moves, about.

    Returns:
        Shape (H, W), float32.
    """
    height, width = mask.shape
    coarse = rng.normal(0, reach_px, (2, 6, 6)).astype(np.float32)
    x, y = (cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in coarse)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(mask, columns + x, rows + y, cv2.INTER_LINEAR), np.float32)


def soft_mask(mask: F32Array, landmarks_px: F32Array, rng: np.random.Generator) -> F32Array:
    """Blur the outline by 2 to 12 % of the eye-to-mouth distance, twice.

    Args:
        mask: Shape (H, W), float32, 0 or 1.
        landmarks_px: Shape (5, 2).
        rng: Chooses how soft.

    Returns:
        Shape (H, W), float32, in [0, 1].
    """
    length = float(np.hypot(*(landmarks_px[3:].mean(axis=0) - landmarks_px[:2].mean(axis=0))))
    for _ in range(2):
        sigma = max(length * float(rng.uniform(0.02, 0.12)), 0.5)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), dtype=np.float32)
    return np.asarray(np.clip(mask / max(float(mask.max()), 1e-6), 0, 1), np.float32)


def change_statistics(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Shift colour and brightness, then soften or sharpen.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        rng: Source of all choices.

    Returns:
        Shape (H, W, 3), uint8, RGB.
    """
    out = pixels.astype(np.float32) + rng.uniform(-18, 18, 3).astype(np.float32)
    out = (out - 128) * float(rng.uniform(0.88, 1.12)) + 128 + float(rng.uniform(-12, 12))
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(np.clip(out, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
        hsv[..., 1:] *= rng.uniform(0.75, 1.25, 2).astype(np.float32)
        out = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    height, width = pixels.shape[:2]
    if rng.random() < 0.6:
        factor = float(rng.uniform(0.3, 0.8))
        small = cv2.resize(
            out, (max(int(width * factor), 8), max(int(height * factor), 8)), interpolation=cv2.INTER_AREA
        )
        out = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    else:
        out = out + float(rng.uniform(0.2, 0.9)) * (out - np.asarray(cv2.GaussianBlur(out, (0, 0), 1.2)))
    return np.clip(out, 0, 255).astype(np.uint8)


def displace(
    source: U8Array, mask: F32Array, landmarks_px: F32Array, rng: np.random.Generator
) -> tuple[F32Array, F32Array]:
    """Move, scale and turn the source and its mask together by a few percent.

    Args:
        source: Shape (H, W, 3), uint8, RGB.
        mask: Shape (H, W), float32.
        landmarks_px: Shape (5, 2); their middle is the middle of the turn.
        rng: Source of all choices.

    Returns:
        Both, float32.
    """
    height, width = mask.shape
    x, y = (float(value) for value in landmarks_px.mean(axis=0))
    matrix = cv2.getRotationMatrix2D((x, y), float(rng.uniform(-2.5, 2.5)), float(rng.uniform(0.95, 1.05)))
    length = float(np.hypot(*(landmarks_px[3:].mean(axis=0) - landmarks_px[:2].mean(axis=0))))
    matrix = matrix + np.pad(rng.uniform(-0.07, 0.07, (2, 1)) * length, ((0, 0), (2, 0)))
    moved = cv2.warpAffine(source, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    moved_mask = cv2.warpAffine(mask, matrix, (width, height))
    return np.asarray(moved, dtype=np.float32), np.asarray(moved_mask, dtype=np.float32)
