"""Calibration: Platt scaling (Platt 1999), expected calibration error (Guo et al. 2017), Brier score, log loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.metrics.ranking import checked

F64 = NDArray[np.float64]


def sigmoid(logits: ArrayLike) -> F64:
    """Logistic function, stable for any finite input."""
    values = np.asarray(logits, dtype=np.float64)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), dtype=np.float64)


def fit_platt(
    logits: ArrayLike, labels: ArrayLike, *, weights: ArrayLike | None = None, ridge: float = 1e-3
) -> tuple[float, float]:
    """Fit ``p_fake = sigmoid(slope * logit + offset)`` by penalised maximum likelihood with Platt's soft targets.

    Args:
        logits: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real, 1 fake.
        weights: Shape (N,), positive; for example to let every source count alike. Equal when None.
        ridge: Strength of the pull of the slope towards 0, which keeps separable data finite.

    Returns:
        Slope and offset.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    values, truth = checked(logits, labels)
    mass = np.ones_like(values) if weights is None else np.asarray(weights, dtype=np.float64)
    mass = mass / mass.sum() * values.size
    fakes, reals = float(mass[truth == 1].sum()), float(mass[truth == 0].sum())
    target = np.where(truth == 1, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    # Newton's method on standardised logits, so that their size does not decide whether it converges.
    centre, scale = float(values.mean()), max(float(values.std()), 1e-12)
    design = np.stack([(values - centre) / scale, np.ones_like(values)], axis=1)
    pull = np.array([ridge / scale**2, 0.0])

    def cost(at: F64) -> float:
        margin = design @ at
        return float(np.sum(mass * (np.logaddexp(0.0, margin) - target * margin)) + 0.5 * pull @ at**2)

    found = np.zeros(2)
    for _ in range(100):
        p = sigmoid(design @ found)
        gradient = design.T @ (mass * (p - target)) + pull * found
        hessian = (design * (mass * p * (1 - p))[:, None]).T @ design + np.diag(pull + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        while cost(found - step) > cost(found) and np.abs(step).max() > 1e-12:
            step = step / 2
        found = found - step
        if np.abs(step).max() < 1e-10:
            break
    slope = float(found[0]) / scale
    return slope, float(found[1]) - slope * centre


def expected_calibration_error(
    p_fake: ArrayLike, labels: ArrayLike, *, bins: int = 15, balanced: bool = False
) -> float:
    """Mean gap between probability and frequency over equal-width bins, weighted by their size.

    Args:
        p_fake: Shape (N,), in [0, 1].
        labels: Shape (N,), 0 real, 1 fake.
        bins: Number of bins over [0, 1].
        balanced: Whether each label weighs a half, whatever its share of the media: for probabilities that were
            calibrated for equal odds before looking, on media that are mixed otherwise.

    Returns:
        In [0, 1]; 0 is perfectly calibrated.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    p, truth = checked(p_fake, labels)
    share = float(truth.mean())
    weights = np.where(truth == 1, 0.5 / share, 0.5 / (1 - share)) if balanced else np.ones(p.size)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights * (p - truth), minlength=bins)
    return float(np.abs(gaps).sum() / weights.sum())


def brier_score(p_fake: ArrayLike, labels: ArrayLike) -> float:
    """Mean squared gap between probability and truth.

    Args:
        p_fake: Shape (N,), in [0, 1].
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        In [0, 1]; 0.25 is always answering 0.5.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    p, truth = checked(p_fake, labels)
    return float(np.mean((p - truth) ** 2))


def log_loss(p_fake: ArrayLike, labels: ArrayLike, *, clip: float = 1e-6) -> float:
    """Mean negative log-likelihood, natural logarithm.

    Args:
        p_fake: Shape (N,), in [0, 1].
        labels: Shape (N,), 0 real, 1 fake.
        clip: Distance from 0 and 1 to which probabilities are clipped.

    Returns:
        At least 0; about 0.693 is always answering 0.5.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    p, truth = checked(p_fake, labels)
    p = np.clip(p, clip, 1 - clip)
    return float(-np.mean(np.where(truth == 1, np.log(p), np.log(1 - p))))
