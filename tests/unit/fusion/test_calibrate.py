from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.fusion.calibrate import (
    log_odds,
    medium_interval,
    medium_probability,
    probability,
    unit_evidence,
    unit_probability,
)
from unmask.models.card import Calibration

LOGIT = st.floats(-50, 50)


def card(*, slope: float = 1.0, offset: float = 0.0, residual: float = 0.5) -> Calibration:
    return Calibration(slope, offset, 2 * slope, 2 * offset, 0.3, 0.7, ("a",), residual)


@given(LOGIT, st.floats(0.01, 5))
def test_higher_logits_are_more_likely_fake(logit: float, more: float) -> None:
    for p_fake in (unit_probability, medium_probability):
        assert p_fake(logit + more, card()) >= p_fake(logit, card())
    assert unit_probability(2.0, card()) > 0.5 > unit_probability(-2.0, card())


def test_unit_and_medium_have_their_own_scales() -> None:
    assert unit_probability(1.0, card(offset=0.5)) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert medium_probability(1.0, card(offset=0.5)) == pytest.approx(1 / (1 + math.exp(-3.0)))


@pytest.mark.parametrize("logit", [-1e9, -800.0, 0.0, 800.0, 1e9])
def test_probabilities_never_overflow(logit: float) -> None:
    assert 0 <= probability(logit) <= 1
    assert probability(logit) + probability(-logit) == pytest.approx(1)


@given(st.floats(1e-5, 1 - 1e-5))
def test_log_odds_undo_the_logistic_function(p: float) -> None:
    assert probability(log_odds(p)) == pytest.approx(p)


@pytest.mark.parametrize(("p", "expected"), [(0.0, 1e-6), (1.0, 1 - 1e-6)])
def test_certainty_is_kept_finite(p: float, expected: float) -> None:
    assert probability(log_odds(p)) == pytest.approx(expected)


@given(LOGIT, st.floats(0, 5), st.floats(0, 3))
def test_the_interval_holds_its_probability(logit: float, spread: float, residual: float) -> None:
    low, high = medium_interval(logit, spread, card(residual=residual))
    assert 0 <= low <= medium_probability(logit, card()) <= high <= 1


def test_spread_and_residual_both_widen_the_interval() -> None:
    def width(spread: float, residual: float) -> float:
        low, high = medium_interval(0.3, spread, card(residual=residual))
        return high - low

    assert width(0, 0) == 0
    assert width(0.5, 0.5) > max(width(0.5, 0), width(0, 0.5)) > 0


def test_the_interval_is_a_90_percent_one() -> None:
    low, high = medium_interval(0.0, 0.0, card(residual=1.0))
    assert (log_odds(low), log_odds(high)) == pytest.approx((-1.645, 1.645), abs=1e-3)


def test_the_mean_of_a_calibrated_map_is_the_calibrated_answer() -> None:
    places = np.array([[4.0, -2.0], [0.0, 0.0]], np.float32)
    found = unit_evidence(places, card(slope=2.0, offset=-1.0))
    assert found.dtype == np.float32
    assert probability(float(found.mean())) == pytest.approx(
        unit_probability(float(places.mean()), card(slope=2.0, offset=-1.0))
    )
    assert found[0, 0] == pytest.approx(7.0)
