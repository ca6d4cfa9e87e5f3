"""Pictures made in code."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

U8Array = NDArray[np.uint8]


def leaves_its_input_alone(change: Callable[[U8Array], U8Array], size: tuple[int, int]) -> bool:
    """Whether a change of a picture, (width, height), gives another array of the same shape and dtype and writes
    nothing into the first."""
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    before = pixels.copy()
    pixels.flags.writeable = False
    changed = change(pixels)
    alike = changed.shape == pixels.shape and changed.dtype == np.uint8
    return alike and np.array_equal(pixels, before) and not np.shares_memory(changed, pixels)


def draw_portrait(size: tuple[int, int] = (320, 400), *, seed: int = 0) -> U8Array:
    """Draw a simple front-facing head; (width, height) in, (H, W, 3) uint8 RGB out. No face detector is promised to
    find it."""
    rng = np.random.default_rng(seed)
    width, height = size
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    wall = rng.uniform(90, 200, 3).astype(np.float32)
    picture = np.clip(wall * (1.1 - 0.4 * rows) + np.zeros((height, width, 3), np.float32), 0, 255).astype(np.uint8)
    unit = min(width, height) / 10
    centre = np.array([width / 2, height * 0.45])
    skin = tuple(int(value) for value in rng.uniform((170, 120, 90), (235, 190, 160)))
    dark = (50, 35, 30)

    def oval(offset: tuple[float, float], axes: tuple[float, float], colour: tuple[int, ...]) -> None:
        at = tuple(int(value) for value in centre + np.array(offset) * unit)
        cv2.ellipse(picture, at, tuple(max(1, int(a * unit)) for a in axes), 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval((0, 6), (4, 3), (60, 70, 110))
    oval((0, -0.6), (2.7, 3.4), dark)
    oval((0, 0), (2.3, 3.0), skin)
    for side in (-1, 1):
        oval((side * 0.95, -0.5), (0.5, 0.28), (245, 245, 245))
        oval((side * 0.95, -0.5), (0.22, 0.24), dark)
        oval((side * 0.95, -1.0), (0.6, 0.12), dark)
    oval((0, 0.5), (0.28, 0.6), tuple(int(value * 0.9) for value in skin))
    oval((0, 1.6), (0.85, 0.25), (170, 60, 70))
    grain = rng.normal(0, 3, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def four_corners(size: tuple[int, int] = (96, 64)) -> U8Array:
    """Red top left, green top right, blue bottom left, white bottom right: shows any turn or mirroring."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    picture[height // 2 :, width // 2 :] = (255, 255, 255)
    return picture


def write_image(
    path: Path, pixels: U8Array, *, image_format: str = "PNG", orientation: int = 1, mode: str = "RGB"
) -> Path:
    """Save pixels with Pillow (or libheif for ``HEIF``), whatever the suffix; `orientation` is the EXIF tag only."""
    image = Image.fromarray(pixels).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    extra = {"exif": exif.tobytes()} if orientation != 1 else {}
    if image_format == "HEIF":
        heif = pillow_heif.from_pillow(image)
        heif.save(path, quality=95, **extra)
        return path
    if image_format in {"JPEG", "WEBP", "AVIF"}:
        extra["quality"] = 95
    image.save(path, format=image_format, **extra)
    return path


def write_portrait(
    path: Path, *, size: tuple[int, int] = (320, 400), image_format: str = "JPEG", seed: int = 0
) -> Path:
    """Save `draw_portrait`."""
    return write_image(path, draw_portrait(size, seed=seed), image_format=image_format)


def write_animation(path: Path, *, image_format: str = "GIF", frames: int = 3) -> Path:
    """Save an animation of ``GIF``, ``WEBP``, ``AVIF`` or ``PNG``; the first frame is `four_corners`."""
    first = Image.fromarray(four_corners())
    others = [Image.fromarray(np.roll(four_corners(), 8 * (at + 1), axis=1)) for at in range(frames - 1)]
    first.save(path, format=image_format, save_all=True, append_images=others, duration=100)
    return path


def write_deep_png(path: Path, value: int, *, channels: int = 3, size: tuple[int, int] = (8, 6)) -> Path:
    """Save a 16-bit PNG that has one value everywhere; `channels` is 1, 3 or 4."""
    width, height = size
    encoded_ok, encoded = cv2.imencode(".png", np.full((height, width, channels), value, np.uint16))
    assert encoded_ok
    path.write_bytes(encoded.tobytes())
    return path


def write_float_tiff(path: Path, values: NDArray[np.float32]) -> Path:
    """Save shape (H, W) float32 as a TIFF."""
    Image.fromarray(values).save(path, format="TIFF")
    return path


def write_huge_png(path: Path, width: int = 20_000, height: int = 20_000) -> Path:
    """Write a PNG of under 100 bytes whose header claims a huge picture."""
    header = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = _png_chunk(b"IDAT", zlib.compress(b"\0"))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + _png_chunk(b"IEND", b""))
    return path


def cut(path: Path, share: float) -> Path:
    """Cut any file off after a share of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
