"""The kinds of damage of a stress test, and how a medium is worn by them. Both labels are worn alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from unmask.core.records import F32Array, U8Array
from unmask.media.audio import stream_sound
from unmask.media.image import read_image
from unmask.media.probe import probe_with_index
from unmask.media.video import iter_frames
from unmask.media.wear.codec import RATE_HZ, band_pass, through_codec, through_h264
from unmask.media.wear.degrade import blur, jpeg, noise, rescale, screenshot
from unmask.media.wear.retouch import denoise, flatten, sharpen
from unmask.media.write import write_clip, write_coded_sound, write_picture, write_sound

CLIP_FRAMES = 16
SOUND_S = 30.0
Pictures = Sequence[U8Array]


@dataclass(frozen=True, slots=True)
class Stored:
    """A recording that is to be stored with loss; a scan of the file is told the codec, as by people's files.

    Attributes:
        samples_f32: Shape (N,), float32, mono, 16 kHz.
        suffix: See `unmask.media.write.write_coded_sound`.
        kbps: Rate of the codec.
    """

    samples_f32: F32Array
    suffix: str
    kbps: int


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage.

    Attributes:
        unit: Name and unit of its strength, for the axis of a plot.
        steps: From mild to strong: the strength in words, and what it does to frames or samples.
    """

    unit: str
    steps: Mapping[str, Callable[..., object]]


def _each(function: Callable[[U8Array], U8Array]) -> Callable[[Pictures], list[U8Array]]:
    return lambda frames: [function(frame) for frame in frames]


def _noisy(sigma: float) -> Callable[[Pictures], list[U8Array]]:
    # A fresh generator for each medium, so that the answer does not depend on which media came before.
    def apply(frames: Pictures) -> list[U8Array]:
        rng = np.random.default_rng(0)
        return [noise(frame, sigma, rng) for frame in frames]

    return apply


def _flattened(frame: U8Array, tolerance: float) -> U8Array:
    return flatten(frame, tolerance, max(frame.shape[:2]) / 20)


def _sharpened(frame: U8Array, amount: float) -> U8Array:
    return sharpen(frame, amount, max(max(frame.shape[:2]) / 150, 0.5))


def _telephoned(samples_f32: F32Array, codec: str) -> F32Array:
    return through_codec(band_pass(samples_f32, 300, 3400), codec, kbps=64)


PICTURE_DAMAGES: Mapping[str, Damage] = {
    "JPEG": Damage("quality", {str(q): _each(partial(jpeg, quality=q)) for q in (100, 90, 75, 60, 45, 30)}),
    "resize": Damage(
        "scale, then back to size", {str(s): _each(partial(rescale, factor=s)) for s in (0.75, 0.5, 0.35, 0.25)}
    ),
    "blur": Damage("sigma (px)", {str(s): _each(partial(blur, sigma=s)) for s in (0.5, 1.0, 2.0, 3.0)}),
    "noise": Damage("sigma (8-bit levels)", {str(s): _noisy(s) for s in (2, 5, 10, 20)}),
    "H.264": Damage("constant rate factor", {str(c): partial(through_h264, crf=c) for c in (23, 28, 34, 40)}),
    "screenshot": Damage(
        "scale on the display, then JPEG 80",
        {str(s): _each(partial(screenshot, scale=s)) for s in (1.0, 0.75, 0.5, 0.35)},
    ),
    "smoothing": Damage(
        "tolerance (share of the range)", {str(t): _each(partial(_flattened, tolerance=t)) for t in (0.05, 0.1, 0.2)}
    ),
    "denoising": Damage("strength (8-bit levels)", {str(s): _each(partial(denoise, strength=s)) for s in (2, 4, 7)}),
    "sharpening": Damage("amount", {str(a): _each(partial(_sharpened, amount=a)) for a in (0.3, 0.8, 1.5)}),
}

SOUND_DAMAGES: Mapping[str, Damage] = {
    name: Damage("kbit/s", {str(k): partial(Stored, suffix=suffix, kbps=k) for k in rates})
    for name, suffix, rates in (
        ("MP3", ".mp3", (128, 64, 32, 16)),
        ("Opus", ".opus", (64, 32, 24, 12, 6)),
        ("AAC", ".m4a", (128, 64, 32, 16)),
    )
} | {
    "telephone": Damage(
        "band (Hz); the last one at 8 kHz through G.711",
        {
            "50-7000": partial(band_pass, low_hz=50, high_hz=7000),
            "300-3400": partial(band_pass, low_hz=300, high_hz=3400),
            "A-law": partial(_telephoned, codec="pcm_alaw"),
            "mu-law": partial(_telephoned, codec="pcm_mulaw"),
        },
    )
}


def read_pictures(path: Path) -> list[U8Array]:
    """Decode a picture, or `CLIP_FRAMES` neighbouring frames from the middle of a clip.

    Returns:
        Frames of shape (H, W, 3), uint8, RGB, all alike; sides even for clips.

    Raises:
        InputError: The file cannot be decoded.
    """
    _, index = probe_with_index(path)
    if index is None:
        return [read_image(path)[0]]
    first = max((index.frame_count - CLIP_FRAMES) // 2, 0)
    wanted = np.arange(first, min(first + CLIP_FRAMES, index.frame_count))
    frames = [frame.pixels_rgb_u8 for frame in iter_frames(path, wanted, index)]
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    return [frame[:height, :width] for frame in frames if frame.shape == frames[0].shape]


def read_samples(path: Path) -> F32Array:
    """Decode the first `SOUND_S` seconds of a recording: shape (N,), float32, mono, 16 kHz.

    Raises:
        InputError: The file cannot be decoded.
    """
    pieces: list[F32Array] = []
    for block in stream_sound(path, rate_hz=RATE_HZ):
        pieces.append(block.samples_f32)
        if sum(piece.size for piece in pieces) >= SOUND_S * RATE_HZ:
            break
    return np.concatenate(pieces)[: int(SOUND_S * RATE_HZ)]


def write_worn(folder: Path, material: list[U8Array] | F32Array | Stored) -> Path:
    """Write what is left of a medium without further loss, or as a codec stores it; returns the file."""
    if isinstance(material, Stored):
        path = folder / f"worn{material.suffix}"
        write_coded_sound(path, material.samples_f32, RATE_HZ, kbps=material.kbps)
    elif isinstance(material, np.ndarray):
        path = folder / "worn.wav"
        write_sound(path, material, RATE_HZ)
    elif len(material) == 1:
        path = folder / "worn.png"
        write_picture(path, material[0])
    else:
        path = folder / "worn.mp4"
        write_clip(path, material, rate=Fraction(25), crf=0, preset="ultrafast")
    return path
