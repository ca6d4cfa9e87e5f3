"""How well a mouth follows a sound: what the sound asks of the lips, laid beside what they do, over all offsets.

A linear map from eight bands of the sound to the two measures of `unmask.lips.mouth` says what the lips should do. It
is sixteen numbers, fitted by ridge regression on genuine talking clips (`python -m bench.lips`), and it has never seen
a forgery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unmask.core.records import F32Array
from unmask.lips.mouth import F64Array, Mouth, smoothed

RATE_HZ = 16000
STEP_HZ = 50
LEAD_STEPS = 3
"""Lips start to move before they are heard, by some 60 ms in genuine clips; that is offset 0."""
REACH_MS = 500
NEAR_MS = 200
"""Offsets up to here count as in step: genuine clips lie within 160 ms, and the measure is no finer than that."""

_WINDOW_S, _BINS, _BANDS, _FLOOR = 0.04, 1024, 8, 1e-3
_FAST_S, _SLOW_S = 0.03, 0.5
# A row for each band, low bands first: what it asks of the darkness inside the mouth, and of the speed of opening.
WEIGHTS = np.array(
    [
        [-0.2009, 0.0164],
        [0.0882, -0.0366],
        [0.1744, -0.0823],
        [0.0754, 0.0015],
        [0.0878, -0.0135],
        [0.0852, -0.0651],
        [0.0364, -0.0007],
        [-0.0981, 0.0008],
    ]
)
SHARES = np.array([0.7031, 0.2969])
"""How much each measure counts: as the sound foretells it in the clips of the fit."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a mouth follows a sound.

    Attributes:
        near: Highest correlation within `NEAR_MS`, in [-1, 1].
        best: Highest correlation within `REACH_MS`.
        offset_ms: Where `best` lies; positive if the lips come after the sound.
        apart: How far `best` stands above what the same mouth has with the same sound turned round to other places, in
            standard deviations of those.
    """

    near: float
    best: float
    offset_ms: int
    apart: float


def compare(mouth: Mouth, samples_f32: F32Array, start_s: float) -> Match:
    """Lay a mouth beside a sound.

    Args:
        mouth: At least three seconds of it.
        samples_f32: Shape (N,), float32, mono, 16 kHz.
        start_s: Time of the first sample, on the clock of the mouth.

    Returns:
        The match.
    """
    asked = sound_bands(samples_f32)
    begin_s = max(float(mouth.times_s[0]), start_s)
    end_s = min(float(mouth.times_s[-1]), start_s + len(asked) / STEP_HZ)
    first = round((begin_s - start_s) * STEP_HZ)
    asked = asked[first : first + int((end_s - begin_s) * STEP_HZ)]
    seen = mouth_steps(mouth, begin_s, len(asked))
    return agreement(seen, asked @ WEIGHTS, SHARES)


def agreement(seen: F64Array, asked: F64Array, shares: F64Array) -> Match:
    """Correlate two movements over all offsets.

    Args:
        seen: Shape (T, 2), float64, what the mouth does, `STEP_HZ` rows a second.
        asked: Shape (T, 2), float64, what the sound asks for.
        shares: Shape (2,), weights of the two measures.

    Returns:
        The match.
    """
    reach = REACH_MS * STEP_HZ // 1000
    offsets = np.arange(-reach, reach + 1)
    found = np.array([_correlation(seen, asked, int(offset) - LEAD_STEPS) @ shares for offset in offsets])
    place = int(found.argmax())
    near = np.abs(offsets) <= NEAR_MS * STEP_HZ // 1000
    elsewhere = _turned_round(seen, asked)[reach : -reach - 2 * LEAD_STEPS] @ shares
    spread = max(float(elsewhere.std()), 1e-9)
    return Match(
        near=float(found[near].max()),
        best=float(found[place]),
        offset_ms=int(offsets[place]) * 1000 // STEP_HZ,
        apart=float(found[place] - elsewhere.mean()) / spread,
    )


def sound_bands(samples_f32: F32Array) -> F64Array:
    """Loudness in eight bands over time, freed of what is slower or faster than speech.

    Args:
        samples_f32: Shape (N,), float32, mono, 16 kHz.

    Returns:
        Shape (T, 8), float64, `STEP_HZ` rows a second, each column of unit spread.
    """
    size = round(_WINDOW_S * RATE_HZ)
    padded = np.pad(samples_f32, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: RATE_HZ // STEP_HZ]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), _BINS)) ** 2 @ _bands().T
    return _speech_paced(np.log(power + _FLOOR * power.mean() + 1e-12))


def mouth_steps(mouth: Mouth, begin_s: float, count: int) -> F64Array:
    """A mouth's measures in even steps, as `sound_bands` gives the sound; shape (count, 2), float64."""
    times_s = begin_s + np.arange(count) / STEP_HZ
    return _speech_paced(np.stack([np.interp(times_s, mouth.times_s, one) for one in mouth.measures.T], axis=1))


def _speech_paced(values: F64Array) -> F64Array:
    fast = smoothed(values, _FAST_S * STEP_HZ)
    paced = fast - smoothed(fast, _SLOW_S * STEP_HZ)
    return np.asarray(paced / np.maximum(paced.std(axis=0), 1e-9))


def _correlation(seen: F64Array, asked: F64Array, offset: int) -> F64Array:
    """Correlation of each measure with the sound `offset` steps before it, shape (2,)."""
    count = len(seen) - abs(offset)
    here, there = seen[max(offset, 0) :][:count], asked[max(-offset, 0) :][:count]
    here, there = here - here.mean(axis=0), there - there.mean(axis=0)
    both = np.sqrt((here**2).sum(axis=0) * (there**2).sum(axis=0))
    return np.asarray((here * there).sum(axis=0) / np.maximum(both, 1e-9))


def _turned_round(seen: F64Array, asked: F64Array) -> F64Array:
    """Correlation with the sound turned round by every number of steps, shape (T, 2)."""
    here, there = seen - seen.mean(axis=0), asked - asked.mean(axis=0)
    product = np.fft.rfft(here, axis=0) * np.fft.rfft(there, axis=0).conj()
    both = np.sqrt((here**2).sum(axis=0) * (there**2).sum(axis=0))
    return np.asarray(np.fft.irfft(product, len(here), axis=0) / np.maximum(both, 1e-9))


def _bands() -> F64Array:
    """Triangles from 80 to 7600 Hz on the mel scale, shape (8, 513)."""
    low, high = np.log1p(80 / 700), np.log1p(7600 / 700)
    edges = 700 * np.expm1(np.linspace(low, high, _BANDS + 2))[:, None]
    bins = np.fft.rfftfreq(_BINS, 1 / RATE_HZ)[None]
    rising, falling = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))
