"""Sounds made in code."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

F32Array = NDArray[np.float32]

# suffix: (container, encoder, the one rate that the encoder accepts or None for any)
_CODECS: dict[str, tuple[str, str, int | None]] = {
    ".wav": ("wav", "pcm_s16le", None),
    ".flac": ("flac", "flac", None),
    ".mp3": ("mp3", "libmp3lame", None),
    ".ogg": ("ogg", "libopus", 48000),
    ".opus": ("ogg", "libopus", 48000),
    ".m4a": ("ipod", "aac", None),
    ".aiff": ("aiff", "pcm_s16be", None),
    ".mkv": ("matroska", "flac", None),
}


def tone(seconds: float = 2.0, rate_hz: int = 16000, *, pitch_hz: float = 440.0, level: float = 0.5) -> F32Array:
    """Make a sine; shape (N,), float32."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * pitch_hz * times_s)).astype(np.float32)


def speech_like(
    seconds: float = 4.0, rate_hz: int = 16000, *, seed: int = 0, loudness: NDArray[np.float64] | None = None
) -> F32Array:
    """Make a buzz of harmonics with two wandering formants; shape (N,).

    `loudness`, in [0, 1], any number of even steps, says when it sounds: else syllables of four a second and pauses.
    """
    rng = np.random.default_rng(seed)
    times_s = np.arange(max(0, round(seconds * rate_hz))) / rate_hz
    pitch_hz = 120 * (1 + 0.08 * np.sin(2 * np.pi * 0.7 * times_s) + 0.02 * np.sin(2 * np.pi * 5.1 * times_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    first_hz = 550 + 200 * np.sin(2 * np.pi * 1.3 * times_s)
    second_hz = 1500 + 500 * np.sin(2 * np.pi * 0.9 * times_s + 1)
    voice = np.zeros_like(times_s)
    for harmonic in range(1, 30):
        at_hz = harmonic * pitch_hz
        gain = np.exp(-(((at_hz - first_hz) / 150) ** 2)) + 0.5 * np.exp(-(((at_hz - second_hz) / 200) ** 2)) + 0.03
        voice += np.where(at_hz < rate_hz / 2.2, gain, 0.0) * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 4 * times_s) + 0.4, 0, 1) * (np.sin(2 * np.pi * 0.5 * times_s) > -0.7)
    if loudness is not None:
        syllables = np.interp(np.linspace(0, 1, times_s.size), np.linspace(0, 1, loudness.size), loudness)
    sound = 0.15 * voice * syllables + 0.002 * rng.standard_normal(times_s.size)
    return np.clip(sound, -1, 1).astype(np.float32)


def sung(seconds: float = 4.0, rate_hz: int = 16000, *, seed: int = 0) -> F32Array:
    """Make notes of a scale on open vowels, each held for half a second or more with a slight vibrato; shape (N,)."""
    rng = np.random.default_rng(seed)
    notes = []
    for _ in range(round(seconds / 0.5) + 1):
        times_s = np.arange(round(rng.choice([0.5, 0.8, 1.2]) * rate_hz)) / rate_hz
        note_hz = 196 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 12]) / 12)
        phase = 2 * np.pi * note_hz * (times_s - 0.01 / (2 * np.pi * 5.5) * np.cos(2 * np.pi * 5.5 * times_s))
        gains = [np.exp(-(((k * note_hz - 700) / 200) ** 2)) + 0.5 * np.exp(-(((k * note_hz - 1200) / 300) ** 2)) + 0.02
                 for k in range(1, 30)]  # fmt: skip
        fade = np.minimum(1, np.minimum(times_s, times_s[::-1]) / 0.04)
        notes.append(fade * sum(gain * np.sin(k * phase) for k, gain in enumerate(gains, 1)))
    found = 0.1 * np.concatenate(notes)[: round(seconds * rate_hz)]
    return (found + 0.001 * rng.standard_normal(found.size)).astype(np.float32)


def strummed(seconds: float = 4.0, rate_hz: int = 16000, *, seed: int = 0) -> F32Array:
    """Make chords of struck strings, two a second, each ringing for a second; shape (N,)."""
    rng = np.random.default_rng(seed)
    size, length = round(seconds * rate_hz), rate_hz
    times_s = np.arange(length) / rate_hz
    found = np.zeros(size + length)
    for begin in range(0, size, rate_hz // 2):
        root_hz = 131 * 2 ** (rng.choice([0, 5, 7, 9]) / 12)
        for note_hz in root_hz * 2 ** (np.array([0, 4, 7, 12]) / 12):
            ringing = sum(0.6**k * np.sin(2 * np.pi * k * note_hz * times_s) for k in range(1, 8))
            found[begin : begin + length] += 0.1 * ringing * np.exp(-times_s / 0.7)
    return found[:size].astype(np.float32)


def write_sound(
    path: Path, samples: F32Array, rate_hz: int = 16000, *, suffix: str | None = None, kbps: int | None = None
) -> Path:
    """Encode mono samples by the suffix of `path` (or by `suffix`, for files with a wrong name)."""
    container_name, codec, only_rate = _CODECS[suffix or path.suffix]
    rate = only_rate or rate_hz
    with av.open(str(path), "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        if kbps:
            stream.bit_rate = 1000 * kbps
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = rate_hz
        frame.time_base = Fraction(1, rate_hz)
        frame.pts = 0
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            if piece is not None:
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def write_tone(path: Path, *, seconds: float = 2.0, rate_hz: int = 16000, pitch_hz: float = 440.0) -> Path:
    """Write a sine."""
    return write_sound(path, tone(seconds, rate_hz, pitch_hz=pitch_hz), rate_hz)


def write_speech_like(path: Path, *, seconds: float = 4.0, rate_hz: int = 16000, seed: int = 0) -> Path:
    """Write `speech_like`."""
    return write_sound(path, speech_like(seconds, rate_hz, seed=seed), rate_hz)


def write_silence(path: Path, *, seconds: float = 2.0, rate_hz: int = 16000) -> Path:
    """Write digital silence."""
    return write_sound(path, np.zeros(round(seconds * rate_hz), np.float32), rate_hz)


def write_wav(path: Path, samples: NDArray[np.generic], rate_hz: int) -> Path:
    """Write a WAV by hand: shape (N,) or (N, channels), uint8, int16 or float32 as they are, NaN included."""
    columns = samples[:, None] if samples.ndim == 1 else samples
    tag = 3 if columns.dtype == np.float32 else 1
    frame_bytes = columns.shape[1] * columns.itemsize
    layout = struct.pack(
        "<HHIIHH", tag, columns.shape[1], rate_hz, rate_hz * frame_bytes, frame_bytes, columns.itemsize * 8
    )
    body = np.ascontiguousarray(columns).tobytes()
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path
