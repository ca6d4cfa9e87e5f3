"""Figures, verdicts and sources; what was not answered stays out of all of them."""

from __future__ import annotations

import math

import pytest

from tests.unit.evaluate.made import answer, drawn, moving, silent
from unmask.core.errors import DataError
from unmask.evaluate.score import (
    CARD_METRICS,
    METRICS,
    by_kind,
    card_metrics,
    columns,
    figures,
    metrics_for,
    rates,
    refusals,
    within_sources,
)
from unmask.metrics.ranking import auc
from unmask.metrics.speech import SpeakerErrors, cllr

QUIET = [silent(label, source=source, number=number) for label in (0, 1) for number, source in enumerate("xy")]


def test_every_metric_has_an_interval_that_holds_it() -> None:
    predictions = drawn(40, 0, -1.0) + drawn(40, 1, 1.0)
    found = figures(predictions, rounds=50)
    assert list(found) == list(METRICS)
    for name, estimate in found.items():
        if name in ("MCC", "log loss"):
            continue
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert found["AUC"].value == auc([one.logit for one in predictions], [one.row.label for one in predictions])
    assert found["AUC"].low < found["AUC"].high


def test_a_perfect_and_a_reversed_detector() -> None:
    right = figures([answer(-2.0, 0), answer(-3.0, 0), answer(2.0, 1), answer(3.0, 1)], rounds=20)
    assert (right["AUC"].value, right["EER"].value, right["recall at 5 % false alarms"].value) == (1.0, 0.0, 1.0)
    wrong = figures([answer(2.0, 0), answer(3.0, 0), answer(-2.0, 1), answer(-3.0, 1)], rounds=20)
    assert (wrong["AUC"].value, wrong["EER"].value, wrong["recall at 5 % false alarms"].value) == (0.0, 1.0, 0.0)
    assert wrong["Brier"].value > 0.7
    assert right["Brier"].value < 0.02


def test_figures_ignore_abstentions() -> None:
    predictions = drawn(30, 0, -1.0) + drawn(30, 1, 1.0)
    assert figures([*QUIET, *predictions, *QUIET], rounds=20) == figures(predictions, rounds=20)


def test_figures_need_both_labels_answered() -> None:
    with pytest.raises(DataError):
        figures([*drawn(5, 0, 0.0), silent(1)], rounds=20)
    with pytest.raises(DataError):
        figures([], rounds=20)


def test_figures_resample_whole_groups() -> None:
    """Twenty media of each of two people a label are worth far less than eighty people."""
    alone = drawn(40, 0, -1.0) + drawn(40, 1, 1.0)
    few = [answer(one.logit, one.row.label, group=f"{one.row.label}-{at % 2}") for at, one in enumerate(alone)]
    spread = [answer(one.logit + (at % 2) * 2, one.row.label, group=one.row.group) for at, one in enumerate(few)]
    wide = figures(spread, rounds=200)["AUC"]
    narrow = figures([answer(one.logit, one.row.label, group=str(at)) for at, one in enumerate(spread)], rounds=200)
    assert wide.high - wide.low > 1.5 * (narrow["AUC"].high - narrow["AUC"].low)


def test_rates_count_what_people_see() -> None:
    said = [
        *[answer(0.0, 0, verdict=verdict) for verdict in ("likely_fake", "likely_real", "likely_real", "inconclusive")],
        *[answer(0.0, 1, verdict=verdict) for verdict in ("likely_fake", "likely_fake", "likely_fake", "likely_real")],
        silent(0),
        silent(1, reason="DecodeFailed"),
    ]
    found = rates(said)
    assert found.media == 10
    assert found.abstained == pytest.approx(0.2)
    assert (found.false_alarms, found.cleared, found.found, found.missed) == (0.25, 0.5, 0.75, 0.25)
    assert found.inconclusive == pytest.approx(1 / 8)


def test_right_verdicts_are_counted_among_those_given() -> None:
    said = [answer(0.0, 0, verdict="likely_real"), answer(0.0, 1, verdict="likely_real"), answer(0.0, 1)]
    assert rates(said).right == 0.5


