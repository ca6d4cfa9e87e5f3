"""Metrics at one threshold against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from unmask.core.errors import DataError
from unmask.metrics.threshold import Confusion, confusion, share_interval


@st.composite
def predicted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 40))
    p = draw(st.lists(st.sampled_from([0.0, 0.2, 0.49, 0.5, 0.51, 0.9, 1.0]), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[0], labels[1] = 0, 1
    return np.array(p), np.array(labels)


@given(predicted(), st.sampled_from([0.3, 0.5, 0.8]))
@settings(deadline=None, max_examples=60)
def test_every_figure_is_that_of_scikit_learn(data, threshold: float) -> None:
    p, labels = data
    found = confusion(p, labels, threshold=threshold)
    said = (p >= threshold).astype(int)
    matrix = [[found.true_real, found.false_fake], [found.false_real, found.true_fake]]
    assert matrix == sk.confusion_matrix(labels, said, labels=[0, 1]).tolist()
    assert found.accuracy == pytest.approx(sk.accuracy_score(labels, said))
    assert found.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(labels, said))
    assert found.precision == pytest.approx(sk.precision_score(labels, said, zero_division=0))
    assert found.recall == pytest.approx(sk.recall_score(labels, said))
    assert found.specificity == pytest.approx(sk.recall_score(labels, said, pos_label=0))
    assert found.f1 == pytest.approx(sk.f1_score(labels, said, zero_division=0))
    assert found.mcc == pytest.approx(sk.matthews_corrcoef(labels, said))


@given(predicted())
@settings(deadline=None, max_examples=40)
def test_turning_scores_and_labels_round_swaps_the_classes(data) -> None:
    p, labels = data
    found, turned = confusion(p, labels, threshold=0.45), confusion(1 - p, 1 - labels, threshold=0.55 + 1e-9)
    assert (found.true_real, found.false_fake) == (turned.true_fake, turned.false_real)
    assert found.mcc == pytest.approx(turned.mcc)
    assert found.balanced_accuracy == pytest.approx(turned.balanced_accuracy)


@given(predicted(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_does_not_matter_and_copies_change_no_share(data, random) -> None:
    p, labels = data
    order = list(range(p.size))
    random.shuffle(order)
    found = confusion(p, labels)
    assert confusion(p[order], labels[order]) == found
    twice = confusion(np.tile(p, 2), np.tile(labels, 2))
    assert (twice.accuracy, twice.f1, twice.mcc) == pytest.approx((found.accuracy, found.f1, found.mcc))


def test_by_hand() -> None:
    found = confusion([0.1, 0.7, 0.4, 0.9, 0.8], [0, 0, 1, 1, 1])
    assert found == Confusion(true_real=1, false_fake=1, false_real=1, true_fake=2)
    assert found.accuracy == pytest.approx(0.6)


def test_one_label_is_refused() -> None:
    with pytest.raises(DataError):
        confusion([0.1, 0.2], [1, 1])


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (0, 40), (3, 40), (40, 40), (500, 1000)])
def test_the_interval_of_a_share_is_that_of_scipy(count: int, total: int) -> None:
    wanted = binomtest(count, total).proportion_ci(method="wilson")
    assert share_interval(count, total) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
