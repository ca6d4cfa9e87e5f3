from __future__ import annotations

import pickle

import pytest

from unmask.core.errors import InvalidOption
from unmask.scanning.plan import TIERS, ScanPlan, tier_models


def test_plans_travel_and_can_be_keys() -> None:
    plan = ScanPlan(frames=5, exhibits=2)
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert {plan: 1}[ScanPlan(frames=5, exhibits=2)] == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"frames": 0}, "frames is 0; expected at least 1"),
        ({"every": -1}, "every is -1"),
        ({"threads": -1}, "threads is -1"),
        ({"engine": "openvin"}, "Did you mean openvino"),
    ],
    ids=["frames", "every", "threads", "engine"],
)
def test_impossible_settings_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        ScanPlan(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("tier", ["auto", "fast", "accurate"])
def test_tiers(tier: str) -> None:
    face, speech, picture = tier_models(tier)
    assert face.startswith("face.")
    assert speech.startswith("speech.")
    assert not picture or picture.startswith("picture.")


def test_an_unknown_tier_lists_the_nearest() -> None:
    with pytest.raises(InvalidOption, match="Did you mean fast"):
        tier_models("fasst")


def test_auto_takes_the_best_that_is_here(tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    here = (tiny_plan.face, tiny_plan.speech, "")
    monkeypatch.setitem(TIERS, "accurate", here)
    monkeypatch.setitem(TIERS, "fast", ("face.fast-2", "speech.fast-1", ""))
    assert tier_models("auto") == here
    monkeypatch.setitem(TIERS, "accurate", ("face.accurate-1", tiny_plan.speech, ""))
    assert tier_models("auto") == ("face.fast-2", tiny_plan.speech, ""), "each for itself"
