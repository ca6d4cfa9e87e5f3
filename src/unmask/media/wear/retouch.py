"""What people and telephones do to genuine faces before anybody sees them: smoothing, denoising, sharpening, grading.

None of it makes a picture a forgery. Pure functions on RGB pixels like those of `unmask.media.wear.degrade`, for
training augmentation and stress tests; both labels must be treated alike.

Every function takes shape (H, W, 3), uint8, RGB in [0, 255] and returns a new array of the same shape and dtype.
"""

from __future__ import annotations

import cv2
import numpy as np

from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array
from unmask.media.wear.degrade import require_rgb

_SEARCH_PX, _PATCH_PX = 9, 3


def smooth(pixels: U8Array, tolerance: float, reach_px: float) -> U8Array:
    """Smooth skin and other even parts, keep edges: a bilateral filter (Tomasi and Manduchi 1998).

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        tolerance: Grey levels by which neighbours may differ and still be evened out, above 0.
        reach_px: Standard deviation in pixels, above 0; the time grows with its square.

    Raises:
        InvalidOption: An argument is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _above_zero("smooth", tolerance, reach_px)
    return np.asarray(cv2.bilateralFilter(pixels, 0, tolerance, reach_px), np.uint8)


def flatten(pixels: U8Array, tolerance: float, reach_px: float) -> U8Array:
    """Smooth over any distance and keep edges: a recursive filter (Gastal and Oliveira 2011).

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        tolerance: Share of the full range by which neighbours may differ and still be evened out, in (0, 1].
        reach_px: How far it smooths, above 0; the time does not depend on it.

    Raises:
        InvalidOption: An argument is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _above_zero("flatten", tolerance, reach_px)
    if tolerance > 1:
        raise InvalidOption(f"flatten: tolerance must be in (0, 1], got {tolerance}.")
    filtered = cv2.edgePreservingFilter(pixels, flags=cv2.RECURS_FILTER, sigma_s=reach_px, sigma_r=tolerance)
    return np.asarray(filtered, np.uint8)


def even_out(pixels: U8Array, aperture_px: int, detail: float) -> U8Array:
    """Retouch by frequency separation: a median for the coarse layer, and a share of the fine one on top.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        aperture_px: Side of the median's window, odd, at least 3.
        detail: Share of the fine layer that stays, in [0, 1].

    Raises:
        InvalidOption: An argument is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    if aperture_px < 3 or aperture_px % 2 == 0 or not 0 <= detail <= 1:
        message = f"even_out: expected an odd aperture of at least 3 and detail in [0, 1]; got {aperture_px}, {detail}."
        raise InvalidOption(message)
    coarse = np.asarray(cv2.medianBlur(pixels, aperture_px), np.uint8)
    return blend(coarse, pixels, 1 - detail)


def denoise(pixels: U8Array, strength: float) -> U8Array:
    """Take noise away as cameras do: non-local means (Buades et al. 2005), brightness and colour alike.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        strength: Standard deviation of the noise in 8-bit levels, above 0.

    Raises:
        InvalidOption: An argument is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _above_zero("denoise", strength)
    cleaned = cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, _PATCH_PX, _SEARCH_PX)
    return np.asarray(cleaned, np.uint8)


def sharpen(pixels: U8Array, amount: float, sigma_px: float) -> U8Array:
    """Unsharp masking.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        amount: Share of the fine layer that is added, above 0.
        sigma_px: Where the fine layer begins, above 0.

    Raises:
        InvalidOption: An argument is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _above_zero("sharpen", amount, sigma_px)
    coarse = cv2.GaussianBlur(pixels, (0, 0), sigma_px)
    return np.asarray(cv2.addWeighted(pixels, 1 + amount, coarse, -amount, 0), np.uint8)


def grade(pixels: U8Array, *, contrast: float, curve: float, saturation: float, warmth: float) -> U8Array:
    """Grade tones and colours as studios and filters do.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        contrast: Factor around middle grey.
        curve: Share of an S-shaped curve, in [0, 1].
        saturation: Factor of the distance from grey.
        warmth: Share by which red rises and blue falls.

    Raises:
        InvalidOption: `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    tones = np.clip((pixels.astype(np.float32) / 255 - 0.5) * contrast + 0.5, 0, 1)
    tones = tones * tones * (3 - 2 * tones) * curve + tones * (1 - curve)
    grey = tones.mean(axis=2, keepdims=True)
    coloured = (grey + (tones - grey) * saturation) * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    return np.asarray(np.clip(coloured, 0, 1) * 255, np.uint8)


def blend(over: U8Array, under: U8Array, share: float) -> U8Array:
    """Lay one picture over another of the same shape; `share` in [0, 1] is how much of it shows."""
    return np.asarray(cv2.addWeighted(over, share, under, 1 - share, 0), np.uint8)


def _above_zero(what: str, *values: float) -> None:
    if not all(0 < value < float("inf") for value in values):
        raise InvalidOption(f"{what}: expected numbers above 0, got {', '.join(map(str, values))}.")
