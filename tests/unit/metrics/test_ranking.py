"""Ranking metrics against scikit-learn and against their definitions."""

from __future__ import annotations

import doctest
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import interpolate, optimize
from sklearn import metrics as sk

from unmask.core.errors import DataError
from unmask.metrics import ranking
from unmask.metrics.ranking import (
    auc,
    average_precision,
    equal_error_rate,
    precision_recall,
    recall_at,
    roc,
    threshold_at,
)

METRICS = (auc, equal_error_rate, average_precision)


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and both labels."""
    size = draw(st.integers(2, 40))
    scores = draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[0], labels[1] = 0, 1
    return np.array(scores) / 4, np.array(labels)


@given(scored())
@settings(deadline=None)
def test_auc_and_average_precision_are_those_of_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = data
    assert auc(scores, labels) == pytest.approx(sk.roc_auc_score(labels, scores))
    assert average_precision(scores, labels) == pytest.approx(sk.average_precision_score(labels, scores))


@given(scored())
@settings(deadline=None)
def test_auc_is_the_chance_that_a_fake_outscores_a_real(data: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = data
    pairs = [(fake > real) + 0.5 * (fake == real) for fake in scores[labels == 1] for real in scores[labels == 0]]
    assert auc(scores, labels) == pytest.approx(np.mean(pairs))


@given(scored())
@settings(deadline=None)
def test_roc_points_are_counts_at_thresholds(data: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = data
    curve = roc(scores, labels)
    for alarm, recall, threshold in zip(curve.false_alarms, curve.recalls, curve.thresholds, strict=True):
        assert alarm == pytest.approx((scores[labels == 0] >= threshold).mean())
        assert recall == pytest.approx((scores[labels == 1] >= threshold).mean())
    assert (np.diff(curve.thresholds) < 0).all()
    assert curve.recalls[-1] == curve.false_alarms[-1] == 1


def brute_eer(scores: np.ndarray, labels: np.ndarray) -> float:
    """Cross the broken line (false alarms, misses) with the diagonal, one stretch after the other."""
    points = []
    for threshold in [np.inf, *sorted(set(scores.tolist()), reverse=True)]:
        alarms = float((scores[labels == 0] >= threshold).mean())
        misses = float((scores[labels == 1] < threshold).mean())
        points.append((alarms, misses))
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if (x0 - y0) <= 0 <= (x1 - y1):
            part = (y0 - x0) / ((x1 - x0) + (y0 - y1))
            return x0 + part * (x1 - x0)
    raise AssertionError


@given(scored())
@settings(deadline=None)
def test_eer_is_where_misses_equal_false_alarms(data: tuple[np.ndarray, np.ndarray]) -> None:
    assert equal_error_rate(*data) == pytest.approx(brute_eer(*data))


@given(scored())
@settings(deadline=None)
def test_eer_is_the_crossing_of_scikit_learns_roc(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Where false alarms and misses, each drawn straight between the points of the ROC, are the same."""
    false_alarms, recalls, _ = sk.roc_curve(data[1], data[0], drop_intermediate=False)
    gap = interpolate.interp1d(np.arange(false_alarms.size), false_alarms - (1 - recalls))
    place = optimize.brentq(gap, 0, false_alarms.size - 1, xtol=1e-12)
    assert equal_error_rate(*data) == pytest.approx(np.interp(place, np.arange(false_alarms.size), false_alarms))


@pytest.mark.parametrize("size", [20, 300, 5000])
@pytest.mark.parametrize("levels", [3, 40, 10_000])
def test_error_rates_of_many_media_are_those_of_scikit_learns_roc(size: int, levels: int) -> None:
    rng = np.random.default_rng([size, levels])
    labels = np.arange(size) % 5 % 2  # Two fakes to three genuine media.
    scores = np.round(rng.normal(size=size) * levels / 6 + labels * levels / 6)  # Many ties where levels are few.
    false_alarms, recalls, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
    for allowed in (0.0, 0.01, 0.05, 0.5, 1.0):
        assert recall_at(scores, labels, false_alarms=allowed) == recalls[false_alarms <= allowed].max()
    at = optimize.brentq(lambda x: 1 - x - np.interp(x, false_alarms, recalls), 0, 1, xtol=1e-12)
    assert equal_error_rate(scores, labels) == pytest.approx(at, abs=1e-9)


