"""Who speaks: windows whose voices sound alike are put together.

Each window is described by a Gaussian over its cepstra. Two windows are one voice if one Gaussian describes both about
as well as two do (Bayesian information criterion, Chen and Gopalakrishnan, DARPA workshop 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array
from unmask.voice.activity import RATE_HZ

_SIZE, _HOP, _BANDS, _COUNT = 512, 160, 26, 12
_LOUD_DB = 25.0
_PENALTY = 3.0
# Frames of one voice resemble each other, so that with enough of them any difference would count.
_MOST_FRAMES = 800


@dataclass(frozen=True, slots=True)
class VoicePrint:
    """What of a voice is kept.

    Attributes:
        frames: Number of loud frames of 10 ms.
        total: Shape (12,), float64, sum of their cepstra.
        squares: Shape (12, 12), float64, sum of the outer products.
    """

    frames: int
    total: NDArray[np.float64]
    squares: NDArray[np.float64]


def voice_print(samples_f32: F32Array) -> VoicePrint:
    """Describe the voice in a window.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz, mono, at least 32 ms.

    Returns:
        Its print, over the frames that are at most 25 dB below the loudest.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples_f32, _SIZE)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_SIZE), axis=1)) ** 2
    energy = power.sum(axis=1)
    loud = power[energy >= energy.max() * 10 ** (-_LOUD_DB / 10)]
    cepstra = np.log(loud @ _bands().T + 1e-9) @ _cosines().T
    return VoicePrint(len(cepstra), cepstra.sum(axis=0), cepstra.T @ cepstra)


def tell_apart(prints: Sequence[VoicePrint]) -> list[int]:
    """Number the voices of windows.

    The two most alike are joined until all that remain differ; a voice of a single window is too little to be one.

    Args:
        prints: One a window, in order of time.

    Returns:
        One number a window; voices count from 0 in order of appearance.
    """
    count = len(prints)
    frames = np.array([one.frames for one in prints], np.float64)
    totals = np.array([one.total for one in prints]).reshape(count, _COUNT)
    squares = np.array([one.squares for one in prints]).reshape(count, _COUNT, _COUNT)
    owner, cost = np.arange(count), np.full((count, count), np.inf)
    for place in range(count):
        later = np.arange(place + 1, count)
        cost[place, later] = _costs(frames, totals, squares, place=place, others=later)
    while count:
        sizes = np.bincount(owner, minlength=count)
        joinable = np.where((cost <= 0) | (sizes[:, None] == 1) | (sizes == 1), cost, np.inf)
        kept, gone = np.unravel_index(joinable.argmin(), cost.shape)
        if not np.isfinite(joinable[kept, gone]):
            break
        frames[kept], totals[kept], squares[kept] = (part[kept] + part[gone] for part in (frames, totals, squares))
        owner[owner == gone] = kept
        cost[gone], cost[:, gone] = np.inf, np.inf
        others = np.setdiff1d(owner, kept)
        costs = _costs(frames, totals, squares, place=int(kept), others=others)
        cost[np.minimum(kept, others), np.maximum(kept, others)] = costs
    order = list(dict.fromkeys(owner.tolist()))
    return [order.index(place) for place in owner.tolist()]


def _costs(
    frames: NDArray[np.float64],
    totals: NDArray[np.float64],
    squares: NDArray[np.float64],
    *,
    place: int,
    others: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How much worse a common Gaussian is, less what its fewer numbers are worth; above 0 for different voices."""
    numbers = _COUNT + _COUNT * (_COUNT + 1) / 2
    scale = np.minimum(1.0, _MOST_FRAMES / frames)
    frames, totals, squares = frames * scale, totals * scale[:, None], squares * scale[:, None, None]
    both = (frames[place] + frames[others], totals[place] + totals[others], squares[place] + squares[others])
    apart = _doubt(frames[[place]], totals[[place]], squares[[place]]) + _doubt(
        frames[others], totals[others], squares[others]
    )
    return np.asarray((_doubt(*both) - apart - _PENALTY * numbers * np.log(both[0])) / 2)


def _doubt(
    frames: NDArray[np.float64], totals: NDArray[np.float64], squares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Frames times the log-volume of the Gaussian over them: how badly one Gaussian describes them."""
    mean = totals / frames[:, None]
    scatter = squares / frames[:, None, None] - mean[:, :, None] * mean[:, None] + 1e-3 * np.eye(_COUNT)
    return np.asarray(frames * np.linalg.slogdet(scatter)[1])


def _bands() -> NDArray[np.float64]:
    """Triangles up to 7 kHz on the mel scale, shape (26, 257)."""
    edges = 700 * (np.expm1(np.linspace(np.log1p(100 / 700), np.log1p(7000 / 700), _BANDS + 2)))[:, None]
    bins = np.linspace(0, RATE_HZ / 2, _SIZE // 2 + 1)[None]
    rising, falling = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))


def _cosines() -> NDArray[np.float64]:
    """Rows 1 to 12 of the cosine transform; row 0, the level, is left out."""
    return np.cos(np.pi * np.outer(np.arange(1, _COUNT + 1), np.arange(_BANDS) + 0.5) / _BANDS)
