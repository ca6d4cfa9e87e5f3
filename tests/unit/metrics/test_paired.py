"""DeLong's test against the definition in the paper, and on simulated detectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unmask.core.errors import DataError
from unmask.metrics.paired import delong
from unmask.metrics.ranking import auc


def by_definition(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Difference and its variance with the double sums of the paper, equations 3 to 6."""
    v10, v01 = [], []
    for scores in (first, second):
        fakes, reals = scores[labels == 1], scores[labels == 0]
        psi = (fakes[:, None] > reals[None]) + 0.5 * (fakes[:, None] == reals[None])
        v10.append(psi.mean(axis=1))
        v01.append(psi.mean(axis=0))
    s10 = np.array([[np.sum((a - a.mean()) * (b - b.mean())) / (a.size - 1) for b in v10] for a in v10])
    s01 = np.array([[np.sum((a - a.mean()) * (b - b.mean())) / (a.size - 1) for b in v01] for a in v01])
    contrast = np.array([1, -1])
    variance = contrast @ (s10 / v10[0].size + s01 / v01[0].size) @ contrast
    return float(v10[0].mean() - v10[1].mean()), float(variance)


@st.composite
def paired(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = draw(st.integers(4, 25))
    values = st.lists(st.integers(0, 6), min_size=size, max_size=size)
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[:4] = [0, 1, 0, 1]
    return np.array(draw(values), float), np.array(draw(values), float), np.array(labels)


@given(paired())
@settings(deadline=None, max_examples=80)
def test_it_is_the_papers_double_sum(data) -> None:
    first, second, labels = data
    found = delong(first, second, labels)
    gap, variance = by_definition(first, second, labels)
    assert found.first - found.second == pytest.approx(gap)
    assert found.error**2 == pytest.approx(variance, abs=1e-12)
    assert (found.first, found.second) == pytest.approx((auc(first, labels), auc(second, labels)))
    if found.error > 1e-6:
        assert found.p == pytest.approx(2 * stats.norm.sf(abs(gap) / np.sqrt(variance)), abs=1e-9)


@given(paired())
@settings(deadline=None, max_examples=40)
def test_swapping_turns_the_sign_and_monotone_scores_change_nothing(data) -> None:
    first, second, labels = data
    found, swapped = delong(first, second, labels), delong(second, first, labels)
    assert (swapped.z, swapped.p) == pytest.approx((-found.z, found.p))
    stretched = delong(np.exp(first), 3 * second - 1, labels)
    assert (stretched.z, stretched.p) == pytest.approx((found.z, found.p))


def test_a_detector_does_not_differ_from_itself() -> None:
    scores, labels = np.array([0.1, 0.8, 0.4, 0.9]), np.array([0, 1, 1, 0])
    found = delong(scores, 2 * scores, labels)
    assert (found.z, found.p) == (0.0, 1.0)


def test_detectors_without_any_spread_differ_for_certain() -> None:
    found = delong([0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1])
    assert found.first - found.second == 1.0
    assert found.p == 0.0


def test_p_values_are_even_when_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    common = rng.normal(size=(300, 120)) + labels
    found = [delong(row + rng.normal(size=120), row + rng.normal(size=120), labels).p for row in common]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_a_real_difference_is_seen() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 200)
    assert delong(rng.normal(size=400) + 2 * labels, rng.normal(size=400) + 0.5 * labels, labels).p < 1e-6


def test_too_few_media_are_refused() -> None:
    with pytest.raises(DataError, match="two genuine and two forged"):
        delong([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0, 1, 1])
