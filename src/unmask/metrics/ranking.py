"""Ranking metrics: ROC, AUC, EER, average precision, recall at a false-alarm rate (Fawcett 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.core.errors import DataError

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Roc:
    """A receiver operating characteristic, from the strictest threshold to the laxest.

    Attributes:
        false_alarms: Shape (K,), share of real media with a score >= threshold, ascending from 0 to 1.
        recalls: Shape (K,), share of fake media with a score >= threshold, ascending from 0 to 1.
        thresholds: Shape (K,), descending, the first is +inf.
    """

    false_alarms: F64
    recalls: F64
    thresholds: F64


def roc(scores: ArrayLike, labels: ArrayLike) -> Roc:
    """Trace the ROC; tied scores share one point.

    Args:
        scores: Shape (N,), finite, higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        The curve.

    Raises:
        DataError: Lengths differ, a score is not finite, or only one class is present.
    """
    values, truth = checked(scores, labels)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(values)), values.size - 1)
    hits = np.cumsum(truth)[last_of_tie]
    alarms = 1 + last_of_tie - hits
    return Roc(
        false_alarms=np.concatenate([[0.0], alarms / (truth.size - truth.sum())]),
        recalls=np.concatenate([[0.0], hits / truth.sum()]),
        thresholds=np.concatenate([[np.inf], values[last_of_tie]]),
    )


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Area under the ROC: the chance that a fake outscores a real medium, ties counted half.

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        In [0, 1]; 0.5 is guessing.

    Raises:
        DataError: As for `roc`.

    Example:
        >>> auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        0.75
    """
    curve = roc(scores, labels)
    return float(np.trapezoid(curve.recalls, curve.false_alarms))


def equal_error_rate(scores: ArrayLike, labels: ArrayLike) -> float:
    """Error rate where misses and false alarms are equally frequent, interpolated on the ROC.

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        In [0, 1].

    Raises:
        DataError: As for `roc`.

    Example:
        >>> equal_error_rate([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1])
        0.5
    """
    curve = roc(scores, labels)
    gap = curve.false_alarms - (1 - curve.recalls)
    after = int(np.argmax(gap >= 0))
    if after == 0:
        return float(curve.false_alarms[0])
    low, high = gap[after - 1], gap[after]
    part = -low / (high - low)
    return float(curve.false_alarms[after - 1] + part * (curve.false_alarms[after] - curve.false_alarms[after - 1]))


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float:
    """Mean precision over the recalls of the fake class (step-wise, no interpolation).

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        In [0, 1]; the share of fakes is guessing.

    Raises:
        DataError: As for `roc`.
    """
    recalls, precisions = precision_recall(scores, labels)
    return float(np.sum(np.diff(recalls, prepend=0.0) * precisions))


def precision_recall(scores: ArrayLike, labels: ArrayLike) -> tuple[F64, F64]:
    """Trace precision against recall of the fake class, from the strictest threshold to the laxest.

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        Recalls, ascending, and precisions, both of shape (K,), one point for each distinct score.

    Raises:
        DataError: As for `roc`.
    """
    values, truth = checked(scores, labels)
    curve = roc(values, truth)
    hits, alarms = curve.recalls[1:] * truth.sum(), curve.false_alarms[1:] * (truth.size - truth.sum())
    return curve.recalls[1:], hits / (hits + alarms)


def threshold_at(scores: ArrayLike, labels: ArrayLike, *, false_alarms: float) -> float:
    """Smallest threshold at which at most this share of real media scores >= it.

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        false_alarms: In [0, 1].

    Returns:
        The threshold; +inf if only refusing everything keeps the promise.

    Raises:
        DataError: As for `roc`.
    """
    curve = roc(scores, labels)
    return float(curve.thresholds[int(np.flatnonzero(curve.false_alarms <= false_alarms)[-1])])


def recall_at(scores: ArrayLike, labels: ArrayLike, *, false_alarms: float) -> float:
    """Share of fakes found when at most this share of real media raises a false alarm.

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        false_alarms: In [0, 1].

    Returns:
        In [0, 1].

    Raises:
        DataError: As for `roc`.
    """
    curve = roc(scores, labels)
    return float(curve.recalls[int(np.flatnonzero(curve.false_alarms <= false_alarms)[-1])])


def checked(scores: ArrayLike, labels: ArrayLike) -> tuple[F64, NDArray[np.int64]]:
    """Return copies as float64 and int64 after refusing what no metric can use.

    Raises:
        DataError: Lengths differ, a score is not finite, a label is not 0 or 1, or only one class is present.
    """
    values = np.array(scores, dtype=np.float64)
    truth = np.array(labels, dtype=np.int64)
    if values.shape != truth.shape or values.ndim != 1:
        message = f"Expected as many scores as labels in one dimension, got shapes {values.shape} and {truth.shape}."
        raise DataError(message)
    if not np.isfinite(values).all():
        message = "A score is NaN or infinite; count abstentions apart instead of scoring them."
        raise DataError(message)
    if set(np.unique(truth)) != {0, 1}:
        message = f"Expected labels 0 (real) and 1 (fake), both present, got {sorted(set(truth.tolist()))}."
        raise DataError(message)
    return values, truth
