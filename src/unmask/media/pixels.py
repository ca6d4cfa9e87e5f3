"""From any colour mode of Pillow to upright RGB in 8 bits.

Choices, and why:

- Transparent parts are shown on white, as most viewers and every "save as JPEG" do, so a picture gets the same pixels
  whether or not it lost its transparency on the way here.
- 16-bit values are divided by 257 (65535 becomes 255); Pillow's own conversion would clip them to white.
- Float and 32-bit values have no agreed range: the smallest of [0, 1] (float only), [0, 255], [0, 65535] that holds all
  values is taken, and values outside all three are stretched from lowest to highest. The last case leaves a warning.
- Embedded colour profiles are not applied: detectors are trained on stored values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unmask.core.records import U8Array

_DEEP_GREY = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})


def to_rgb(image: Image.Image) -> tuple[U8Array, tuple[str, ...]]:
    """Convert one decoded picture.

    Args:
        image: Any mode; not rotated.

    Returns:
        Shape (H, W, 3), uint8, RGB in [0, 255], and warnings for people.

    Raises:
        ValueError: Pillow knows no way from this mode to RGB.
    """
    if image.mode in _DEEP_GREY:
        grey, warnings = _deep_to_u8(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2), warnings
    if not image.has_transparency_data:
        return np.array(image.convert("RGB"), np.uint8), ()
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return np.array(layered.convert("RGB"), np.uint8), ()
    page = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    flat = Image.alpha_composite(page, layered).convert("RGB")
    return np.array(flat, np.uint8), ("Transparent parts of the picture are shown on white.",)


def upright(pixels: U8Array, orientation: int) -> U8Array:
    """Undo the rotation and mirroring that an EXIF orientation tag describes.

    Args:
        pixels: Shape (H, W, 3), uint8, as stored.
        orientation: EXIF tag 0x0112, from 1 (upright) to 8; anything else counts as 1.

    Returns:
        Shape (H, W, 3) or (W, H, 3), uint8, contiguous.
    """
    if orientation in (2, 3):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4):
        pixels = pixels[::-1]
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
        if orientation in (6, 7):
            pixels = pixels[:, ::-1]
        if orientation in (7, 8):
            pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def turns_sides(orientation: int) -> bool:
    """Whether an EXIF orientation swaps width and height."""
    return orientation in (5, 6, 7, 8)


def perceptual_hash(pixels: U8Array, *, side: int = 16) -> str:
    """Digest that changes little when a picture is scaled or compressed again: signs of its lowest cosine waves.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        side: The hash has side x side bits.

    Returns:
        Lower-case hexadecimal; the Hamming distance of two hashes says how far two pictures differ.
    """
    import imagehash

    return str(imagehash.phash(Image.fromarray(pixels), hash_size=side))


def jpeg_quantisation(path: Path) -> float:
    """Mean step of the luminance table of a JPEG (ITU-T T.81, annex K): 1 is the best quality, about 58 quality 50.

    Args:
        path: A JPEG that `unmask.media.image.read_image_header` has accepted.
    """
    with Image.open(path, formats=("JPEG",)) as image:
        tables: dict[int, list[int]] = getattr(image, "quantization", {})
        return float(np.mean(tables[min(tables)])) if tables else 0.0


def _deep_to_u8(values: NDArray[Any]) -> tuple[U8Array, tuple[str, ...]]:
    """Bring grey values of more than 8 bits to [0, 255]; shape (H, W)."""
    if values.dtype == np.uint16:
        return np.round(values / np.float32(257.0)).astype(np.uint8), ()
    warnings: tuple[str, ...] = ()
    finite = np.isfinite(values)
    grey = np.where(finite, values, 0).astype(np.float64)
    if not finite.all():
        warnings += ("The picture holds values that are no numbers; they are shown black.",)
    lowest, highest = float(grey.min()), float(grey.max())
    top = next((top for top in (1.0, 255.0, 65535.0) if highest <= top), None)
    if top == 1.0 and values.dtype.kind != "f":
        top = 255.0
    if lowest < 0.0 or top is None:
        warnings += (f"Grey values from {lowest:g} to {highest:g} follow no known range; they were stretched.",)
        grey -= lowest
        top = max(highest - lowest, np.finfo(np.float64).tiny)
    return np.round(grey * (255.0 / top)).astype(np.uint8), warnings
