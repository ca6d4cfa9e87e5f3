"""Clips of somebody who talks: NASA's portrait with a drawn mouth that opens with the loudness of the made voice."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.makers.people import bust
from tests.makers.sounds import speech_like
from unmask.media.write import write_clip

FPS = 25
MOUTH = (122, 119)
"""Middle of the lips in `bust`."""


def syllables(seconds: float, *, seed: int) -> NDArray[np.float64]:
    """Loudness of irregular syllables in [0, 1], a hundred steps a second."""
    rng = np.random.default_rng(seed)
    found = np.zeros(round(seconds * 100))
    at = 0
    while at < found.size:
        length = int(rng.integers(12, 30))
        hump = rng.uniform(0.5, 1.0) * np.sin(np.pi * np.arange(length) / length)
        found[at : at + length] = hump[: found.size - at]
        at += length + int(rng.choice([0, 3, 6, 25]))
    return found


def speaking(opening: float) -> NDArray[np.uint8]:
    """The bust with its mouth open, 0 to 1; shape (240, 240, 3)."""
    picture = bust()
    inside = picture.copy()
    axes = (14, 3 + round(8 * opening))
    cv2.ellipse(inside, (MOUTH[0], MOUTH[1] + axes[1] // 2), axes, 0, 0, 360, (40, 15, 15), -1, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(inside, opening, picture, 1 - opening, 0), np.uint8)


def write_talking(
    path: Path,
    *,
    seconds: float = 5.0,
    fps: int = FPS,
    mouth: NDArray[np.float64] | None = None,
    voice: NDArray[np.float64] | None = None,
) -> Path:
    """Write a clip whose mouth and voice follow `syllables`; None keeps the mouth shut or the voice silent."""
    count = max(round(seconds * fps), 1)
    opening = np.zeros(2) if mouth is None else mouth
    steps = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, opening.size), opening)
    sound = np.zeros(round(seconds * 48000), np.float32)
    if voice is not None:
        sound = speech_like(seconds, 48000, loudness=voice)
    write_clip(path, (speaking(float(one)) for one in steps), rate=Fraction(fps), sound=sound)
    return path
