"""Bootstrap intervals (Efron 1979), resampling whole clusters so that frames of one person do not count as many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.core.errors import DataError
from unmask.metrics.ranking import checked

F64 = NDArray[np.float64]
Metric = Callable[[F64, NDArray[np.int64]], float]


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
    return intervals({"": metric}, scores, labels, clusters=clusters, rounds=rounds, seed=seed)[""]


def intervals(
    metrics: Mapping[str, Metric],
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Do what `interval` does for several metrics at once, on the same resamples.

    Args:
        metrics: By name; each maps scores, shape (N,) or (N, K), and labels to a figure.
        scores: Shape (N,), or (N, K) for K detectors on the same media.
        labels: Shape (N,), 0 real, 1 fake.
        clusters: N names; rows of one name are drawn together. Each row alone when None.
        rounds: Number of resamples.
        seed: Of the random draws.

    Returns:
        Figures with intervals, by name.

    Raises:
        DataError: As for `interval`.
    """
    values, truth = _columns(scores, labels)
    draws = _resamples(values, truth, clusters, rounds=rounds, seed=seed)
    found = [[metric(some, of) for metric in metrics.values()] for some, of in draws]
    ends = np.quantile(np.array(found), [0.025, 0.975], axis=0)
    wanted = [float(metric(values, truth)) for metric in metrics.values()]
    # Resampling biases figures such as the ECE upwards, so that the percentiles can miss the figure itself.
    return {
        name: Estimate(value, min(float(low), value), max(float(high), value))
        for name, value, low, high in zip(metrics, wanted, ends[0], ends[1], strict=True)
    }


def band(
    curve: Callable[[F64, NDArray[np.int64]], F64],
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    rounds: int = 200,
) -> tuple[F64, F64]:
    """95 % band around a curve, point by point.

    Args:
        curve: Maps scores and labels to K values at fixed places; NaN where a resample has none.
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        clusters: As for `interval`.
        rounds: Number of resamples.

    Returns:
        Lower and upper ends, both of shape (K,); NaN where fewer than half of the resamples have a value.

    Raises:
        DataError: As for `interval`.
    """
    values, truth = _columns(scores, labels)
    found = np.array([curve(some, of) for some, of in _resamples(values, truth, clusters, rounds=rounds, seed=0)])
    known = np.isfinite(found).mean(axis=0) >= 0.5
    ends = np.full((2, found.shape[1]), np.nan)
    ends[:, known] = np.nanquantile(found[:, known], [0.025, 0.975], axis=0)
    return ends[0], ends[1]


def _columns(scores: ArrayLike, labels: ArrayLike) -> tuple[F64, NDArray[np.int64]]:
    """Scores of shape (N,) or (N, K), and labels, after refusing what no metric can use."""
    values = np.asarray(scores, dtype=np.float64)
    for column in values.T if values.ndim == 2 else [values]:
        truth = checked(column, labels)[1]
    return values, truth


def _resamples(
    values: F64, truth: NDArray[np.int64], clusters: Sequence[str] | None, *, rounds: int, seed: int
) -> Iterator[tuple[F64, NDArray[np.int64]]]:
    """Draw whole clusters with replacement; draws that hold only one class are drawn again."""
    members = _members(clusters, truth.size)
    rng = np.random.default_rng(seed)
    given = 0
    for _ in range(20 * rounds):
        if given == rounds:
            return
        rows = np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
        if 0 < truth[rows].sum() < rows.size:
            given += 1
            yield values[rows], truth[rows]
    if given < rounds:
        message = "Too few clusters hold both classes for an interval; give finer clusters."
        raise DataError(message)


def _members(clusters: Sequence[str] | None, rows: int) -> list[NDArray[np.intp]]:
    """Rows of each cluster, in the clusters' order by name."""
    if clusters is None:
        return list(np.arange(rows)[:, None])
    names = np.unique(np.asarray(clusters), return_inverse=True)[1]
    order = np.argsort(names, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(names[order])) + 1)