def test_refusals_are_counted_by_reason() -> None:
    media = [silent(0), silent(1), silent(1, reason="DecodeFailed"), answer(0.0, 1)]
    assert refusals(media) == {"no_face": 2, "DecodeFailed": 1}


def test_voices_have_the_metrics_of_their_field() -> None:
    predictions = drawn(30, 0, -1.0) + drawn(30, 1, 1.0)
    found = figures(predictions, metrics=metrics_for("speech", SpeakerErrors(0.02, 0.02, 0.3)), rounds=20)
    assert set(found) - set(METRICS) == {"Cllr", "minDCF", "min t-DCF"}
    held = columns(predictions)
    assert found["Cllr"].value == pytest.approx(cllr([one.logit for one in predictions], held.labels))
    assert set(metrics_for("speech")) - set(METRICS) == {"Cllr", "minDCF"}
    assert metrics_for("face") == METRICS
    assert set(card_metrics("speech")) - set(CARD_METRICS) == {"Cllr", "minDCF"}
    assert card_metrics("picture") == CARD_METRICS


def test_the_missing_label_is_named() -> None:
    assert columns([]).lacks == "genuine and forged"
    assert columns([answer(0.0, 1), silent(0)]).lacks == "genuine"
    assert columns([answer(0.0, 1), answer(0.0, 0)]).lacks == ""


def test_abstentions_are_no_verdicts() -> None:
    said = [answer(1.0, 1, verdict="likely_fake"), answer(-1.0, 0, verdict="likely_real")]
    found = rates([*said, *QUIET])
    assert found.abstained == pytest.approx(4 / 6)
    assert (found.found, found.missed, found.false_alarms, found.cleared, found.inconclusive) == (1, 0, 0, 1, 0)


def test_a_share_of_nothing_is_no_number() -> None:
    found = rates([answer(1.0, 1, verdict="likely_fake"), silent(0)])
    assert math.isnan(found.false_alarms)
    assert math.isnan(found.cleared)
    assert (found.found, found.missed, found.abstained) == (1.0, 0.0, 0.5)
    nobody = rates(QUIET)
    assert nobody.abstained == 1.0
    assert all(math.isnan(share) for share in (nobody.false_alarms, nobody.found, nobody.missed, nobody.cleared))


def test_inside_a_source_nothing_but_its_own_media_count() -> None:
    both = [answer(-1.0, 0), answer(-2.0, 0), answer(1.0, 1), answer(2.0, 1)]
    turned = [answer(logit, int(logit < 0), source="two") for logit in (-2.0, -1.0, 1.0, 2.0)]
    lonely = drawn(4, 0, 0.0, source="three")
    half = [*drawn(4, 0, 0.0, source="four"), silent(1, source="four")]
    found = within_sources([*both, silent(0), silent(1), *turned, *lonely, *half])
    assert list(found) == ["one", "two"]
    assert (found["one"][0].value, found["one"][1]) == (1.0, 4)
    assert (found["two"][0].value, found["two"][1]) == (0.0, 4)


def test_pictures_and_clips_are_measured_apart() -> None:
    pictures = drawn(30, 0, -2.0) + drawn(30, 1, 2.0)
    clips = moving(drawn(20, 0, 0.0, source="two") + drawn(20, 1, 0.0, source="two", seed=1))
    found = by_kind(pictures + clips, rounds=20)
    assert list(found) == ["pictures", "clips"]
    assert found["pictures"].metrics == figures(pictures, metrics=CARD_METRICS, rounds=20)
    assert found["clips"].metrics == figures(clips, metrics=CARD_METRICS, rounds=20)
    assert str(found["clips"].verdicts) == str(rates(clips))


def test_a_side_of_one_kind_has_nothing_to_tell_apart() -> None:
    pictures = drawn(10, 0, -1.0) + drawn(10, 1, 1.0)
    assert by_kind(pictures, rounds=20) == {}
    assert by_kind(moving(pictures), rounds=20) == {}
    assert list(by_kind(pictures + moving(drawn(5, 0, 0.0)), rounds=20)) == ["pictures"]
