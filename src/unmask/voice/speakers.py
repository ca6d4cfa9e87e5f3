"""Who speaks: windows whose voices sound alike are put together.

Each window is described by a Gaussian over its cepstra. Two windows are one voice if one Gaussian describes both about
as well as two do (Bayesian information criterion, Chen and Gopalakrishnan, DARPA workshop 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array
from unmask.voice.activity import RATE_HZ

_SIZE, _HOP, _BANDS, _COUNT = 512, 160, 26, 12
_LOUD_DB = 25.0
_PENALTY = 3.0


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

    def __add__(self, other: VoicePrint) -> VoicePrint:
        return VoicePrint(self.frames + other.frames, self.total + other.total, self.squares + other.squares)

    def doubt(self) -> float:
        """Frames times the log-volume of the Gaussian over them: how badly one Gaussian describes them."""
        mean = self.total / self.frames
        scatter = self.squares / self.frames - np.outer(mean, mean) + 1e-3 * np.eye(mean.size)
        return float(self.frames * np.linalg.slogdet(scatter)[1])


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
    joined = dict(enumerate(prints))
    owner = list(range(len(prints)))
    costs = {pair: _cost(prints[pair[0]], prints[pair[1]]) for pair in combinations(joined, 2)}
    while costs:
        kept, gone = min(costs, key=lambda pair: (costs[pair] > 0 and not _alone(pair, owner), costs[pair]))
        if costs[kept, gone] > 0 and not _alone((kept, gone), owner):
            break
        joined[kept] += joined.pop(gone)
        owner = [kept if place == gone else place for place in owner]
        costs = {pair: cost for pair, cost in costs.items() if not {kept, gone} & set(pair)}
        costs |= {(min(kept, o), max(kept, o)): _cost(joined[kept], joined[o]) for o in joined if o != kept}
    order = list(dict.fromkeys(owner))
    return [order.index(place) for place in owner]


def _alone(pair: tuple[int, int], owner: Sequence[int]) -> bool:
    return min(owner.count(place) for place in pair) == 1


def _cost(one: VoicePrint, other: VoicePrint) -> float:
    """How much worse a common Gaussian is, less what its fewer numbers are worth; above 0 for different voices."""
    numbers = _COUNT + _COUNT * (_COUNT + 1) / 2
    both = one + other
    return (both.doubt() - one.doubt() - other.doubt() - _PENALTY * numbers * np.log(both.frames)) / 2


def _bands() -> NDArray[np.float64]:
    """Triangles up to 7 kHz on the mel scale, shape (26, 257)."""
    edges = 700 * (np.expm1(np.linspace(np.log1p(100 / 700), np.log1p(7000 / 700), _BANDS + 2)))[:, None]
    bins = np.linspace(0, RATE_HZ / 2, _SIZE // 2 + 1)[None]
    rising, falling = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None)


def _cosines() -> NDArray[np.float64]:
    """Rows 1 to 12 of the cosine transform; row 0, the level, is left out."""
    return np.cos(np.pi * np.outer(np.arange(1, _COUNT + 1), np.arange(_BANDS) + 0.5) / _BANDS)
