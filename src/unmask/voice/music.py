"""Music and singing, which a detector for speech has not learned: tones that are held, as nobody speaks them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array

_SIZE, _HOP = 1024, 256
_AROUND = 10
_BLOCK = 100
_PEAKS = 5


def held_tones(samples_f32: F32Array) -> float:
    """How clearly tones are held: continuous frequency activation (Seyerlehner et al., DAFx 2007).

    In a spectrum freed of its coarse shape, a held tone stays active in one bin over many frames. Per block of 1.6 s
    the five bins that stand out most from their neighbours count.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz, mono.

    Returns:
        From 0 (noise, speech) to 5 (five tones held throughout); 0 for less than a block.
    """
    active = _active(samples_f32)
    begins = range(0, len(active) - _BLOCK + 1, _BLOCK // 2)
    found = [_peaks(active[begin : begin + _BLOCK].mean(axis=0)) for begin in begins]
    return float(np.mean(found)) if found else 0.0


def _active(samples_f32: F32Array) -> NDArray[np.bool_]:
    """Bins that rise above their surroundings, shape (frames, 513)."""
    if samples_f32.size < _SIZE:
        return np.zeros((0, _SIZE // 2 + 1), np.bool_)
    frames = np.lib.stride_tricks.sliding_window_view(samples_f32, _SIZE)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_SIZE).astype(np.float32), axis=1)) ** 2
    level = 10 * np.log10(power + 1e-12)
    padded = np.pad(level, ((0, 0), (_AROUND + 1, _AROUND)), mode="edge").cumsum(axis=1)
    coarse = (padded[:, 2 * _AROUND + 1 :] - padded[:, : -2 * _AROUND - 1]) / (2 * _AROUND + 1)
    return np.asarray(level - coarse > 3.0)


def _peaks(activation: NDArray[np.float64]) -> float:
    """Sum of the five peaks that stand highest above the nearest valleys on both sides."""
    rises = np.diff(activation, prepend=activation[0], append=activation[-1])
    tops = np.flatnonzero((rises[:-1] > 0) & (rises[1:] <= 0))
    valleys = np.concatenate([[0], np.flatnonzero((rises[:-1] <= 0) & (rises[1:] > 0)), [activation.size - 1]])
    if tops.size == 0:
        return 0.0
    after = np.clip(np.searchsorted(valleys, tops), 1, valleys.size - 1)
    shoulders = np.maximum(activation[valleys[after - 1]], activation[valleys[after]])
    return float(np.sort(activation[tops] - shoulders)[-_PEAKS:].sum())
