"""Damage that pictures take on their way through the world: JPEG, WebP, rescaling, blur, noise, screenshots.

Pure functions on RGB pixels, used for training augmentation and for stress tests. They know nothing of labels: whoever
uses them must treat real and fake pictures alike, or a model learns the damage instead of the forgery.

Every function takes shape (H, W, 3), uint8, RGB in [0, 255] and returns a new array of the same shape, dtype and
colour order; the input is never changed (it may be read-only).
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array

Interpolation = Literal["nearest", "linear", "cubic", "area", "lanczos"]

_DOWN: dict[str, int] = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
# Area averaging is made for shrinking; on the way up OpenCV would fall back to blocks.
_UP: dict[str, int] = {**_DOWN, "area": cv2.INTER_LINEAR}


def jpeg(pixels: U8Array, quality: int) -> U8Array:
    """Encode as baseline JPEG (4:2:0 chroma) and decode again.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        quality: 1 (worst) to 100, on the libjpeg scale.

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `quality` is outside 1 to 100, or `pixels` is no RGB picture.
    """
    return _through_codec(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(pixels: U8Array, quality: int) -> U8Array:
    """Encode as lossy WebP and decode again.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB; sides of at most 16383 px (a limit of the format).
        quality: 1 (worst) to 100.

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `quality` is outside 1 to 100, or `pixels` is no RGB picture or too large for WebP.
    """
    require_rgb(pixels)
    if max(pixels.shape[:2]) > 16383:
        raise InvalidOption(f"webp: sides of at most 16383 px fit into WebP, got shape {pixels.shape}; rescale first.")
    return _through_codec(pixels, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def rescale(pixels: U8Array, factor: float, interpolation: Interpolation = "area") -> U8Array:
    """Shrink by `factor` and enlarge to the old size again, as platforms that serve thumbnails do.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        factor: Scale of the small picture in (0, 1]; 1 returns a copy.
        interpolation: How to resample both ways (``area`` enlarges linearly).

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `factor` or `interpolation` is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    if not 0.0 < factor <= 1.0:
        raise InvalidOption(f"rescale: factor must be in (0, 1], got {factor}.")
    if interpolation not in _DOWN:
        raise InvalidOption(f"rescale: interpolation must be one of {', '.join(_DOWN)}, got {interpolation!r}.")
    height, width = pixels.shape[:2]
    small_size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if small_size == (width, height):
        return pixels.copy()
    small = cv2.resize(pixels, small_size, interpolation=_DOWN[interpolation])
    return np.asarray(cv2.resize(small, (width, height), interpolation=_UP[interpolation]), np.uint8)


def blur(pixels: U8Array, sigma: float) -> U8Array:
    """Blur with a Gaussian, reflecting at the border.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        sigma: Standard deviation in pixels, at least 0; 0 returns a copy.

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `sigma` is negative, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _require_sigma("blur", sigma)
    if sigma == 0.0:
        return pixels.copy()
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101), np.uint8)


def noise(pixels: U8Array, sigma: float, rng: np.random.Generator) -> U8Array:
    """Add Gaussian noise, independent for each pixel and channel; values are rounded and clipped.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        sigma: Standard deviation in 8-bit levels, at least 0.
        rng: Source of randomness.

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `sigma` is negative, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    _require_sigma("noise", sigma)
    noisy = rng.standard_normal(pixels.shape, dtype=np.float32)
    noisy *= np.float32(sigma)
    noisy += pixels
    np.rint(noisy, out=noisy)
    np.clip(noisy, 0.0, 255.0, out=noisy)
    return noisy.astype(np.uint8)


def screenshot(pixels: U8Array, scale: float) -> U8Array:
    """Show a picture at another size, take a screenshot, and let a messenger re-encode it.

    The display resamples smoothly and the messenger saves as JPEG of quality 80; the result is brought back to the old
    size, so that only the loss differs.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        scale: Size on the display over the picture's own, in (0, 1].

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        InvalidOption: `scale` is outside its range, or `pixels` is no RGB picture.
    """
    require_rgb(pixels)
    if not 0.0 < scale <= 1.0:
        raise InvalidOption(f"screenshot: scale must be in (0, 1], got {scale}.")
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shown = np.asarray(
        cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR), np.uint8
    )
    return np.asarray(cv2.resize(jpeg(shown, 80), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _through_codec(pixels: U8Array, suffix: str, quality_flag: int, quality: int) -> U8Array:
    require_rgb(pixels)
    if not 1 <= quality <= 100:
        raise InvalidOption(f"{suffix[1:]}: quality must be from 1 to 100, got {quality}.")
    # Codecs split colour into brightness and chroma, so the order of channels matters: OpenCV wants BGR.
    encoded_ok, encoded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [quality_flag, int(quality)])
    if not encoded_ok:
        raise InvalidOption(f"{suffix[1:]}: a picture of shape {pixels.shape} cannot be encoded; rescale first.")
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), np.uint8)


def require_rgb(pixels: U8Array) -> None:
    """Raise `InvalidOption` unless pixels have shape (H, W, 3), uint8, and are not empty."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise InvalidOption(f"Expected RGB pixels of shape (H, W, 3), uint8; got {pixels.dtype} of {pixels.shape}.")


def _require_sigma(what: str, sigma: float) -> None:
    if not 0.0 <= sigma < float("inf"):
        raise InvalidOption(f"{what}: sigma must be at least 0 and finite, got {sigma}.")
