"""The same media, sorted in every way."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.unit.evaluate.made import answer, drawn, silent
from unmask.evaluate.groups import LEAST, band_name, by_group, by_level
from unmask.evaluate.predict import Prediction, Traits
from unmask.metrics.ranking import auc
from unmask.metrics.threshold import share_interval


def several(centre: float, label: int, **facts: object) -> list[Prediction]:
    """`LEAST` media of one kind around a logit."""
    return [answer(centre + 0.01 * number, label, **facts) for number in range(LEAST)]  # type: ignore[arg-type]


def test_one_sided_sources_and_generators_are_held_against_all_of_the_other_label() -> None:
    media = [
        *several(-2.0, 0, source="a"),
        *several(1.0, 0, source="b"),
        *several(0.0, 1, source="c", method="swap"),
        *several(2.0, 1, source="c", method="talk"),
        silent(1, source="c"),
    ]
    found = by_group(media, "face")
    sources = {one.name: one for one in found["source"]}
    assert [one.auc.value for one in sources.values() if one.auc] == [1.0, 0.5, 0.75]
    assert (sources["c"].real, sources["c"].fake, sources["c"].abstained) == (0, 2 * LEAST, 1)
    assert {one.name: one.auc.value for one in found["generator"] if one.auc} == {"swap": 0.5, "talk": 1.0}


def test_a_source_with_both_labels_is_judged_inside() -> None:
    media = [*several(-1.0, 0, source="a"), *several(0.0, 1, source="a"), *several(9.0, 0, source="b")]
    own = next(one for one in by_group(media, "face")["source"] if one.name == "a")
    assert own.auc is not None
    assert own.auc.value == 1.0


def test_formats_compression_and_sizes_are_judged_inside_and_in_order() -> None:
    small, large = Traits("JPEG", 0.05, 50.0), Traits("PNG", 12.0, 300.0)
    media = [
        *several(-1.0, 0, traits=small),
        *several(0.0, 1, traits=small),
        *several(0.0, 0, traits=large),
        *several(-1.0, 1, traits=large),
    ]
    found = by_group(media, "face")
    for kind, names in (
        ("format", ["JPEG", "PNG"]),
        ("compression", ["under 0.1 bit/px", "4 bit/px and more"]),
        ("face size", ["under 64 px", "256 px and more"]),
    ):
        assert [one.name for one in found[kind]] == names
        assert [one.auc.value for one in found[kind] if one.auc] == [1.0, 0.0]


def test_bands_are_named_by_their_edges_and_sorted_by_number() -> None:
    assert band_name(96.0, (64.0, 96.0, 128.0), "px") == "96 to 128 px"
    assert band_name(math.nan, (64.0,), "px") == ""
    sizes = [300.0, 50.0, 100.0, 70.0]
    media = [answer(float(at), at % 2, traits=Traits("JPEG", 1.0, size)) for at, size in enumerate(sizes)]
    names = [one.name for one in by_group(media, "face")["face size"]]
    assert names == ["under 64 px", "64 to 96 px", "96 to 128 px", "256 px and more"]


def test_sound_has_bands_of_its_own() -> None:
    found = by_group([answer(0.0, 1, traits=Traits("ogg", 24.0, 3.0))], "speech")
    assert [one.name for one in found["bit rate"]] == ["16 to 32 kbit/s"]
    assert [one.name for one in found["length"]] == ["2 to 4 s"]


def test_small_or_silent_groups_get_counts_but_no_auc() -> None:
    media = [*drawn(20, 0, -1.0), *several(1.0, 1, source="few")[:-1], silent(1, source="none")]
    found = {one.name: one for one in by_group(media, "face")["source"]}
    assert found["few"].auc is None
    assert found["few"].fake == LEAST - 1
    assert (found["none"].auc, found["none"].abstained) == (None, 1)
    assert math.isnan(found["none"].found)


def test_false_alarms_are_those_of_the_group() -> None:
    media = [*several(-1.0, 0, verdict="likely_fake", source="a"), *several(-1.0, 0, verdict="likely_real", source="b")]
    found = {one.name: one.false_alarms for one in by_group(media, "face")["source"]}
    assert found == {"a": 1.0, "b": 0.0}


def test_levels_take_the_label_of_their_medium() -> None:
    media = [answer(-1.0, 0, units=(-1.0, 3.0)), answer(-2.0, 0), answer(1.0, 1), answer(0.5, 1, units=(0.0,))]
    found = by_level(media, "face")
    assert list(found) == ["frame", "person", "medium"]
    assert found["medium"]["AUC"].value == 1.0
    logits = [-2.0, 2.0, -2.4, -2.0, -1.6, 0.6, 1.0, 1.4, 0.5]
    assert found["frame"]["AUC"].value == pytest.approx(auc(logits, [0, 0, 0, 0, 0, 1, 1, 1, 1]))


def test_a_long_clip_does_not_drown_the_others() -> None:
    long = answer(-5.0, 1, units=[0.0] * 900)
    found = by_level([*drawn(20, 0, -1.0), *drawn(20, 1, 1.0), long], "face")
    assert found["frame"]["AUC"].value > 0.5


def test_levels_without_both_labels_are_left_out() -> None:
    assert by_level([answer(0.0, 0), silent(1)], "face") == {}
    voices = [Prediction(one.row, one.p_fake, one.unit_p, "", "") for one in (answer(-1.0, 0), answer(1.0, 1))]
    assert list(by_level(voices, "speech")) == ["window", "medium"]


def test_columns_of_the_manifest_make_groups_of_their_own() -> None:
    bands = ["20 to 39", "5 to 19", "", "20 to 39"]
    media = [answer(float(at), 0, verdict="likely_fake" if at else "likely_real") for at in range(4)]
    media = [replace(one, row=replace(one.row, extra={"age": band})) for one, band in zip(media, bands, strict=True)]
    found = by_group(media, "face", ["age"])["age"]
    assert [(one.name, one.real, one.false_alarms) for one in found] == [("5 to 19", 1, 1.0), ("20 to 39", 2, 0.5)]
    assert found[1].alarm_interval == pytest.approx(share_interval(1, 2))
