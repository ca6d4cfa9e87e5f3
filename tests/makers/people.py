"""Media that show a person. The genuine face is NASA's portrait of Eileen Collins (public domain), which scikit-image
ships; its "forgery" has its colour channels swapped, which is what the tiny face model looks for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data

from tests.makers import videos
from tests.makers.images import write_image

U8Array = NDArray[np.uint8]
FACE_BOX = (178, 63, 268, 176)
"""Where the face lies in `portrait`, left, top, right, bottom."""


@cache
def portrait() -> U8Array:
    """Shape (512, 512, 3), with one face of about 113 px."""
    pixels: U8Array = np.asarray(data.astronaut(), np.uint8)
    pixels.flags.writeable = False
    return pixels


@cache
def blue_portrait() -> U8Array:
    """The portrait with red and blue swapped."""
    pixels = np.ascontiguousarray(portrait()[..., ::-1])
    pixels.flags.writeable = False
    return pixels


def bust(*, blue: bool = False) -> U8Array:
    """Head and shoulders, shape (240, 240, 3)."""
    return np.ascontiguousarray((blue_portrait() if blue else portrait())[20:260, 100:340])


def pair() -> U8Array:
    """Two people side by side, the right one blue and mirrored; shape (240, 480, 3)."""
    return np.concatenate([bust(), bust(blue=True)[:, ::-1]], axis=1)


def write_portrait(path: Path, *, blue: bool = False, image_format: str = "PNG") -> Path:
    """Save the portrait."""
    return write_image(path, blue_portrait() if blue else portrait(), image_format=image_format)


def write_still_clip(path: Path, pixels: U8Array, *, seconds: float = 2.0, fps: int = 10, sound: bool = False) -> Path:
    """Write a clip that shows one picture all the time."""
    height, width = pixels.shape[:2]
    return videos.write_clip(
        path, seconds=seconds, fps=fps, size=(width, height), sound=sound, draw=lambda _number, _size: pixels
    )
