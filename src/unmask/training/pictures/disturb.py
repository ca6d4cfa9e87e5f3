"""Disturbing face crops as cameras, platforms and croppers do, genuine and fake ones alike."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array, U8Array
from unmask.extraction.crops import CACHE_MARGIN
from unmask.faces.crop import cut_square
from unmask.media.wear import degrade, retouch
from unmask.media.wear.codec import through_h264

AUGMENT = {
    "retouch": 0.0,
    "shrink": 0.35,
    "codec": 0.45,
    "h264": 0.0,
    "screenshot": 0.0,
    "blur": 0.12,
    "noise": 0.12,
    "recode": 0.25,
    "cut_out": 0.15,
    "vary": 1.0,
}
"""How often each disturbance happens, unless the recipe's table ``[augment]`` says otherwise.

``vary`` is how often margin, offset, tilt, colour and light differ from what the scanner sees."""

_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_LANCZOS4)


def augment(pixels: U8Array, rng: np.random.Generator, *, size_px: int, margin: float) -> U8Array:
    """Disturb a cached crop as cameras, platforms and croppers do, by the house's settings; see `disturb`."""
    return disturb(pixels, np.zeros(pixels.shape[:2], np.uint8), rng, size_px=size_px, margin=margin)[0]


def disturb(
    pixels: U8Array,
    mask: U8Array,
    rng: np.random.Generator,
    *,
    size_px: int,
    margin: float,
    often: Mapping[str, float] = AUGMENT,
) -> tuple[U8Array, U8Array]:
    """Disturb a cached crop as cameras, platforms and croppers do; blind to the label.

    Args:
        pixels: Shape (S, S, 3), a cached crop.
        mask: Shape (S, S), uint8, which is moved along.
        rng: Source of all choices.
        size_px: Side of the result.
        margin: The scanner's margin, around which the margin varies.
        often: How often each disturbance happens.

    Returns:
        Shapes (size_px, size_px, 3) and (size_px, size_px), uint8.
    """
    pixels = _published(pixels, rng, often)
    varied = often["vary"] >= 1 or rng.random() < often["vary"]
    pixels, mask = _frame(pixels, mask, rng, size_px=size_px, margin=margin, varied=varied)
    if varied:
        pixels = recolour(pixels, rng)
    if rng.random() < often["blur"]:
        pixels = degrade.blur(pixels, float(rng.uniform(0.4, 1.6)))
    if rng.random() < often["noise"]:
        pixels = degrade.noise(pixels, float(rng.uniform(1, 9)), rng)
    if rng.random() < often["recode"]:
        pixels = recode(pixels, rng)
    if rng.random() < often["cut_out"]:
        pixels = _cut_out(pixels, rng)
    return np.ascontiguousarray(pixels), mask


def _published(pixels: U8Array, rng: np.random.Generator, often: Mapping[str, float]) -> U8Array:
    """What happens to a picture as a whole, before a face is cut out of it."""
    if rng.random() < often["retouch"]:
        pixels = retouched(pixels, rng)
    if rng.random() < often["shrink"]:
        pixels = _shrink(pixels, rng)
    if rng.random() < often["codec"]:
        pixels = recode(pixels, rng)
    if rng.random() < often["h264"]:
        pixels = through_h264([pixels], int(rng.integers(23, 41)))[0]
    if rng.random() < often["screenshot"]:
        pixels = degrade.screenshot(pixels, float(rng.uniform(0.5, 1.0)))
    return pixels


