"""Bootstrap intervals (Efron 1979), resampling whole clusters so that frames of one person do not count as many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.core.errors import DataError
from unmask.metrics.ranking import checked

Metric = Callable[[NDArray[np.float64], NDArray[np.int64]], float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: On all data.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(
    metric: Metric,
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> Estimate:
    """95 % percentile interval of a metric.

    Args:
        metric: Maps scores and labels to a figure.
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        clusters: N names; rows of one name are drawn together. Each row alone when None.
        rounds: Number of resamples.
        seed: Of the random draws.

    Returns:
        The figure and its interval, which always holds it. Resamples that hold only one class are drawn again.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`, or if nearly all resamples hold one class.
    """
    values, truth = checked(scores, labels)
    names = np.arange(values.size) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    members = [np.flatnonzero(names == index) for index in range(int(names.max()) + 1)]
    rng = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(20 * rounds):
        if len(found) == rounds:
            break
        rows = np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
        if 0 < truth[rows].sum() < rows.size:
            found.append(metric(values[rows], truth[rows]))
    if len(found) < rounds:
        message = "Too few clusters hold both classes for an interval; give finer clusters."
        raise DataError(message)
    low, high = np.quantile(found, [0.025, 0.975])
    # Resampling biases figures such as the ECE upwards, so that the percentiles can miss the figure itself.
    value = float(metric(values, truth))
    return Estimate(value, min(float(low), value), max(float(high), value))
