from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.fusion.pool import pooled_logit, spread

LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=60)


@given(LOGITS)
def test_a_pooled_logit_lies_among_its_units_and_ignores_their_order(logits: list[float]) -> None:
    found = pooled_logit(logits)
    assert min(logits) - 1e-9 <= found <= max(logits) + 1e-9
    assert pooled_logit(sorted(logits, reverse=True)) == pytest.approx(found)


@given(LOGITS, st.integers(0, 59), st.floats(0, 10))
def test_a_unit_that_turns_more_suspicious_never_calms(logits: list[float], place: int, more: float) -> None:
    worse = list(logits)
    worse[place % len(logits)] += more
    assert pooled_logit(worse) >= pooled_logit(logits) - 1e-9


def test_a_tenth_of_wild_frames_does_not_decide() -> None:
    assert pooled_logit([1.0] * 18 + [500.0, -500.0]) == 1.0
    assert pooled_logit([1.0] * 8 + [10.0]) == pytest.approx(2.0)


def test_nothing_cannot_be_pooled() -> None:
    with pytest.raises(ValueError, match="abstain"):
        pooled_logit([])


def test_one_unit_has_no_spread_and_more_units_narrow_it() -> None:
    assert spread([3.0]) == 0.0
    assert spread([2.0, 2.0]) == 0.0
    few, many = [0.0, 1.0] * 4, [0.0, 1.0] * 64
    assert spread(many) < spread(few)
    # Sixteen times as many frames count as four times as many independent ones: half the error.
    assert spread(many) / spread(few) == pytest.approx(0.5 * np.std(many, ddof=1) / np.std(few, ddof=1))
