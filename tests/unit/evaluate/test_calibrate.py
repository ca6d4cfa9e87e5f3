"""Calibration on simulated detectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.evaluate.made import answer, drawn, moving, silent
from unmask.core.errors import DataError
from unmask.evaluate.calibrate import (
    ENOUGH_TO_PROMISE,
    FALSE_ALARMS,
    FEWEST_CLIPS,
    IDENTITY,
    MISSES,
    calibrate,
    calibrate_by_kind,
    promised,
)
from unmask.evaluate.predict import Prediction
from unmask.fusion.calibrate import medium_probability, unit_probability
from unmask.metrics.calibration import fit_platt
from unmask.models.card import Calibration


def shares(found: Calibration, predictions: list[Prediction]) -> tuple[float, float]:
    """Shares of the genuine media called likely_fake, and of the forged ones called likely_real."""
    real = np.array([medium_probability(one.logit, found) for one in predictions if one.row.label == 0])
    fake = np.array([medium_probability(one.logit, found) for one in predictions if one.row.label == 1])
    return float((real >= found.likely_fake_above).mean()), float((fake < found.likely_real_below).mean())


def neutral(slope: float, offset: float) -> float:
    """The logit that becomes a probability of one half."""
    return -offset / slope


def test_identity_leaves_logits_as_they_are() -> None:
    for logit in (-3.0, 0.0, 1.7):
        prediction = answer(logit, 0)
        assert prediction.logit == pytest.approx(logit)
        assert medium_probability(logit, IDENTITY) == pytest.approx(prediction.p_fake)


def test_a_higher_logit_means_more_likely_fake() -> None:
    found = calibrate(drawn(150, 0, -1.0) + drawn(150, 1, 1.0))
    assert found.medium_slope > 0
    assert found.unit_slope > 0
    assert medium_probability(4.0, found) > 0.9
    assert medium_probability(-4.0, found) < 0.1
    assert unit_probability(4.0, found) > 0.8
    assert unit_probability(-4.0, found) < 0.2


def test_an_overconfident_detector_is_calmed() -> None:
    calm = calibrate(drawn(400, 0, -1.0) + drawn(400, 1, 1.0))
    loud = calibrate(drawn(400, 0, -3.0, spread=4.5) + drawn(400, 1, 3.0, spread=4.5))
    assert loud.medium_slope == pytest.approx(calm.medium_slope / 3, rel=0.05)
    assert loud.medium_slope < 0.5


def test_fewer_false_alarms_can_be_asked_for() -> None:
    predictions = drawn(400, 0, -1.0) + drawn(400, 1, 1.0)
    usual, strict = calibrate(predictions), calibrate(predictions, false_alarms=0.01)
    assert strict.likely_fake_above > usual.likely_fake_above
    assert shares(strict, predictions)[0] <= 0.01


def test_families_whose_alarms_add_to_others_promise_more() -> None:
    assert promised("face") == (FALSE_ALARMS, MISSES)
    assert promised("speech")[0] < promised("picture")[0] < FALSE_ALARMS
    assert promised("picture")[1] < MISSES


def test_fewer_misses_can_be_asked_for() -> None:
    predictions = drawn(400, 0, -1.0) + drawn(400, 1, 1.0)
    usual, strict = calibrate(predictions), calibrate(predictions, misses=0.02)
    assert strict.likely_real_below < usual.likely_real_below
    assert strict.likely_fake_above == usual.likely_fake_above
    assert shares(strict, predictions)[1] <= 0.02


def test_a_large_source_keeps_the_promises_by_itself() -> None:
    easy = drawn(900, 0, -3.0, source="photographs") + drawn(900, 1, 3.0, source="portraits")
    for count, kept in ((ENOUGH_TO_PROMISE - 1, False), (ENOUGH_TO_PROMISE, True)):
        stills = drawn(count, 0, 0.0, source="stills") + drawn(count, 1, 0.5, source="stills")
        found = calibrate(easy + stills)
        assert all(
            share <= most for share, most in zip(shares(found, easy + stills), (FALSE_ALARMS, MISSES), strict=True)
        )
        false_alarms, misses = shares(found, stills)
        assert (false_alarms <= FALSE_ALARMS) is kept
        assert (misses <= MISSES) is kept


def test_sources_of_what_was_kept_back_share_one_promise() -> None:
    left_out = drawn(60, 0, -3.0) + drawn(60, 1, 3.0)
    hard = drawn(120, 0, 0.5, source="hard", spread=0.5) + drawn(120, 1, 0.5, source="hard", spread=0.5)
    kept_back = drawn(2000, 0, -3.0, source="easy") + drawn(2000, 1, 3.0, source="easy") + hard
    found = calibrate(left_out, kept_back)
    assert shares(found, kept_back)[0] <= FALSE_ALARMS
    assert shares(found, hard)[0] > FALSE_ALARMS


@pytest.mark.parametrize("count", [4, 9, 18, 19, 20, 39, 100, 333])
@pytest.mark.parametrize("apart", [0.3, 1.0, 3.0])
def test_thresholds_keep_their_promise(count: int, apart: float) -> None:
    for seed in range(5):
        predictions = drawn(count, 0, -apart, seed=seed) + drawn(count + 3, 1, apart, seed=seed)
        found = calibrate(predictions)
        false_alarms, misses = shares(found, predictions)
        assert false_alarms <= FALSE_ALARMS
        assert misses <= MISSES
        assert found.likely_real_below <= found.likely_fake_above


def test_thresholds_are_no_more_careful_than_promised() -> None:
    predictions = drawn(500, 0, -0.5) + drawn(500, 1, 0.5)
    found = calibrate(predictions)
    false_alarms, misses = shares(found, predictions)
    assert false_alarms > FALSE_ALARMS - 0.01
    assert misses > MISSES - 0.01
    assert found.likely_real_below < found.likely_fake_above, "a weak detector must have something between"


def test_a_perfect_detector_leaves_nothing_between() -> None:
    predictions = drawn(100, 0, -6.0, spread=0.5) + drawn(100, 1, 6.0, spread=0.5)
    found = calibrate(predictions)
    assert found.likely_real_below == found.likely_fake_above
    assert shares(found, predictions)[1] == 0.0


def test_tied_media_do_not_break_the_promise() -> None:
    """Many media at the very threshold stay on its safe side, however the scanner's arithmetic rounds."""
    for logit in np.linspace(-2, 2, 20):
        predictions = [answer(logit, label, group=str(one)) for label in (0, 1) for one in range(30)]
        predictions += drawn(30, 0, logit - 2.0) + drawn(30, 1, logit + 2.0)
        false_alarms, misses = shares(calibrate(predictions), predictions)
        assert false_alarms <= FALSE_ALARMS
        assert misses <= MISSES


