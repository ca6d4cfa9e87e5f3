"""Forgeries that put one picture into another: self-blends, face swaps, mouth splices."""

from __future__ import annotations

import cv2
import numpy as np

from unmask.core.records import F32Array, U8Array
from unmask.faces.blend import change_statistics, displace
from unmask.media.wear import degrade
from unmask.training.forge.region import region

_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)  # As in the paper.


def self_blend(
    pixels: U8Array, landmarks_px: F32Array, mesh_px: F32Array | None, rng: np.random.Generator
) -> tuple[U8Array, F32Array]:
    """Blend a face into a changed copy of itself (Shiohara and Yamasaki, CVPR 2022).

    Args:
        pixels: Shape (H, W, 3), uint8, RGB, one face.
        landmarks_px: Shape (5, 2).
        mesh_px: Shape (468, 2), or None.
        rng: Source of all choices.

    Returns:
        The forgery, shape (H, W, 3), uint8, and where it was blended, shape (H, W), float32, in [0, 1].
    """
    mask = region(pixels.shape[:2], landmarks_px, mesh_px, rng)
    changed = change_statistics(pixels, rng)
    if rng.random() < 0.3:
        changed = degrade.jpeg(changed, int(rng.integers(40, 96)))
    source, target = (changed, pixels) if rng.random() < 0.5 else (pixels, changed)
    moved, mask = displace(source, mask, landmarks_px, rng)
    return blend(moved, target, mask * float(rng.choice(_RATIOS)))


def swap(
    pixels: U8Array,
    landmarks_px: F32Array,
    donor: U8Array,
    donor_points_px: F32Array,
    points_px: F32Array,
    rng: np.random.Generator,
) -> tuple[U8Array, F32Array]:
    """Put the face of another person over a face, by Poisson blending (Perez et al. 2003) or by a soft mask.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB: the one whose face is replaced.
        landmarks_px: Shape (5, 2), of it.
        donor: Shape (G, V, 3), uint8, RGB: the one whose face is put in.
        donor_points_px: Shape (N, 2), of the donor: five landmarks, or the face mesh.
        points_px: Shape (N, 2), the same points of `pixels`.
        rng: Source of all choices.

    Returns:
        The forgery and its mask, see `self_blend`.
    """
    warped = warp(donor, donor_points_px, points_px, pixels.shape[:2])
    mesh = points_px if len(points_px) > 5 else None
    mask = region(pixels.shape[:2], landmarks_px, mesh, rng, part="face")
    if rng.random() < 0.8:
        warped = match_colours(warped, pixels, mask)
    if rng.random() < 0.5:
        return _poisson(warped, pixels, mask)
    return blend(warped, pixels, mask)


def splice_mouth(
    pixels: U8Array,
    landmarks_px: F32Array,
    other: U8Array,
    other_landmarks_px: F32Array,
    mesh_px: F32Array | None,
    rng: np.random.Generator,
) -> tuple[U8Array, F32Array]:
    """Put the mouth of another moment of the same person over a mouth, as lip-sync forgeries do.

    Half of them pass through a small picture first: lip-sync networks paint mouths of 96 px.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        landmarks_px: Shape (5, 2).
        other: Shape (G, V, 3), uint8, RGB: the other moment.
        other_landmarks_px: Shape (5, 2).
        mesh_px: Shape (468, 2), or None.
        rng: Source of all choices.

    Returns:
        The forgery and its mask, see `self_blend`.
    """
    # Mouth corners move in speech, so eyes and nose count twice as much.
    weights = [0, 1, 2, 0, 1, 2, 3, 4]
    warped = warp(other, other_landmarks_px[weights], landmarks_px[weights], pixels.shape[:2])
    mask = region(pixels.shape[:2], landmarks_px, mesh_px, rng, part="mouth")
    if rng.random() < 0.5:
        warped = degrade.rescale(warped, float(rng.uniform(0.3, 0.7)), interpolation="area")
    return blend(match_colours(warped, pixels, mask), pixels, mask)


def blend(source: U8Array | F32Array, target: U8Array, mask: F32Array) -> tuple[U8Array, F32Array]:
    """Lay one picture over another through a soft mask; returns the sum and the mask."""
    mixed = source.astype(np.float32) * mask[..., None] + target.astype(np.float32) * (1 - mask[..., None])
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8), mask


def warp(pixels: U8Array, points_px: F32Array, wanted_px: F32Array, shape: tuple[int, int]) -> U8Array:
    """Turn, scale and move a picture so that its points come to lie on others, as near as may be (least squares).

    Many points may also shear, five do not: they are too few to tell a turned head from a narrow one.
    """
    if len(points_px) > 8:
        matrix, _ = cv2.estimateAffine2D(points_px, wanted_px, method=cv2.LMEDS)
    else:
        matrix = _similarity(points_px, wanted_px)
    height, width = shape
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def distance(points_px: F32Array, wanted_px: F32Array) -> float:
    """How badly points fit others after turning, scaling and moving; in units of the face. For choosing donors."""
    matrix = _similarity(points_px, wanted_px)
    moved = points_px @ matrix[:, :2].T + matrix[:, 2]
    return float(np.abs(moved - wanted_px).mean() / max(float(np.ptp(wanted_px)), 1.0))


def match_colours(source: U8Array, target: U8Array, mask: F32Array) -> U8Array:
    """Give a picture the mean and spread of another's colours inside a mask, in CIE Lab (Reinhard et al. 2001)."""
    inside = mask > 0.5
    if inside.sum() < 16:
        return source
    one, other = (cv2.cvtColor(part, cv2.COLOR_RGB2LAB).astype(np.float32) for part in (source, target))
    gain = np.clip((other[inside].std(axis=0) + 1) / (one[inside].std(axis=0) + 1), 0.5, 2.0)
    matched = (one - one[inside].mean(axis=0)) * gain + other[inside].mean(axis=0)
    return np.asarray(cv2.cvtColor(np.clip(matched, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), np.uint8)


def _poisson(source: U8Array, target: U8Array, mask: F32Array) -> tuple[U8Array, F32Array]:
    hard = (mask > 0.3).astype(np.uint8) * 255
    hard[[0, 1, -2, -1], :] = 0
    hard[:, [0, 1, -2, -1]] = 0
    left, top, width, height = cv2.boundingRect(hard)
    if min(width, height) < 8:
        return blend(source, target, mask)
    centre = (left + width // 2, top + height // 2)
    blended = (hard > 0).astype(np.float32)
    cloned = cv2.seamlessClone(source, np.ascontiguousarray(target), hard, centre, cv2.NORMAL_CLONE)  # Spoils `hard`.
    return np.asarray(cloned, np.uint8), blended


def _similarity(points: F32Array, wanted: F32Array) -> F32Array:
    """Umeyama's least-squares turn, scale and shift (1991), shape (2, 3); the identity for points that are all one."""
    middle, goal = points.mean(axis=0), wanted.mean(axis=0)
    one, other = points - middle, wanted - goal
    spread = float((one**2).sum())
    if spread < 1e-6:
        return np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    turn = float((one * other).sum()) / spread
    twist = float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum()) / spread
    matrix = np.array([[turn, -twist], [twist, turn]])
    return np.column_stack([matrix, goal - matrix @ middle]).astype(np.float32)
