"""Metrics of the speech field: against scikit-learn, closed forms, and the sums of the evaluation plans."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn import metrics as sk

from unmask.core.errors import DataError
from unmask.metrics.speech import SpeakerErrors, cllr, min_dcf, min_tdcf, speaker_errors


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 30))
    scores = draw(st.lists(st.integers(-6, 6), min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    labels[0], labels[1] = 0, 1
    return np.array(scores) / 2, np.array(labels)


@given(scored())
@settings(deadline=None, max_examples=60)
def test_cllr_is_scikit_learns_log_loss_in_bits_with_even_labels(data) -> None:
    log_odds, labels = data
    even = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    p = 1 / (1 + np.exp(-log_odds))
    assert cllr(log_odds, labels) == pytest.approx(sk.log_loss(labels, p, sample_weight=even) / np.log(2))


def test_cllr_of_knowing_nothing_is_one_bit_and_of_certainty_none() -> None:
    assert cllr([0, 0, 0], [0, 1, 1]) == pytest.approx(1.0)
    assert cllr([-50, 50], [0, 1]) == pytest.approx(0.0, abs=1e-12)
    assert cllr([50, -50], [0, 1]) == pytest.approx(50 / np.log(2))


def test_cllr_of_calibrated_normal_log_likelihood_ratios() -> None:
    """For N(+-v/2, v) the log-odds are their own calibration; the expectation is an integral."""
    variance = 4.0
    density = stats.norm(variance / 2, np.sqrt(variance)).pdf
    expected = integrate.quad(lambda x: density(x) * np.logaddexp(0, -x), -30, 40)[0] / np.log(2)
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40_000)
    log_odds = rng.normal(np.where(labels == 1, 1, -1) * variance / 2, np.sqrt(variance))
    assert cllr(log_odds, labels) == pytest.approx(expected, abs=0.01)
    assert cllr(2 * log_odds, labels) > cllr(log_odds, labels) < cllr(log_odds / 2, labels)


@given(scored())
@settings(deadline=None, max_examples=60)
def test_min_dcf_is_the_least_of_the_plans_sum_over_all_thresholds(data) -> None:
    scores, labels = data
    bona_fide = -scores  # The plan's scores rise with genuineness.
    costs = []
    for threshold in [-np.inf, *np.unique(bona_fide), np.inf]:
        miss = np.mean(bona_fide[labels == 0] < threshold)
        accept = np.mean(bona_fide[labels == 1] >= threshold)
        costs.append(1 * (1 - 0.05) * miss + 10 * 0.05 * accept)
    assert min_dcf(scores, labels) == pytest.approx(min(costs) / min(0.95, 0.5))


@given(scored())
@settings(deadline=None, max_examples=60)
def test_min_tdcf_is_the_least_of_the_plans_sum_over_all_thresholds(data) -> None:
    """The sum over the four ways to err, with P_tar = 0.9405, P_non = 0.0095, P_spoof = 0.05, and costs 1 and 10."""
    scores, labels = data
    asv = SpeakerErrors(miss=0.025, false_accept=0.025, spoof_miss=0.6)
    costs = []
    for threshold in [-np.inf, *np.unique(-scores), np.inf]:
        miss = np.mean(-scores[labels == 0] < threshold)
        accept = np.mean(-scores[labels == 1] >= threshold)
        c1 = 0.9405 * (1 - 1 * 0.025) - 0.0095 * 10 * 0.025
        c2 = 10 * 0.05 * (1 - 0.6)
        costs.append((c1 * miss + c2 * accept) / min(c1, c2))
    assert min_tdcf(scores, labels, asv) == pytest.approx(min(costs))


def test_tdcf_of_normal_scores() -> None:
    """Two normal distributions two deviations apart: the best threshold can be found by calculus."""
    asv = SpeakerErrors(miss=0.02, false_accept=0.02, spoof_miss=0.3)
    c1 = 0.9405 * 0.98 - 0.0095 * 10 * 0.02
    c2 = 0.5 * 0.7
    at = 1 + np.log(c1 / c2) / 2  # where c1 * density(real) equals c2 * density(fake)
    expected = (c1 * stats.norm.sf(at) + c2 * stats.norm.cdf(at - 2)) / min(c1, c2)
    labels = np.repeat([0, 1], 60_000)
    scores = np.random.default_rng(0).normal(size=labels.size) + 2 * labels
    assert min_tdcf(scores, labels, asv) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("metric", [min_dcf, lambda s, y: min_tdcf(s, y, SpeakerErrors(0.02, 0.02, 0.3))])
@given(data=scored(), slope=st.floats(0.1, 5), offset=st.floats(-3, 3))
@settings(deadline=None, max_examples=30)
def test_costs_see_the_order_only_and_never_pass_one(metric, data, slope: float, offset: float) -> None:
    scores, labels = data
    found = metric(scores, labels)
    assert 0 <= found <= 1 + 1e-12
    assert metric(slope * scores + offset, labels) == pytest.approx(found)


def test_perfect_and_useless_detectors() -> None:
    asv = SpeakerErrors(0.02, 0.02, 0.3)
    assert min_dcf([0, 0, 1], [0, 0, 1]) == min_tdcf([0, 0, 1], [0, 0, 1], asv) == 0.0
    assert min_dcf([1, 1, 1], [0, 0, 1]) == min_tdcf([1, 1, 1], [0, 0, 1], asv) == pytest.approx(1.0)


def test_speaker_verification_is_set_to_its_equal_error_rate() -> None:
    found = speaker_errors([1, 2, 3, 4], [-1, 0, 1.5, -2], [0, 2.5, 5])
    assert found.miss == found.false_accept == 0.25
    assert found.spoof_miss == pytest.approx(1 / 3)


def test_hopeless_speaker_verification_is_refused() -> None:
    with pytest.raises(DataError, match="no detector can help"):
        min_tdcf([0, 1], [0, 1], SpeakerErrors(miss=0.1, false_accept=0.1, spoof_miss=1.0))
    with pytest.raises(DataError, match="spoofed speech"):
        speaker_errors([1.0], [0.0], [])
