"""The accuracy of the surest answers, against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from unmask.core.errors import DataError
from unmask.metrics.selective import accuracy_at_coverage, selective_accuracy


@st.composite
def predicted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 30))
    p = draw(st.lists(st.integers(0, 10), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[0], labels[1] = 0, 1
    return np.array(p) / 10, np.array(labels)


@given(predicted())
@settings(deadline=None, max_examples=60)
def test_each_point_is_scikit_learns_accuracy_of_a_subset(data) -> None:
    p, labels = data
    curve = selective_accuracy(p, labels)
    sure = np.round(abs(p - 0.5), 9)
    for coverage, accuracy, least in zip(curve.coverage, curve.accuracy, sorted(set(sure), reverse=True), strict=True):
        kept = sure >= least
        assert coverage == pytest.approx(kept.mean())
        assert accuracy == pytest.approx(sk.accuracy_score(labels[kept], p[kept] >= 0.5))


@given(predicted(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_and_sharpening_do_not_matter(data, random) -> None:
    p, labels = data
    order = list(range(p.size))
    random.shuffle(order)
    plain, mixed = selective_accuracy(p, labels), selective_accuracy(p[order], labels[order])
    calmer = selective_accuracy(0.5 + (p - 0.5) / 3, labels)
    for other in (mixed, calmer):
        assert plain.coverage.tolist() == other.coverage.tolist()
        assert plain.accuracy.tolist() == other.accuracy.tolist()


def test_the_surest_half() -> None:
    p, labels = [0.02, 0.98, 0.55, 0.45], [0, 1, 0, 1]
    assert accuracy_at_coverage(p, labels, coverage=0.5) == 1.0
    assert accuracy_at_coverage(p, labels, coverage=0.6) == 0.5
    assert accuracy_at_coverage(p, labels, coverage=1.0) == 0.5


def test_one_label_is_refused() -> None:
    with pytest.raises(DataError):
        selective_accuracy([0.1, 0.2], [0, 0])
