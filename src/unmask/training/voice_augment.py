"""Disturbing speech as rooms, microphones, telephones and platforms do, blind to the label.

Level, bandwidth, noise floor and codec tell collections apart better than any trace of synthesis does. Each of them is
therefore drawn anew for every window, whatever its label.
"""

from __future__ import annotations

import numpy as np
from numpy.fft import irfft, rfft, rfftfreq

from unmask.core.records import F32Array
from unmask.media.wear.codec import RATE_HZ, through_codec


def augment(samples_f32: F32Array, rng: np.random.Generator, *, strength: float = 1.0) -> F32Array:
    """Disturb one window.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz, mono.
        rng: Source of all choices.
        strength: Scales how often each disturbance happens; 0 leaves level and dither only.

    Returns:
        Shape (N,), float32, a peak of at most 1.
    """
    x = to_level(samples_f32, float(rng.uniform(-32, -16)))
    if rng.random() < 0.7 * strength:
        x = _filtered(x, rng)
    if rng.random() < 0.5 * strength:
        x = x + coloured_noise(x.size, rng) * _rms(x) * 10 ** (-rng.uniform(8, 40) / 20)
    if rng.random() < 0.2 * strength:
        x = _bent(x, rng)
    if rng.random() < 0.25 * strength:
        codec = str(rng.choice(["libopus", "libmp3lame", "aac", "g722", "pcm_mulaw"], p=[0.3, 0.35, 0.1, 0.05, 0.2]))
        kbps = int(rng.choice([8, 12, 16, 24, 32])) if codec == "libopus" else int(rng.choice([24, 32, 48, 64, 96]))
        x = through_codec(x, codec, kbps=kbps)
    floor = _rms(x) * 10 ** (-rng.uniform(42, 70) / 20)
    x = x + floor * rng.standard_normal(x.size, dtype=np.float32)
    return np.clip(x, -1, 1).astype(np.float32)


def to_level(samples_f32: F32Array, level_db: float) -> F32Array:
    """Scale sound to a root mean square of `level_db` decibels relative to full scale; silence stays silence."""
    return (samples_f32 * (10 ** (level_db / 20) / max(_rms(samples_f32), 1e-6))).astype(np.float32)


def coloured_noise(size: int, rng: np.random.Generator) -> F32Array:
    """Noise with a root mean square of 1 and a slope between -2 (brown) and 0.5 of its power over frequency.

    Args:
        size: Number of samples.
        rng: Source of the noise.

    Returns:
        Shape (size,), float32.
    """
    spectrum = rfft(rng.standard_normal(size, dtype=np.float32))
    frequency = np.maximum(np.arange(spectrum.size, dtype=np.float32) / spectrum.size, np.float32(1e-3))
    noise = irfft(spectrum * frequency ** np.float32(rng.uniform(-2, 0.5) / 2), size)
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-9), dtype=np.float32)


def _filtered(x: F32Array, rng: np.random.Generator) -> F32Array:
    """Room, tilt, bumps and band limits, all as one multiplication in the spectrum."""
    size = x.size + 4000
    frequency = rfftfreq(size, 1 / RATE_HZ).astype(np.float32)
    gain_db = rng.uniform(-6, 6) * np.log2(np.maximum(frequency, 100) / 1000) / 3
    for _ in range(int(rng.integers(0, 4))):
        centre, width = rng.uniform(100, 7000), rng.uniform(100, 1500)
        gain_db = gain_db + rng.uniform(-12, 8) * np.exp(-(((frequency - centre) / width) ** 2))
    if rng.random() < 0.6:
        edge, slope = rng.uniform(3300, 7900), rng.uniform(0.01, 0.4)
        gain_db = gain_db - np.clip((frequency - edge) * slope, 0, 90)
    if rng.random() < 0.25:
        edge = rng.uniform(50, 350)
        gain_db = gain_db - np.clip((edge - frequency) * 0.2, 0, 40)
    spectrum = rfft(x, size) * (10 ** (gain_db / 20)).astype(np.float32)
    if rng.random() < 0.3:
        spectrum = spectrum * rfft(_room(rng), size)
    found = irfft(spectrum, size)[: x.size]
    return np.asarray(found, dtype=np.float32)


def _room(rng: np.random.Generator) -> F32Array:
    """A direct sound followed by decaying noise: a crude room of 0.05 to 0.5 s."""
    decay_s = rng.uniform(0.05, 0.5)
    length = 4000
    tail = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / (decay_s * RATE_HZ))
    tail *= 10 ** (-rng.uniform(3, 20) / 20) / np.sqrt((tail**2).sum())
    tail[: int(rng.integers(1, 80))] = 0
    tail[0] = 1
    return np.asarray(tail, dtype=np.float32)


def _bent(x: F32Array, rng: np.random.Generator) -> F32Array:
    """Clipping, a crooked curve, or clicks (after RawBoost, Tak et al. 2022)."""
    kind = int(rng.integers(3))
    peak = float(np.abs(x).max()) + 1e-9
    if kind == 0:
        limit = peak * rng.uniform(0.25, 0.9)
        return np.clip(x, -limit, limit).astype(np.float32)
    if kind == 1:
        unit = x / peak
        return np.asarray(
            peak * (unit + rng.uniform(-0.3, 0.3) * unit**2 + rng.uniform(-0.3, 0.3) * unit**3), dtype=np.float32
        )
    places = rng.integers(0, x.size, int(x.size * rng.uniform(0.0002, 0.005)))
    out = x.copy()
    out[places] += (rng.standard_normal(places.size) * _rms(x) * rng.uniform(0.1, 1.0)).astype(np.float32)
    return out


def _rms(x: F32Array) -> float:
    return float(np.sqrt(np.mean(np.square(x)) + 1e-12))