@pytest.mark.parametrize("count", [19, 39, 59])
def test_the_promise_survives_the_card(count: int) -> None:
    """Cards keep six digits of every figure (see `unmask.models.write`); these counts leave no medium to spare."""
    for seed in range(20):
        predictions = drawn(count, 0, -1.0, seed=seed) + drawn(count, 1, 1.0, seed=seed)
        found = calibrate(predictions)
        rounded = {
            name: float(f"{getattr(found, name):.6g}")
            for name in ("medium_slope", "medium_offset", "likely_real_below", "likely_fake_above")
        }
        false_alarms, misses = shares(replace(found, **rounded), predictions)
        assert false_alarms <= FALSE_ALARMS
        assert misses <= MISSES


def test_one_huge_source_does_not_drown_a_small_one() -> None:
    """The huge source's genuine media score very low, the small one's high: fitted plainly, the huge one decides."""
    forged, small = drawn(200, 1, 2.0, source="forged"), drawn(60, 0, 0.0, source="small")
    even = calibrate(forged + small + drawn(60, 0, -4.0, source="huge"))
    media = forged + small + drawn(6000, 0, -4.0, source="huge")
    huge = calibrate(media)
    labels = np.array([one.row.label for one in media])
    by_label = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    plain = neutral(*fit_platt([one.logit for one in media], labels, weights=by_label))
    for slope, offset, wanted in (
        (huge.medium_slope, huge.medium_offset, neutral(even.medium_slope, even.medium_offset)),
        (huge.unit_slope, huge.unit_offset, neutral(even.unit_slope, even.unit_offset)),
    ):
        assert wanted > plain + 1.0, "the simulation must be one in which weights matter"
        assert plain + 0.25 * (wanted - plain) < neutral(slope, offset) <= wanted


def test_labels_count_alike() -> None:
    found = calibrate(drawn(100, 0, -1.0) + drawn(3000, 1, 1.0))
    assert neutral(found.medium_slope, found.medium_offset) == pytest.approx(0.0, abs=0.25)


def test_a_long_clip_counts_as_one_medium() -> None:
    """Its thousand units share the weight of one medium, so that units alone do not tilt the fit."""
    short = drawn(60, 0, -1.0) + drawn(60, 1, 1.0)
    long = [*short[:-1], answer(short[-1].logit, 1, units=np.linspace(-0.4, 0.4, 1000))]
    before, after = calibrate(short), calibrate(long)
    assert after.unit_slope == pytest.approx(before.unit_slope, rel=0.05)
    assert neutral(after.unit_slope, after.unit_offset) == pytest.approx(
        neutral(before.unit_slope, before.unit_offset), abs=0.1
    )


def test_residual_grows_with_what_sources_differ_by() -> None:
    def residual(gap: float) -> float:
        real = drawn(200, 0, -2.0 - gap, source="a") + drawn(200, 0, -2.0 + gap, source="b", seed=1)
        fake = drawn(200, 1, 2.0 - gap, source="a") + drawn(200, 1, 2.0 + gap, source="b", seed=1)
        found = calibrate(real + fake)
        return found.residual / found.medium_slope

    alike, differing, strangers = residual(0.0), residual(0.5), residual(1.5)
    assert alike < 0.3
    assert alike < differing < strangers
    assert strangers == pytest.approx(3.0 / np.sqrt(2), rel=0.15), "standard deviation of two means 3 apart"


