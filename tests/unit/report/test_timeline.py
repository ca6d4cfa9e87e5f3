import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.unit.report.made import clip, evidence, portrait, sound
from unmask.core.evidence import Modality, TimelinePoint
from unmask.core.thresholds import held_against
from unmask.fusion.decide import counted, weighted
from unmask.report import timeline
from unmask.report.drawing import lane
from unmask.report.drawing.sound import spectrogram, waveform
from unmask.report.gauge import gauge, thresholds


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def with_class(svg: str, name: str) -> list[ElementTree.Element]:
    return [one for one in parsed(svg).iter() if one.get("class") == name]


def test_one_lane_a_person_then_sound() -> None:
    lanes = timeline.lanes(clip())
    assert [one.title for one in lanes] == ["Person 1", "Person 2", "Voice"]
    assert lanes[0].note == "overall 93%"
    assert "highest 90% at 0:05.2" in parsed(lanes[0].svg).get("aria-label", "")


def test_a_lane_carries_its_moments_for_the_reader() -> None:
    face = timeline.lanes(clip(), {0: "data:image/jpeg;base64,AA=="})[0]
    points = json.loads(face.points)
    assert len(points) == 40
    assert points[21] == [5.25, 0.9]
    assert (face.person, face.thumbnail) == (0, "data:image/jpeg;base64,AA==")


def test_peaks_are_stretches_and_lone_high_moments_in_order() -> None:
    (stretch,) = timeline.peaks(clip())
    assert stretch.words == "Person 1: 0:05.0 to 0:10.0, up to 90%"
    assert stretch.go_s == 4.5
    loud = replace(clip(), timeline=(*clip().timeline, TimelinePoint(2.0, 0.95, "audio")))
    assert [peak.words for peak in timeline.peaks(loud)] == ["Voice: 95% at 0:02.0", stretch.words]
    calm = replace(clip(), people=(), timeline=tuple(replace(one, p_fake=0.3) for one in clip().timeline))
    assert timeline.peaks(calm) == []


def test_pictures_have_no_timeline() -> None:
    assert timeline.lanes(replace(portrait(), timeline=(TimelinePoint(0.0, 0.5, "face", 0),))) == []


def test_curve_breaks_where_nothing_was_scored() -> None:
    whole, broken, _ = (with_class(one.svg, "curve") for one in timeline.lanes(clip()))
    assert len(whole) == 1
    assert len(broken) == 2


def test_curve_and_dots_stand_at_time_and_height() -> None:
    report = replace(clip(), timeline=(TimelinePoint(5.005, 0.75, "face", 0),), sound=None)
    svg = timeline.lanes(report)[0].svg
    (dot,) = with_class(svg, "dot")
    assert float(dot.get("cx", "").rstrip("%")) == pytest.approx(50)
    assert float(dot.get("cy", "")) == pytest.approx(lane.PLOT_TOP + lane.PLOT_HEIGHT / 4)
    assert with_class(svg, "curve")[0].get("d") == "M500.0,25.0"


def test_span_is_shaded_over_its_time() -> None:
    (span,) = with_class(timeline.lanes(clip())[0].svg, "span")
    assert float(span.get("x", "").rstrip("%")) == pytest.approx(49.95, abs=0.01)
    assert with_class(timeline.lanes(clip())[1].svg, "span") == []


def test_each_lane_has_the_thresholds_of_its_modality() -> None:
    face, _, voice = ([word.text for word in with_class(one.svg, "limit-text")] for one in timeline.lanes(clip()))
    assert face == ["81%", "22%"]
    assert voice == ["70%", "25%"]


def test_many_moments_are_merged_and_peaks_kept() -> None:
    points = [TimelinePoint(t / 10, 0.2, "face", 0) for t in range(5000)]
    points[2500] = TimelinePoint(250.0, 0.99, "face", 0)
    curve = lane.thinned(points, 500.0)
    assert len(curve) == lane.MOST_POINTS
    assert max(high for _, _, _, high in curve) == 0.99
    report = replace(clip(), timeline=tuple(points))
    svg = timeline.lanes(report)[0].svg
    assert with_class(svg, "band")
    assert not with_class(svg, "dot")
    assert len(svg) < 40_000
    rows, count = timeline.table(report)
    assert count == 5000
    assert len(rows) == timeline.MOST_ROWS
    assert ("4:10.0", "Person 1", "99%") in rows


@pytest.mark.parametrize("seconds", [0.3, 1.0, 9.7, 61.0, 3600.0, 36_000.0, 400_000.0])
def test_axis_has_few_labels_within_it(seconds: float) -> None:
    svg = lane.axis(seconds)
    places = [float(one.get("x", "").rstrip("%")) for one in with_class(svg, "tick-text")]
    labels = [one.text for one in with_class(svg, "tick-text")]
    assert 2 <= len(places) <= lane.MOST_TICKS + 1
    assert len(set(labels)) == len(labels)
    assert places[0] == 0
    assert max(places) <= 100


def test_gauge_shows_number_thresholds_and_interval() -> None:
    svg = gauge(portrait("inconclusive"))
    assert [one.text for one in with_class(svg, "pin-text")] == ["50%"]
    assert [one.text for one in with_class(svg, "mark-text")] == ["22%", "81%"]
    assert [one.get("x") for one in with_class(svg, "pin")] == ["50.00%"]
    zones = [one.get("class") for one in parsed(svg).iter() if (one.get("class") or "").startswith("zone")]
    assert zones == ["zone-real", "zone-unknown", "zone-fake"]
    assert len(with_class(svg, "spread")) == 3


def test_no_probability_no_gauge() -> None:
    assert gauge(replace(portrait(), p_fake=None, interval=None)) is None


def test_thresholds_are_the_strictest_of_what_was_seen_or_heard() -> None:
    light = evidence(0.5, weight=0.1, likely_real_below=0.1, likely_fake_above=0.9)
    silent = evidence(None, weight=0.9, abstained="no_face")
    assert thresholds((light, evidence(0.6, weight=0.6), silent)) == (0.1, 0.9)
    assert thresholds((replace(light, modality="image", weight=0.0), evidence(0.6, weight=0.6))) == (0.22, 0.81)
    assert thresholds((replace(light, modality="image", weight=0.0),)) == (0.1, 0.9)
    assert thresholds((silent,)) is None
    assert thresholds((light,), "audio") is None


@pytest.mark.parametrize("modality", ["audio", "image"])
@pytest.mark.parametrize(("face", "other"), [(0.9, 0.2), (0.2, 0.95), (0.1, 0.05), (0.5, 0.4)])
def test_the_gauge_shows_the_thresholds_that_decide(face: float, other: float, modality: Modality) -> None:
    both = weighted(
        (
            evidence(face, likely_real_below=0.3, likely_fake_above=0.7),
            evidence(other, modality=modality, likely_real_below=0.2, likely_fake_above=0.9),
        )
    )
    assert thresholds(both) == held_against(counted(both))


def test_sound_takes_its_share_of_the_axis() -> None:
    svg = spectrogram(sound(5.0), 10.0)
    (image,) = (one for one in parsed(svg).iter() if one.tag.endswith("image"))
    assert image.get("width") == "50.00%"
    assert re.search(r'width="50.00%"', waveform(sound(5.0), 10.0))
