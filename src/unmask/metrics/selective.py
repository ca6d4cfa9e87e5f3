"""Selective prediction: how right the surest answers are (El-Yaniv and Wiener 2010, Geifman and El-Yaniv 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.metrics.ranking import checked

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Selective:
    """Accuracy of the surest answers, from the surest alone to all.

    Attributes:
        coverage: Shape (K,), share of media that are answered, ascending to 1.
        accuracy: Shape (K,), share of right answers among them.
    """

    coverage: F64
    accuracy: F64


def selective_accuracy(p_fake: ArrayLike, labels: ArrayLike) -> Selective:
    """Trace accuracy against coverage when only the surest answers are given.

    Sure means far from 0.5. Answers that are equally sure come together, so the order of rows does not matter.

    Args:
        p_fake: Shape (N,), in [0, 1].
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        The curve; its last accuracy is the plain one at a threshold of 0.5.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    p, truth = checked(p_fake, labels)
    # Rounded, because 0.5 - 0.4 and 0.6 - 0.5 differ in the last bit though both answers are equally sure.
    sure = np.round(np.abs(p - 0.5), 12)
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum((p >= 0.5)[order] == truth[order])
    last_of_tie = np.append(np.flatnonzero(np.diff(sure[order])), p.size - 1)
    return Selective(coverage=(last_of_tie + 1) / p.size, accuracy=right[last_of_tie] / (last_of_tie + 1))


def accuracy_at_coverage(p_fake: ArrayLike, labels: ArrayLike, *, coverage: float) -> float:
    """Accuracy of the surest answers that make up at least this share of all.

    Args:
        p_fake: Shape (N,), in [0, 1].
        labels: Shape (N,), 0 real, 1 fake.
        coverage: In [0, 1].

    Returns:
        In [0, 1].

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    curve = selective_accuracy(p_fake, labels)
    return float(curve.accuracy[int(np.searchsorted(curve.coverage, coverage - 1e-12))])