def retouched(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Smooth, sharpen and grade a face crop at random, as people and telephones do to genuine faces, too.

    Args:
        pixels: Shape (S, S, 3), a crop with the face in its middle.
        rng: Source of all choices.

    Returns:
        The same shape, uint8.
    """
    side = pixels.shape[0]
    if rng.random() < 0.8:
        smoothed = retouch.blend(_smoothed(pixels, rng), pixels, float(rng.uniform(0.4, 1.0)))
        if rng.random() < 0.4:  # The skin alone.
            where = np.zeros((side, side), np.float32)
            cv2.ellipse(where, (side // 2, side // 2), (side // 3, int(side * 0.42)), 0, 0, 360, 1.0, -1)
            share = cv2.GaussianBlur(where, (0, 0), side * 0.04)[..., None]
            smoothed = (smoothed * share + pixels * (1 - share)).astype(np.uint8)
        pixels = smoothed
    if rng.random() < 0.4:
        pixels = retouch.sharpen(pixels, float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.8, 2.5)))
    if rng.random() < 0.5:
        pixels = retouch.grade(
            pixels,
            contrast=float(rng.uniform(0.9, 1.25)),
            curve=float(rng.uniform(0, 0.6)),
            saturation=float(rng.uniform(0.8, 1.35)),
            warmth=float(rng.uniform(-0.06, 0.08)),
        )
    return pixels


def _smoothed(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    kind = int(rng.integers(4))
    if kind == 0:
        return retouch.smooth(pixels, float(rng.uniform(12, 45)), float(rng.uniform(2, 6)))
    if kind == 1:
        return retouch.even_out(pixels, int(rng.choice((5, 7, 9))), float(rng.uniform(0, 0.6)))
    if kind == 2:
        return retouch.flatten(pixels, float(rng.uniform(0.05, 0.25)), float(rng.uniform(5, 25)))
    return retouch.denoise(pixels, float(rng.uniform(2, 7)))


def _shrink(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    side = max(int(pixels.shape[0] * rng.uniform(0.35, 0.95)), 48)
    method = int(rng.choice(_INTERPOLATIONS))
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=method), dtype=np.uint8)


def recode(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Save as JPEG or WebP of some quality and read again."""
    if rng.random() < 0.15:
        return degrade.webp(pixels, int(rng.integers(35, 96)))
    return degrade.jpeg(pixels, int(rng.integers(35, 99)))


def _frame(
    pixels: U8Array, mask: U8Array, rng: np.random.Generator, *, size_px: int, margin: float, varied: bool
) -> tuple[U8Array, U8Array]:
    """Choose the mirror image and, if it is to vary, margin, offset and tilt; then resize; the mask goes along."""
    side = pixels.shape[0]
    mask = np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA), np.uint8)  # It was not shrunk.
    if rng.random() < 0.5:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    half, x, y = side * margin / CACHE_MARGIN / 2, side / 2, side / 2
    if varied:
        half *= float(rng.uniform(0.87, 1.15))
        x, y = side / 2 + rng.uniform(-0.05, 0.05, 2) * side
    if varied and rng.random() < 0.3:
        matrix = cv2.getRotationMatrix2D((float(x), float(y)), float(rng.uniform(-9, 9)), 1.0)
        pixels, mask = (_turned(np.ascontiguousarray(part), matrix) for part in (pixels, mask))
    square = (float(x - half), float(y - half), float(x + half), float(y + half))
    cut, mask = (cut_square(np.ascontiguousarray(part), square, size_px) for part in (pixels, mask))
    return cut, mask


def _turned(pixels: U8Array, matrix: NDArray[np.integer | np.floating]) -> U8Array:
    return np.asarray(cv2.warpAffine(pixels, matrix, pixels.shape[:2], borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def recolour(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Change brightness, contrast and tint a little; now and then to grey."""
    if rng.random() < 0.06:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if rng.random() < 0.5:
        gain = (rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
        lift = np.float32(rng.uniform(-18, 18))
        table: F32Array = np.arange(256, dtype=np.float32)[:, None] * gain + lift
        pixels = np.asarray(cv2.LUT(pixels, np.clip(table, 0, 255).astype(np.uint8)[None]), dtype=np.uint8)
    return pixels


def _cut_out(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    side = pixels.shape[0]
    height, width = (int(value) for value in rng.integers(side // 8, side // 3, 2))
    top, left = int(rng.integers(side - height)), int(rng.integers(side - width))
    out = pixels.copy()
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return out
