"""Metrics of a decision at one threshold: confusion matrix, accuracy, precision, recall, F1, MCC."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics.ranking import checked

HALF = 0.5
_Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of media by label and answer; fake is the positive class.

    Attributes:
        true_real: Real media answered real.
        false_fake: Real media answered fake: false alarms.
        false_real: Fake media answered real: misses.
        true_fake: Fake media answered fake.
    """

    true_real: int
    false_fake: int
    false_real: int
    true_fake: int

    @property
    def accuracy(self) -> float:
        """Share of right answers; says little where one label is rare."""
        return (self.true_real + self.true_fake) / (self.true_real + self.false_fake + self.false_real + self.true_fake)

    @property
    def recall(self) -> float:
        """Share of fake media that were found."""
        return self.true_fake / (self.true_fake + self.false_real)

    @property
    def specificity(self) -> float:
        """Share of real media that were left in peace."""
        return self.true_real / (self.true_real + self.false_fake)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of recall and specificity; 0.5 is guessing."""
        return (self.recall + self.specificity) / 2

    @property
    def precision(self) -> float:
        """Share of fake media among those answered fake; 0 if none was."""
        answered = self.true_fake + self.false_fake
        return self.true_fake / answered if answered else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.true_fake / (2 * self.true_fake + self.false_fake + self.false_real)

    @property
    def mcc(self) -> float:
        """Correlation of answer and label (Matthews 1975), in [-1, 1]; 0 if every answer is the same."""
        margins = (
            (self.true_fake + self.false_fake)
            * (self.true_fake + self.false_real)
            * (self.true_real + self.false_fake)
            * (self.true_real + self.false_real)
        )
        gap = self.true_fake * self.true_real - self.false_fake * self.false_real
        return gap / math.sqrt(margins) if margins else 0.0


def confusion(p_fake: ArrayLike, labels: ArrayLike, *, threshold: float = HALF) -> Confusion:
    """Count right and wrong answers.

    Args:
        p_fake: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        threshold: Answers from here on count as fake.

    Returns:
        The counts.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    values, truth = checked(p_fake, labels)
    said = values >= threshold
    return Confusion(
        true_real=int(np.sum(~said & (truth == 0))),
        false_fake=int(np.sum(said & (truth == 0))),
        false_real=int(np.sum(~said & (truth == 1))),
        true_fake=int(np.sum(said & (truth == 1))),
    )


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share of independent media (Wilson 1927); holds where the share is 0 or 1, too.

    Args:
        count: Media that have the property.
        total: All media, at least 1.

    Returns:
        Lower and upper end, in [0, 1].
    """
    share, weight = count / total, _Z_95**2 / total
    centre = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)
