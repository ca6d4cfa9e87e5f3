"""From scored faces to people and evidence, on sightings made by hand."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from unmask.core.evidence import Abstention, Score, Span
from unmask.core.records import Exhibit, Face, FaceCrop, Track
from unmask.faces.exchange import FacePrint
from unmask.fusion.decide import any_forged
from unmask.models.card import Calibration
from unmask.scanning.kit import Kit
from unmask.scanning.people import doubtful_stretch, face_evidence, face_timeline, reviewed, spans
from unmask.scanning.plan import ScanPlan
from unmask.scanning.sight import Sighting, add_closer
from unmask.scanning.wear import WornFace

CARD = Calibration(1.0, 0.0, 1.0, 0.0, 0.3, 0.7, ("a",), 0.5)
PARTS = replace(CARD, contrast=3.0)
SMALL = Abstention("face_too_small", "the face is 10 px, 32 are needed")
DARK = Abstention("too_dark", "the face is nearly black")
Answer = float | Abstention


def sighting(*people: list[Answer], frames: int = 0) -> Sighting:
    """Each person has one face in each of the first frames, 0.5 s apart."""
    seen = Sighting()
    members: list[list[int]] = [[] for _ in people]
    for index in range(max((len(answers) for answers in people), default=0)):
        for number, answers in enumerate(people):
            if index < len(answers):
                answer = answers[index]
                members[number].append(len(seen.faces))
                points = np.zeros((5, 2), np.float32)
                seen.faces.append(Face((0, 0, 50, 50), points, 0.9, index, index * 0.5))
                seen.answers.append(answer if isinstance(answer, Abstention) else Score(answer))
    seen.tracks = [Track(number, tuple(found)) for number, found in enumerate(members)]
    seen.frames = frames or max((len(answers) for answers in people), default=1)
    scored = {
        face.frame_index for face, answer in zip(seen.faces, seen.answers, strict=True) if isinstance(answer, Score)
    }
    seen.frames_scored = len(scored)
    return seen


def test_nobody() -> None:
    evidence, people = face_evidence(sighting(frames=5), "d", CARD)
    assert people == ()
    assert (evidence.p_fake, evidence.interval, evidence.abstained, evidence.coverage) == (None, None, "no_face", 0.0)
    assert evidence.detail == "none in 5 frames"
    assert face_evidence(sighting(frames=1), "d", CARD)[0].detail == "none in 1 frame"


def test_one_person() -> None:
    evidence, people = face_evidence(sighting([2.0, 2.0, 2.0]), "d", CARD)
    assert people[0].p_fake == pytest.approx(1 / (1 + np.exp(-2)))
    assert evidence.p_fake == people[0].p_fake
    assert evidence.interval is not None
    assert evidence.interval[0] < evidence.p_fake < evidence.interval[1]
    assert (evidence.units, evidence.coverage, people[0].faces, people[0].coverage) == (3, 1.0, 3, 1.0)


def test_two_people_count_as_parts_of_the_medium() -> None:
    evidence, people = face_evidence(sighting([3.0] * 4, [-3.0] * 4), "d", CARD)
    assert people[0].p_fake is not None
    assert people[1].p_fake is not None
    assert people[0].p_fake > 0.9
    assert people[1].p_fake < 0.1
    assert evidence.p_fake == pytest.approx(any_forged([people[0].p_fake, people[1].p_fake]))


@pytest.mark.parametrize("frames", [2, 8])
def test_a_face_seen_once_in_a_clip_does_not_count(frames: int) -> None:
    seen = sighting([-3.0] * frames, [9.0])
    evidence, people = face_evidence(seen, "d", CARD)
    assert len(people) == 2
    assert evidence.p_fake is not None
    assert (evidence.p_fake < 0.1) == (frames >= 8)


def test_only_faces_seen_once_is_too_short_to_judge() -> None:
    evidence, _ = face_evidence(sighting([9.0], frames=20), "d", CARD)
    assert evidence.abstained == "too_short"
    assert evidence.p_fake is None


def test_a_person_who_cannot_be_judged_is_listed_with_the_reason() -> None:
    evidence, people = face_evidence(sighting([1.0, 1.0], [SMALL, DARK], [SMALL, SMALL]), "d", CARD)
    assert [person.abstained for person in people] == [None, "face_too_small", "face_too_small"]
    assert people[1].p_fake is None
    assert evidence.abstained is None


def test_the_most_frequent_reason_is_given() -> None:
    evidence, _ = face_evidence(sighting([SMALL, DARK, DARK]), "d", CARD)
    assert (evidence.abstained, evidence.detail) == ("too_dark", DARK.detail)


def test_frames_that_could_not_be_decoded_lower_the_coverage() -> None:
    seen = sighting([1.0, 1.0])
    seen.expected = 8
    assert face_evidence(seen, "d", CARD)[0].coverage == pytest.approx(2 / 8)


def test_coverage_is_the_share_of_frames_with_a_score() -> None:
    evidence, people = face_evidence(sighting([1.0, SMALL, 1.0, DARK], frames=8), "d", CARD)
    assert evidence.coverage == pytest.approx(2 / 8)
    assert people[0].coverage == pytest.approx(2 / 4)


def test_the_timeline_shows_scores_only() -> None:
    points = face_timeline(sighting([2.0, SMALL, -2.0], [0.0, 0.0, 0.0]), CARD)
    assert [(point.t_s, point.person) for point in points] == [(0.0, 0), (0.0, 1), (0.5, 1), (1.0, 0), (1.0, 1)]
    assert points[0].p_fake > 0.5 > points[3].p_fake
    assert {point.modality for point in points} == {"face"}


def test_a_picture_has_no_spans_and_a_clip_has() -> None:
    assert face_evidence(sighting([5.0]), "d", CARD)[1][0].spans == ()
    (person,) = face_evidence(sighting([-5.0] * 4 + [5.0] * 4 + [-5.0] * 4), "d", CARD)[1]
    (span,) = person.spans
    assert (span.start_s, span.end_s) == (2.0, 3.5)
    assert span.p_fake > 0.99


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([0.9], [(0, 0, 0.9)]),
        ([0.1], []),
        ([0.9, 0.8], [(0, 1, 0.9)]),
        ([0.1, 0.9, 0.1], []),
        ([0.1, 0.9, 0.8, 0.1], [(1, 2, 0.9)]),
        ([0.9, 0.9, 0.1, 0.9, 0.9], [(0, 4, 0.9)]),
        ([0.9, 0.9, 0.1, 0.1, 0.9, 0.9], [(0, 1, 0.9), (4, 5, 0.9)]),
        ([0.7, 0.7, 0.7], [(0, 2, 0.7)]),
    ],
    ids=["none", "one", "one calm", "two", "a blip", "two in a row", "a dip", "two stretches", "at the threshold"],
)
def test_spans(values: list[float], expected: list[tuple[float, float, float]]) -> None:
    points = [(float(at), value) for at, value in enumerate(values)]
    assert spans(points, 0.7) == tuple(Span(*entry) for entry in expected)


SPLICED: list[Answer] = [-3.0] * 12 + [1.0] * 6 + [-3.0] * 14


def test_a_passage_that_stands_out_turns_the_answer_and_is_named() -> None:
    calm, _ = face_evidence(sighting(SPLICED), "d", CARD)
    assert calm.p_fake is not None
    assert calm.p_fake < CARD.likely_real_below
    evidence, (person,) = face_evidence(sighting(SPLICED), "d", PARTS)
    assert evidence.p_fake == person.p_fake
    assert evidence.p_fake is not None
    assert evidence.p_fake > PARTS.likely_fake_above
    assert evidence.detail == "the faces between 0:06 and 0:08"
    assert [(span.start_s, span.end_s) for span in person.spans] == [(6.0, 8.5)]


def test_a_passage_counts_from_the_contrast_of_the_card() -> None:
    evidence, _ = face_evidence(sighting(SPLICED), "d", replace(PARTS, contrast=4.0))
    assert evidence.p_fake == pytest.approx(PARTS.likely_fake_above)
    evidence, _ = face_evidence(sighting(SPLICED), "d", replace(PARTS, contrast=4.1))
    assert evidence.p_fake is not None
    assert evidence.p_fake < PARTS.likely_real_below
    assert evidence.detail == ""


def test_a_calm_passage_clears_nobody() -> None:
    forged: list[Answer] = [3.0] * 12 + [-3.0] * 6 + [3.0] * 14
    assert face_evidence(sighting(forged), "d", PARTS)[0].p_fake == face_evidence(sighting(forged), "d", CARD)[0].p_fake


def test_too_few_faces_have_no_passages() -> None:
    few: list[Answer] = [-3.0] * 6 + [3.0] * 5
    assert face_evidence(sighting(few), "d", PARTS)[0] == face_evidence(sighting(few), "d", CARD)[0]


def test_a_moment_that_stands_out_is_worth_a_second_look() -> None:
    brushed: list[Answer] = [-3.0] * 12 + [1.0] * 2 + [-3.0] * 14
    assert doubtful_stretch(sighting([-3.0] * 28, brushed), PARTS) == (5.5, 7.0)
    assert doubtful_stretch(sighting([-3.0] * 28), PARTS) is None
    assert doubtful_stretch(sighting(brushed), CARD) is None


def test_a_second_look_is_added_to_the_person_it_shows() -> None:
    brushed: list[Answer] = [-3.0] * 12 + [1.0] * 2 + [-3.0] * 14
    first, again = sighting(brushed), sighting([1.0] * 8)
    for place, face in enumerate(again.faces):
        again.faces[place] = replace(face, time_s=5.6 + place * 0.1, frame_index=100 + place)
    assert face_evidence(first, "d", PARTS)[0].p_fake == face_evidence(first, "d", CARD)[0].p_fake
    first.seconds, again.seconds = {"detect": 1.0}, {"detect": 0.5}
    add_closer(first, again)
    evidence, (person,) = face_evidence(first, "d", PARTS)
    assert evidence.p_fake is not None
    assert evidence.p_fake > PARTS.likely_fake_above
    assert (person.spans[0].start_s, person.spans[0].end_s) == (5.6, 6.5)
    assert len(face_timeline(first, PARTS)) == evidence.units == len(brushed) + 8
    assert first.seconds == {"detect": 1.5}


def test_faces_of_a_second_look_that_lie_elsewhere_belong_to_nobody() -> None:
    first, again = sighting([-3.0] * 14), sighting([1.0] * 8)
    for place, face in enumerate(again.faces):
        again.faces[place] = replace(face, box_xyxy_px=(500, 0, 550, 50))
    again.exhibits = (Exhibit(1.0, np.zeros((8, 8, 3), np.uint8), ((0, (0.0, 0.0, 1.0, 1.0), 0.9),)),)
    add_closer(first, again)
    assert first.closer == {}
    assert [exhibit.faces for exhibit in first.exhibits] == [()]


def test_faces_that_the_first_look_saw_do_not_count_twice() -> None:
    first, again = sighting([-3.0] * 14), sighting([1.0] * 4)
    shown = Exhibit(1.0, np.zeros((8, 8, 3), np.uint8), ())
    first.exhibits, again.exhibits = (shown,), (shown, replace(shown, time_s=1.6))
    again.faces[3] = replace(again.faces[3], frame_index=100, time_s=1.6)
    add_closer(first, again)
    assert first.closer == {0: [(1.6, 1.0)]}
    assert [exhibit.time_s for exhibit in first.exhibits] == [1.0, 1.6]


def exchanged() -> tuple[Sighting, Sighting]:
    """Two people, and a second look in which the second one's face is another person's from 2.1 to 2.9 s."""
    first, again = sighting([-3.0] * 14, [-2.0] * 14), sighting([-2.0] * 24)
    place = (500.0, 0.0, 550.0, 50.0)
    first.faces = [
        replace(face, box_xyxy_px=place) if number in first.tracks[1].members else face
        for number, face in enumerate(first.faces)
    ]
    room = np.full((36, 64), 90, np.uint8)
    for number, face in enumerate(again.faces):
        time_s = 1.5 + number * 0.1
        again.faces[number] = replace(face, box_xyxy_px=place, frame_index=100 + number, time_s=time_s)
        vector = np.eye(128, dtype=np.float32)[int(6 <= number < 15)]
        again.prints[number] = FacePrint(time_s, place, np.zeros((112, 112, 3), np.uint8), room, 0.05, vector)
    return first, again


def test_another_face_in_a_persons_place_is_evidence() -> None:
    first, again = exchanged()
    before = face_evidence(first, "d", PARTS)[0]
    add_closer(first, again)
    evidence, people = face_evidence(first, "d", PARTS)
    assert before.p_fake is not None
    assert evidence.p_fake is not None
    assert before.p_fake < PARTS.likely_real_below < PARTS.likely_fake_above < evidence.p_fake < 0.96
    assert evidence.detail.startswith("Between 0:02 and 0:03 the face is another person's")
    assert [len(person.spans) for person in people] == [0, 1]
    assert (people[1].spans[0].start_s, people[1].spans[0].end_s) == (pytest.approx(2.1), pytest.approx(2.9))
    assert face_evidence(first, "d", CARD)[0].p_fake == pytest.approx(evidence.p_fake)


def test_a_face_that_is_forged_anyway_stays_as_suspicious() -> None:
    first, again = exchanged()
    first.answers = [Score(30.0)] * len(first.answers)
    before = face_evidence(first, "d", PARTS)[0].p_fake
    add_closer(first, again)
    evidence, people = face_evidence(first, "d", PARTS)
    assert evidence.p_fake == before
    assert people[1].spans


def test_wear_does_not_touch_whose_face_it_is(tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The faces change by fifty when worn; a passage judged by its contrast alone would not survive that."""
    first, again = exchanged()
    add_closer(first, again)
    kit = Kit(tiny_plan)
    side = kit.face_card.input.size_px  # type: ignore[union-attr]
    card = replace(PARTS, wear_slack=0.0)
    monkeypatch.setattr(Kit, "face_calibration", card)
    for member in first.tracks[1].members:
        crop = FaceCrop(first.faces[member], np.full((side, side, 3), 128, np.uint8), (0, 0, 50, 50))
        first.worn[member] = WornFace(50.0, (crop, crop))
    found, people = face_evidence(first, "d", card)
    assert reviewed(first, found, people, kit) == (found, people)
    first.exchanged.clear()
    for member in first.tracks[1].members:
        first.answers[member] = Score(9.0)
    found, people = face_evidence(first, "d", card)
    assert reviewed(first, found, people, kit)[0].abstained == "unstable"


def test_passages_of_many_thousand_faces_take_no_time() -> None:
    long: list[Answer] = [-3.0] * 9000 + [1.0] * 2000 + [-3.0] * 9000
    start = time.process_time()
    evidence, (person,) = face_evidence(sighting(long), "d", PARTS)
    assert time.process_time() - start < 10
    assert evidence.p_fake is not None
    assert evidence.p_fake > PARTS.likely_fake_above
    assert (person.spans[0].start_s, person.spans[0].end_s) == pytest.approx((4500.0, 5499.5), abs=25)
