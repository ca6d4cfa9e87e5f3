"""Bootstrap intervals: coverage on simulated data, clusters, determinism."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from unmask.core.errors import DataError
from unmask.metrics.bootstrap import Estimate, band, interval, intervals
from unmask.metrics.ranking import auc

SHIFT = 1.0
TRUE_AUC = float(norm.cdf(SHIFT / np.sqrt(2)))


def sample(seed: int, *, people: int = 40, frames: int = 1) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Scores of people; the frames of one person are nearly copies of each other."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people) % 2, frames)
    centres = rng.normal(size=people).repeat(frames)
    scores = centres + SHIFT * labels + 0.01 * rng.normal(size=labels.size)
    return scores, labels, [f"person {index}" for index in range(people) for _ in range(frames)]


def coverage(frames: int, *, clustered: bool) -> float:
    hits = 0
    for seed in range(60):
        scores, labels, names = sample(seed, frames=frames)
        found = interval(auc, scores, labels, clusters=names if clustered else None, rounds=80, seed=seed)
        hits += found.low <= TRUE_AUC <= found.high
    return hits / 60


def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    assert 0.87 <= coverage(1, clustered=False) <= 1.0


def test_only_clusters_give_honest_intervals_for_frames() -> None:
    assert coverage(4, clustered=True) >= 0.87
    assert coverage(4, clustered=False) < 0.8


def test_same_seed_same_interval_and_input_unchanged() -> None:
    scores, labels, names = sample(0)
    scores.flags.writeable = labels.flags.writeable = False
    one = interval(auc, scores, labels, clusters=names, rounds=50, seed=3)
    assert one == interval(auc, scores, labels, clusters=names, rounds=50, seed=3)
    assert one != interval(auc, scores, labels, clusters=names, rounds=50, seed=4)
    assert one.low <= one.value <= one.high
    assert one.value == auc(scores, labels)


def test_row_order_within_clusters_does_not_change_the_value() -> None:
    scores, labels, names = sample(0, frames=3)
    order = np.random.default_rng(0).permutation(labels.size)
    shuffled = interval(auc, scores[order], labels[order], clusters=[names[at] for at in order], rounds=50)
    assert shuffled == interval(auc, scores, labels, clusters=names, rounds=50)


def test_a_single_cluster_holds_both_classes_or_nothing_can_be_said() -> None:
    assert interval(auc, [0.1, 0.9], [0, 1], clusters=["a", "a"], rounds=5) == Estimate(1.0, 1.0, 1.0)


def test_resamples_with_one_class_are_drawn_again() -> None:
    found = interval(auc, [0.1, 0.2, 0.9], [0, 0, 1], rounds=50)
    assert found == Estimate(1.0, 1.0, 1.0)


def test_hopeless_clusters_are_refused() -> None:
    scores = np.linspace(0, 1, 400)
    labels = np.zeros(400, int)
    labels[-1] = 1
    names = ["same"] * 399 + ["other"]

    def never(_scores: np.ndarray, _labels: np.ndarray) -> float:
        return 0.0

    assert interval(never, scores, labels, clusters=names, rounds=5).value == 0.0
    with pytest.raises(DataError):
        interval(never, scores, np.zeros(400, int), clusters=names, rounds=5)


def test_how_an_estimate_reads() -> None:
    assert str(Estimate(0.91234, 0.9, 0.95)) == "0.912 [0.900, 0.950]"


def test_several_metrics_share_their_resamples() -> None:
    scores, labels, names = sample(1)
    both = intervals({"auc": auc, "turned": lambda s, y: 1 - auc(s, y)}, scores, labels, clusters=names, rounds=60)
    assert both["auc"] == interval(auc, scores, labels, clusters=names, rounds=60)
    assert both["turned"].low == pytest.approx(1 - both["auc"].high)


def test_paired_detectors_are_resampled_together() -> None:
    """The difference of two nearly alike detectors is far surer than either figure."""
    scores, labels, names = sample(2)
    pair = np.stack([scores, scores + 0.05 * np.random.default_rng(0).normal(size=scores.size)], axis=1)

    def gap(values: np.ndarray, truth: np.ndarray) -> float:
        return auc(values[:, 0], truth) - auc(values[:, 1], truth)

    found = intervals({"gap": gap}, pair, labels, clusters=names, rounds=100)["gap"]
    alone = interval(auc, scores, labels, clusters=names, rounds=100)
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 0.3 * (alone.high - alone.low)


def test_a_band_holds_its_curve_and_says_where_it_knows_nothing() -> None:
    scores, labels, names = sample(3)

    def curve(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return np.array([auc(values, truth), np.nan])

    low, high = band(curve, scores, labels, clusters=names, rounds=60)
    same = interval(auc, scores, labels, clusters=names, rounds=60)
    assert (low[0], high[0]) == pytest.approx((same.low, same.high))
    assert np.isnan([low[1], high[1]]).all()