def test_residual_is_assumed_where_there_is_nothing_to_compare() -> None:
    assert calibrate(drawn(50, 0, -1.0, source="a") + drawn(50, 1, 1.0, source="b")).residual == 1.0


@pytest.mark.parametrize("label", [0, 1])
def test_both_labels_must_be_answered(label: int) -> None:
    one_sided = drawn(20, label, 0.0)
    with pytest.raises(DataError, match="genuine and forged"):
        calibrate(one_sided)
    with pytest.raises(DataError, match="genuine and forged"):
        calibrate([*one_sided, silent(1 - label)])


def test_nothing_to_calibrate_on() -> None:
    with pytest.raises(DataError):
        calibrate([])


def test_abstentions_are_left_out() -> None:
    answered = drawn(60, 0, -1.0) + drawn(60, 1, 1.0, source="two")
    quiet = [silent(label, source=source, number=number) for label in (0, 1) for number, source in enumerate("xyx")]
    found = calibrate([*quiet, *answered])
    assert found == calibrate(answered)
    assert found.fitted_on == ("one", "two")


def test_clips_and_pictures_are_calibrated_apart_where_there_are_enough_of_both() -> None:
    pictures = drawn(200, 0, -1.0) + drawn(200, 1, 1.0)
    clips = moving(drawn(FEWEST_CLIPS, 0, 1.0, source="two") + drawn(FEWEST_CLIPS, 1, 3.0, source="two"))
    found, apart = calibrate_by_kind(pictures + clips)
    assert found == calibrate(pictures)
    assert apart == calibrate(clips)
    assert shares(apart, clips)[0] <= FALSE_ALARMS < shares(found, clips)[0]


@pytest.mark.parametrize("rare", ["genuine clips", "forged clips", "pictures"])
def test_too_few_of_one_kind_share_a_calibration(rare: str) -> None:
    pictures = drawn(FEWEST_CLIPS, 0, -1.0) + drawn(FEWEST_CLIPS - (rare == "pictures"), 1, 1.0)
    real = drawn(FEWEST_CLIPS - (rare == "genuine clips"), 0, 1.0, source="two")
    fake = drawn(FEWEST_CLIPS - (rare == "forged clips"), 1, 3.0, source="two")
    everything = pictures + moving(real + fake)
    assert calibrate_by_kind(everything) == (calibrate(everything), None)


def test_media_kept_back_shift_the_probabilities_and_both_promises_hold_for_either_part() -> None:
    """Left-out genuine media look more forged than known ones, and forged ones of known sources less."""
    unknown = drawn(200, 0, 0.0) + drawn(200, 1, 4.0)
    known = drawn(200, 0, -2.0, source="known") + drawn(200, 1, 1.5, source="known")
    alone, found = calibrate(unknown), calibrate(unknown, known)
    assert neutral(found.medium_slope, found.medium_offset) < neutral(alone.medium_slope, alone.medium_offset) - 0.5
    assert shares(alone, known)[1] > 2 * MISSES, "the simulation must be one in which known sources matter"
    for part in (unknown, known):
        false_alarms, misses = shares(found, part)
        assert false_alarms <= FALSE_ALARMS
        assert misses <= MISSES
    assert found.fitted_on == ("known", "one")
    assert found.residual > 0.5


@pytest.mark.parametrize("label", [0, 1])
def test_media_kept_back_may_lack_a_label(label: int) -> None:
    media = drawn(100, 0, -1.0) + drawn(100, 1, 1.0)
    kept = drawn(100, label, 0.0, source="known")
    found = calibrate(media, [*kept, silent(1 - label, source="silent")])
    assert found.fitted_on == ("known", "one")
    others = drawn(100, 1 - label, 0.0)  # So that there is a share of both.
    assert shares(found, kept + others)[label] <= (FALSE_ALARMS, MISSES)[label]


def test_clips_kept_back_count_only_where_there_are_enough() -> None:
    pictures = drawn(200, 0, -1.0) + drawn(200, 1, 1.0)
    clips = moving(drawn(FEWEST_CLIPS, 0, 1.0, source="two") + drawn(FEWEST_CLIPS, 1, 3.0, source="two"))
    known = drawn(50, 0, -2.0, source="known") + drawn(50, 1, 0.0, source="known")
    few = moving(drawn(FEWEST_CLIPS - 1, 0, -2.0, source="few") + drawn(FEWEST_CLIPS, 1, 0.0, source="few"))
    many = [*few, *moving(drawn(1, 0, -2.5, source="few"))]
    assert calibrate_by_kind(pictures + clips, known + few) == (calibrate(pictures, known), calibrate(clips))
    assert calibrate_by_kind(pictures + clips, known + many) == (calibrate(pictures, known), calibrate(clips, many))


def test_clips_without_an_answer_do_not_count() -> None:
    half = FEWEST_CLIPS // 2
    everything = (
        drawn(FEWEST_CLIPS, 0, -1.0) + drawn(FEWEST_CLIPS, 1, 1.0) + moving(drawn(half, 0, 1.0) + drawn(half, 1, 2.0))
    )
    everything += moving(silent(label, number=number) for label in (0, 1) for number in range(FEWEST_CLIPS))
    assert calibrate_by_kind(everything)[1] is None
