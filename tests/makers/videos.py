"""Videos made in code. Each frame says its own number, so a test can tell which one it got."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.makers.sounds import speech_like

U8Array = NDArray[np.uint8]
Draw = Callable[[int, tuple[int, int]], U8Array]
_BITS = 12


def draw_numbered(number: int, size: tuple[int, int]) -> U8Array:
    """Draw a frame with a bar code of `number` along the top and a moving square; (width, height) in, RGB out."""
    width, height = size
    picture = np.full((height, width, 3), 96, np.uint8)
    cell = width // _BITS
    for bit in range(_BITS):
        picture[: height // 4, bit * cell : (bit + 1) * cell] = 235 if number >> bit & 1 else 20
    left = (number * 3) % max(1, width - height // 4)
    picture[height // 2 : 3 * height // 4, left : left + height // 4] = (200, 60, 40)
    return picture


def read_number(pixels: U8Array) -> int:
    """Read the bar code of `draw_numbered` from an upright frame."""
    height, width = pixels.shape[:2]
    cell = width // _BITS
    row = pixels[height // 16 : height // 5].mean(axis=(0, 2))
    return sum(
        1 << bit for bit in range(_BITS) if row[bit * cell + cell // 4 : (bit + 1) * cell - cell // 4].mean() > 128
    )


def write_clip(
    path: Path,
    *,
    seconds: float = 2.0,
    fps: int = 25,
    size: tuple[int, int] = (192, 128),
    sound: bool = True,
    variable: bool = False,
    rotation: int = 0,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    container_format: str | None = None,
    gop: int = 25,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    draw: Draw = draw_numbered,
    sound_delay_s: float = 0.0,
) -> Path:
    """Write a clip whose frame n shows `draw(n, size)`.

    `variable` shows every third frame three times as long (not in AVI, which knows no times); `rotation` is the
    counter-clockwise turn in degrees that a player must apply to see `draw` upright at `size`; `sound` adds a
    speech-like track (AAC, Opus in WebM, MP3 in AVI), `sound_delay_s` later.
    """
    tick = Fraction(1, fps if (container_format or path.suffix) in {"avi", ".avi"} else fps * 40)
    step = round(1 / (fps * tick))
    with av.open(str(path), "w", format=container_format, container_options=container_options or {}) as container:
        video = container.add_stream(codec, rate=fps, options=options or {})
        video.width, video.height = size[::-1] if rotation % 180 else size
        video.pix_fmt = pixel_format
        video.codec_context.gop_size = gop
        video.codec_context.time_base = video.time_base = tick
        if rotation:
            video.set_display_rotation(rotation)
        audio = _add_sound_stream(container, container_format or path.suffix[1:]) if sound else None
        stamp = 0
        for number in range(round(seconds * fps)):
            stored = np.ascontiguousarray(np.rot90(draw(number, size), -rotation // 90))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts, frame.time_base = stamp, tick
            stamp += step * (3 if variable and number % 3 == 2 else 1)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _encode_sound(container, audio, seconds, sound_delay_s)
    return path


def frame_times_s(seconds: float, fps: int, *, variable: bool = False) -> NDArray[np.float64]:
    """True presentation times of the frames of `write_clip`."""
    steps = np.where(np.arange(round(seconds * fps)) % 3 == 2, 3, 1) if variable else np.ones(round(seconds * fps))
    return np.concatenate([[0.0], np.cumsum(steps)[:-1]]) / fps


def claim_duration(path: Path, hours: float) -> Path:
    """Make the headers of an MP4 or Matroska file claim a length; the frames stay as they are."""
    data = bytearray(path.read_bytes())
    if data[:4] == b"\x1aE\xdf\xa3":
        at = data.index(b"\x44\x89\x88")  # Duration, a float of 8 bytes, in milliseconds
        struct.pack_into(">d", data, at + 3, hours * 3_600_000)
    for name, scale_at, length_at in ((b"mvhd", 12, 16), (b"mdhd", 12, 16), (b"tkhd", None, 20)):
        scale = 1000
        at = data.find(name)
        while at >= 0:
            body = at + 4
            scale = scale if scale_at is None else struct.unpack_from(">I", data, body + scale_at)[0]
            struct.pack_into(">I", data, body + length_at, min(int(hours * 3600 * scale), 0xFFFFFFFE))
            at = data.find(name, body)
    path.write_bytes(data)
    return path


def set_track_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Overwrite the matrix of an MP4's first track, as cameras do: x' = a x + c y, y' = b x + d y, y downward."""
    data = bytearray(path.read_bytes())
    body = data.index(b"tkhd") + 4
    one = 1 << 16
    struct.pack_into(">9i", data, body + 40, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def write_empty_mp4(path: Path) -> Path:
    """Write an MP4 with boxes but no track."""
    path.write_bytes(struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom") + struct.pack(">I4s", 8, b"mdat"))
    mvhd = struct.pack(">I4s", 108, b"mvhd") + struct.pack(">IIIII", 0, 0, 0, 1000, 0).ljust(100, b"\0")
    path.write_bytes(path.read_bytes() + struct.pack(">I4s", 8 + len(mvhd), b"moov") + mvhd)
    return path


def _add_sound_stream(container: av.container.OutputContainer, kind: str) -> av.AudioStream:
    codec, rate = {"webm": ("libopus", 48000), "avi": ("libmp3lame", 44100)}.get(kind, ("aac", 44100))
    return container.add_stream(codec, rate=rate, layout="mono")


def _encode_sound(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float, delay_s: float
) -> None:
    rate = stream.codec_context.sample_rate
    samples = speech_like(seconds - delay_s, rate)
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
    step = 1024
    for at in range(0, samples.size, step):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + step], format="flt", layout="mono")
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = at + round(delay_s * rate)
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
