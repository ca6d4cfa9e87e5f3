"""Calibration metrics against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from unmask.core.errors import DataError
from unmask.metrics.calibration import brier_score, expected_calibration_error, fit_platt, log_loss, sigmoid


def simulated(size: int = 400, *, slope: float = 0.7, offset: float = -0.4, scale: float = 3.0, seed: int = 0):
    """Logits, and labels that follow them with the given slope and offset."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, size)
    labels = (rng.random(size) < 1 / (1 + np.exp(-(slope * logits + offset)))).astype(int)
    labels[:2] = 0, 1
    return logits, labels


@st.composite
def predicted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 30))
    p = draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[0], labels[1] = 0, 1
    return np.array(p), np.array(labels)


@given(predicted())
@settings(deadline=None)
def test_brier_and_log_loss_are_those_of_scikit_learn(data) -> None:
    p, labels = data
    assert brier_score(p, labels) == pytest.approx(sk.brier_score_loss(labels, p))
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    assert log_loss(p, labels) == pytest.approx(sk.log_loss(labels, clipped))


def test_log_loss_of_certain_errors_is_finite() -> None:
    assert log_loss([1.0, 0.0], [0, 1]) == pytest.approx(-np.log(1e-6))


def test_calibration_error_by_hand() -> None:
    # Bin [0, 0.5): mean p 0.2, frequency 1/3; bin [0.5, 1]: mean p 0.9, frequency 1/2.
    p, labels = [0.1, 0.2, 0.3, 0.8, 1.0], [0, 1, 0, 1, 0]
    assert expected_calibration_error(p, labels, bins=2) == pytest.approx(3 / 5 * (1 / 3 - 0.2) + 2 / 5 * (0.9 - 0.5))


@given(predicted(), st.integers(1, 20))
@settings(deadline=None)
def test_calibration_error_against_a_plain_loop(data, bins: int) -> None:
    p, labels = data
    groups: dict[int, list[int]] = {}
    for place, value in enumerate(p):
        groups.setdefault(min(int(value * bins), bins - 1), []).append(place)
    expected = sum(len(rows) * abs(p[rows].mean() - labels[rows].mean()) for rows in groups.values()) / p.size
    found = expected_calibration_error(p, labels, bins=bins)
    assert found == pytest.approx(expected)
    assert 0 <= found <= 1


@pytest.mark.parametrize("bins", [1, 2, 10, 15])
@pytest.mark.parametrize("size", [3, 100, 2000])
def test_calibration_error_from_scikit_learns_curve(bins: int, size: int) -> None:
    """Even bins, weighted by their counts. No value lies on an edge: theirs is the lower bin there, ours the upper."""
    rng = np.random.default_rng([bins, size])
    p, labels = rng.beta(0.6, 0.8, size), (rng.random(size) < 0.4).astype(int)
    labels[:2] = 0, 1
    assert not np.isin(p, np.linspace(0, 1, bins + 1)).any()
    frequencies, means = calibration_curve(labels, p, n_bins=bins, strategy="uniform")
    counts = np.histogram(p, bins=bins, range=(0, 1))[0]
    expected = np.sum(counts[counts > 0] * np.abs(frequencies - means)) / size
    assert expected_calibration_error(p, labels, bins=bins) == pytest.approx(expected)


def test_calibrated_predictions_have_little_error() -> None:
    logits, labels = simulated(20_000)
    assert expected_calibration_error(sigmoid(0.7 * logits - 0.4), labels) < 0.02
    assert expected_calibration_error(sigmoid(3 * logits), labels) > 0.05


@pytest.mark.parametrize("value", [-1e6, -40.0, 0.0, 40.0, 1e6])
def test_sigmoid_is_stable(value: float) -> None:
    with np.errstate(all="raise"):
        assert sigmoid(value) == pytest.approx(1 / (1 + np.exp(-np.clip(value, -700, 700))), abs=1e-15)


@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_platt_is_logistic_regression_on_soft_targets(scale: float, seed: int) -> None:
    logits, labels = simulated(scale=scale, slope=1.2 / scale, seed=seed)
    slope, offset = fit_platt(logits, labels)
    # A soft target t is t parts of a fake and 1 - t parts of a real.
    fakes, reals = labels.sum(), (1 - labels).sum()
    target = np.where(labels == 1, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    model = LogisticRegression(C=1 / 1e-3, tol=1e-12, max_iter=10_000)
    doubled = np.concatenate([logits, logits])[:, None]
    model.fit(doubled, np.repeat([1, 0], labels.size), sample_weight=np.concatenate([target, 1 - target]))
    assert slope == pytest.approx(model.coef_[0, 0], rel=2e-3, abs=1e-4)
    assert offset == pytest.approx(model.intercept_[0], rel=2e-3, abs=1e-3)


def test_platt_finds_the_truth() -> None:
    logits, labels = simulated(40_000)
    assert fit_platt(logits, labels) == pytest.approx((0.7, -0.4), abs=0.04)


def test_platt_of_separable_data_is_finite_and_points_up() -> None:
    slope, offset = fit_platt([-3.0, -2.0, 2.0, 3.0], [0, 0, 1, 1])
    assert 0 < slope < 5
    assert abs(offset) < 1e-6


@pytest.mark.parametrize("size", [1e-2, 1e3, 1e6])
def test_platt_does_not_depend_on_the_size_of_logits(size: float) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    logits = size * (labels - 0.5 + rng.normal(0, 0.7, 100))
    slope, offset = fit_platt(logits, labels)
    expected, expected_offset = fit_platt(logits / size, labels, ridge=1e-3 / size**2)
    assert slope * size == pytest.approx(expected, rel=1e-4)
    assert offset == pytest.approx(expected_offset, abs=1e-4)


def test_weights_count_like_copies() -> None:
    logits, labels = simulated(60)
    weights = np.where(np.arange(60) < 20, 3, 1)
    copied = np.repeat(np.arange(60), weights)
    # Weights are scaled to a sum of N, so the ridge and the soft targets weigh differently, but only a little.
    assert fit_platt(logits, labels, weights=weights) == pytest.approx(
        fit_platt(logits[copied], labels[copied]), abs=0.1
    )
    assert fit_platt(logits, labels, weights=np.full(60, 7.0)) == pytest.approx(fit_platt(logits, labels))


@pytest.mark.parametrize("metric", [brier_score, log_loss, expected_calibration_error, fit_platt])
def test_inputs_are_never_changed_and_bad_ones_refused(metric) -> None:
    p, labels = np.array([0.0, 1.0, 0.4]), np.array([0, 1, 1])
    p.flags.writeable = labels.flags.writeable = False
    metric(p, labels)
    assert p.tolist() == [0.0, 1.0, 0.4]
    with pytest.raises(DataError):
        metric([0.5, float("nan")], [0, 1])
    with pytest.raises(DataError):
        metric([0.5, 0.5], [1, 1])


def test_calibration_for_equal_odds_is_judged_at_equal_odds() -> None:
    """Probabilities that hold for as many fakes as genuine media, on media of which four in five are fake."""
    rng = np.random.default_rng(0)
    labels = (rng.random(40_000) < 0.8).astype(int)
    evidence = rng.normal(2.0 * labels - 1.0, 1.0)  # Two unit normals at -1 and 1: the log-odds are twice the value.
    p = sigmoid(2 * evidence)
    assert expected_calibration_error(p, labels, balanced=True) < 0.015
    assert expected_calibration_error(p, labels) > 0.03
    even = labels.copy()
    even[:] = np.arange(labels.size) % 2
    assert expected_calibration_error(p, even, balanced=True) == pytest.approx(expected_calibration_error(p, even))