@given(scored(), st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5]))
@settings(deadline=None)
def test_recall_at_a_false_alarm_rate_is_the_most_that_scikit_learns_roc_allows(data, allowed: float) -> None:
    false_alarms, recalls, _ = sk.roc_curve(data[1], data[0], drop_intermediate=False)
    assert recall_at(*data, false_alarms=allowed) == pytest.approx(recalls[false_alarms <= allowed].max())


def test_eer_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40_000)
    scores = rng.normal(size=80_000) + 2 * labels
    assert equal_error_rate(scores, labels) == pytest.approx(0.1587, abs=0.004)  # Phi(-1)


@given(scored(), st.floats(0, 1))
@settings(deadline=None)
def test_thresholds_keep_their_promise_and_are_the_smallest(data, allowed: float) -> None:
    scores, labels = data
    threshold = threshold_at(scores, labels, false_alarms=allowed)
    assert (scores[labels == 0] >= threshold).mean() <= allowed
    assert recall_at(scores, labels, false_alarms=allowed) == pytest.approx((scores[labels == 1] >= threshold).mean())
    lower = scores[scores < threshold]
    if lower.size:
        assert (scores[labels == 0] >= lower.max()).mean() > allowed


@given(scored(), st.floats(0.1, 9), st.floats(-9, 9))
@settings(deadline=None)
def test_ranking_metrics_see_the_order_only(data, slope: float, offset: float) -> None:
    scores, labels = data
    for metric in METRICS:
        assert metric(slope * scores + offset, labels) == pytest.approx(metric(scores, labels))


@given(scored(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_rows_does_not_matter(data, random) -> None:
    scores, labels = data
    order = list(range(labels.size))
    random.shuffle(order)
    for metric in METRICS:
        assert metric(scores[order], labels[order]) == pytest.approx(metric(scores, labels))


@given(scored())
@settings(deadline=None)
def test_turning_scores_and_labels_round_keeps_auc_and_eer(data) -> None:
    scores, labels = data
    assert auc(-scores, 1 - labels) == pytest.approx(auc(scores, labels))
    assert auc(-scores, labels) == pytest.approx(1 - auc(scores, labels))
    assert equal_error_rate(-scores, 1 - labels) == pytest.approx(equal_error_rate(scores, labels))


@pytest.mark.parametrize(
    ("scores", "expected_auc", "expected_eer"), [([0, 0, 1, 1], 1, 0), ([1, 1, 0, 0], 0, 1), ([3, 3, 3, 3], 0.5, 0.5)]
)
def test_perfect_reversed_and_constant(scores: list[float], expected_auc: float, expected_eer: float) -> None:
    assert auc(scores, [0, 0, 1, 1]) == expected_auc
    assert equal_error_rate(scores, [0, 0, 1, 1]) == expected_eer


@pytest.mark.parametrize("metric", METRICS)
def test_inputs_are_never_changed(metric) -> None:
    scores, labels = np.array([0.3, 0.1, 0.9]), np.array([0, 0, 1])
    before = scores.copy(), labels.copy()
    scores.flags.writeable = labels.flags.writeable = False
    metric(scores, labels)
    assert (scores == before[0]).all()
    assert (labels == before[1]).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("scores", "labels", "words"),
    [
        ([0.1, 0.2], [0, 0], "both present"),
        ([0.1, 0.2], [0, 2], "labels 0"),
        ([], [], "both present"),
        ([0.1], [0, 1], "as many scores"),
        ([[0.1, 0.2]], [[0, 1]], "one dimension"),
        ([0.1, float("nan")], [0, 1], "abstentions"),
        ([0.1, float("inf")], [0, 1], "abstentions"),
    ],
)
def test_what_no_metric_can_use_is_refused(metric, scores, labels, words: str) -> None:
    with pytest.raises(DataError, match=words):
        metric(scores, labels)


def test_the_examples_in_the_docstrings() -> None:
    result = doctest.testmod(ranking)
    assert result.attempted >= 2
    assert result.failed == 0


@given(scored())
@settings(deadline=None)
def test_precision_recall_points_are_those_of_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = data
    recalls, precisions = precision_recall(scores, labels)
    theirs, their_recalls, _ = sk.precision_recall_curve(labels, scores)
    assert recalls.tolist() == pytest.approx(their_recalls[:-1][::-1].tolist())
    assert precisions.tolist() == pytest.approx(theirs[:-1][::-1].tolist())
