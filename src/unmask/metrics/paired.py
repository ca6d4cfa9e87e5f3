"""Two detectors on the same media: DeLong's test for the difference of two AUCs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.core.errors import DataError
from unmask.metrics.ranking import checked

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DeLong:
    """Outcome of the test.

    Attributes:
        first: AUC of the first detector.
        second: AUC of the second.
        error: Standard error of ``first - second``.
        z: Difference over its error; 0 if the detectors rank alike.
        p: Chance of so large a difference if the AUCs were equal (two-sided).
    """

    first: float
    second: float
    error: float
    z: float
    p: float


def delong(first: ArrayLike, second: ArrayLike, labels: ArrayLike) -> DeLong:
    """Compare two AUCs that were measured on the same media (DeLong, DeLong and Clarke-Pearson, Biometrics 1988).

    The test takes media as independent; where they are not (frames of one clip, crops of one person), it is too sure,
    and a bootstrap over clusters should decide.

    Args:
        first: Shape (N,), scores of one detector, higher means more likely fake.
        second: Shape (N,), scores of the other on the same media.
        labels: Shape (N,), 0 real, 1 fake; at least two of each.

    Returns:
        The outcome.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`, or a label has fewer than two media.
    """
    one, truth = checked(first, labels)
    two, _ = checked(second, labels)
    fakes, reals = int(truth.sum()), int((1 - truth).sum())
    if min(fakes, reals) < 2:
        message = f"DeLong's test needs two genuine and two forged media, got {reals} and {fakes}."
        raise DataError(message)
    parts = [_placements(scores, truth) for scores in (one, two)]
    by_fake = np.cov(np.stack([fake for fake, _ in parts]))
    by_real = np.cov(np.stack([real for _, real in parts]))
    spread = by_fake / fakes + by_real / reals
    contrast = np.array([1.0, -1.0])
    error = math.sqrt(max(float(contrast @ spread @ contrast), 0.0))
    aucs = [float(fake.mean()) for fake, _ in parts]
    # Rounding leaves 1e-17 between detectors that rank alike.
    gap = aucs[0] - aucs[1] if abs(aucs[0] - aucs[1]) > 1e-12 else 0.0
    z = gap / error if error > 1e-12 else math.copysign(math.inf, gap) if gap else 0.0
    return DeLong(aucs[0], aucs[1], error, z, math.erfc(abs(z) / math.sqrt(2)))


def _placements(scores: F64, truth: NDArray[np.int64]) -> tuple[F64, F64]:
    """For each fake the share of reals below it, and for each real the share of fakes above it; ties count half."""
    fakes, reals = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    below = np.searchsorted(reals, scores[truth == 1], "left") + np.searchsorted(reals, scores[truth == 1], "right")
    under = np.searchsorted(fakes, scores[truth == 0], "left") + np.searchsorted(fakes, scores[truth == 0], "right")
    return below / (2 * reals.size), 1 - under / (2 * fakes.size)
