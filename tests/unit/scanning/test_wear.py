"""Answers that do not survive another save are not given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers import images, models, people
from tests.makers.people import U8Array
from unmask.core.evidence import Abstention, Evidence, Person, ScanReport, Score, Span
from unmask.core.records import Face, FaceCrop, Frame
from unmask.detectors.face_frame import FaceFrameDetector
from unmask.faces.crop import crop_face
from unmask.fusion.calibrate import medium_probability
from unmask.media.wear.degrade import jpeg, rescale
from unmask.models.card import Calibration, CardInput
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.scanning.wear import (
    MOST_FACES,
    MOST_FRAMES,
    WornFace,
    due,
    opposite_only,
    out_of_reach,
    review,
    shifts,
    wear_faces,
)

WANTS = CardInput("pixels", "uint8", size_px=64, margin=1.3)
CARD = Calibration(1.0, 0.0, 1.0, 0.0, 0.3, 0.7, ("nothing",), 0.5, wear_slack=0.0)


def face(*, side: float = 100.0) -> Face:
    left, top, _, _ = people.FACE_BOX
    landmarks = np.array([[30, 0], [0, 0], [15, 15], [30, 30], [0, 30]], np.float32)
    return Face((left, top, left + side, top + side), landmarks, 0.9)


def grainy(pixels: U8Array) -> U8Array:
    noise = np.random.default_rng(0).normal(0, 30, (*pixels.shape[:2], 1))
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("expected", [1, 3, 8, 9, 32, 1000])
def test_frames_are_worn_evenly(expected: int) -> None:
    chosen = [number for number in range(expected) if due(number, expected)]
    assert len(chosen) == min(expected, MOST_FRAMES)
    assert chosen[0] == 0
    assert np.ptp(np.diff(chosen)) <= 1 if len(chosen) > 1 else True


def test_a_face_is_worn_like_the_whole_picture() -> None:
    frame = Frame(0, 0.0, people.portrait())
    (worn,) = wear_faces(frame, [(face(), Score(1.0))], WANTS, frames=1)
    assert worn is not None
    before = crop_face(frame, face(), size_px=64, margin=1.3).pixels_rgb_u8.astype(int)
    for crop, wear in zip(worn.crops, (lambda p: jpeg(p, 70), lambda p: rescale(p, 0.7)), strict=True):
        whole = crop_face(Frame(0, 0.0, wear(people.portrait())), face(), size_px=64, margin=1.3).pixels_rgb_u8
        near = np.abs(crop.pixels_rgb_u8.astype(int) - whole).mean()
        assert near < 0.5 * np.abs(whole.astype(int) - before).mean()


def test_refused_faces_and_crowds_are_not_worn() -> None:
    frame = Frame(0, 0.0, people.portrait())
    answers: list[tuple[Face, Score | Abstention]] = [(face(), Abstention("too_dark"))]
    answers += [(face(), Score(0.0))] * 20
    worn = list(wear_faces(frame, answers, WANTS, frames=8))
    assert [entry is None for entry in worn] == [True] + [False] * 7 + [True] * 13


@pytest.mark.parametrize("box", [(-90.0, -80.0, 10.0, 20.0), (500.0, 505.0, 600.0, 605.0)], ids=["corner", "other"])
def test_faces_at_the_border_can_be_worn(box: tuple[float, float, float, float]) -> None:
    cut = replace(face(), box_xyxy_px=box)
    (worn,) = wear_faces(Frame(0, 0.0, people.portrait()), [(cut, Score(0.0))], WANTS, frames=1)
    assert worn is not None
    assert [crop.pixels_rgb_u8.shape for crop in worn.crops] == [(64, 64, 3)] * 2


def test_few_faces_of_a_person_are_judged_again() -> None:
    crop = FaceCrop(face(), np.zeros((64, 64, 3), np.uint8), (0.0, 0.0, 1.0, 1.0))
    asked: list[int] = []

    def score(crops: object) -> list[Score | Abstention]:
        asked.append(len(crops))  # type: ignore[arg-type]
        return [Score(1.0), Score(-2.0)] * (asked[-1] // 2)

    assert shifts([WornFace(0.5, (crop, crop))] * 9, score) == pytest.approx((0.5, -2.5))
    assert asked == [2 * MOST_FACES]
    assert shifts([], lambda _: []) == (0.0, 0.0)
    refused: list[Score | Abstention] = [Score(1.0), Abstention("too_blurred"), Score(0.0), Score(2.0)]
    assert shifts([WornFace(0.5, (crop, crop))] * 2, lambda _: refused) == pytest.approx((-0.5, 1.5))
    assert shifts([WornFace(0.5, (crop, crop))], lambda _: refused[:2]) == (0.0, 0.0)


def judged(logit: float, moved: float, card: Calibration = CARD) -> tuple[Evidence, Person]:
    p_fake = medium_probability(logit, card)
    evidence = Evidence(
        "d", "face", p_fake, (0.0, 1.0), 1.0, 1, None, "", card.likely_real_below, card.likely_fake_above
    )
    person = Person(0, p_fake, 1.0, 1, spans=(Span(0.0, 1.0, p_fake),))
    found, (one,) = review(evidence, [person], {0: [logit]}, {0: (0.0, moved)}, card)
    return found, one


@pytest.mark.parametrize(
    ("logit", "moved", "slack", "holds"),
    [
        (2.0, -0.5, 0.0, True),  # From 88% to 82%, both above 70%.
        (2.0, -1.5, 0.0, False),
        (2.0, 5.0, 0.0, True),  # Firmer still.
        (-2.0, 0.5, 0.0, True),
        (-2.0, 1.5, 0.0, False),
        (2.0, -1.5, 1.0, True),  # Beyond the threshold, but within the slack.
        (2.0, -4.0, 1.0, False),
        (2.0, -2.8, opposite_only(CARD), True),  # To 31%, in doubt but not the opposite.
        (2.0, -2.9, opposite_only(CARD), False),
        (-2.0, 2.8, opposite_only(CARD), True),
        (-2.0, 2.9, opposite_only(CARD), False),
    ],
)
def test_an_answer_holds_or_is_withdrawn(logit: float, moved: float, slack: float, holds: bool) -> None:  # noqa: FBT001
    found, person = judged(logit, moved, replace(CARD, wear_slack=slack))
    assert (found.p_fake is not None, person.p_fake is not None) == (holds, holds)
    assert (found.abstained, person.abstained) == ((None, None) if holds else ("unstable", "unstable"))
    assert bool(person.spans) == holds
    if not holds:
        assert found.interval is None
        assert found.detail.startswith(f"{medium_probability(logit, CARD):.0%} as it is, ")


@pytest.mark.parametrize(
    ("logits", "reach", "needless"),
    [
        ((2.0,), None, False),
        ((2.0,), 1.0, True),  # 1.15 above the threshold at 70%.
        ((2.0,), 1.2, False),
        ((-2.0,), 1.0, True),
        ((-2.0,), 1.2, False),
        ((0.0,), 9.0, True),  # In doubt as it is.
        ((2.0, 0.9), 1.0, False),  # One of the people is nearer.
        ((2.0, -2.0), 1.0, True),
    ],
)
def test_answers_that_wear_cannot_reach_are_not_asked_again(
    logits: tuple[float, ...],
    reach: float | None,
    needless: bool,  # noqa: FBT001
) -> None:
    answers = [medium_probability(logit, CARD) for logit in logits]
    assert out_of_reach(answers, replace(CARD, wear_slack=0.0, wear_reach=reach)) == needless
    assert not out_of_reach(answers[:1], replace(CARD, wear_slack=0.0)) or logits == (0.0,)


def scan(path: Path, model: Path, **settings: int) -> ScanReport:
    return Pipeline(ScanPlan(face=str(model), speech="", threads=1, **settings)).scan(path)  # type: ignore[arg-type]


def test_a_picture_whose_answer_a_save_would_turn(tmp_path: Path) -> None:
    path = images.write_image(tmp_path / "a.png", grainy(people.portrait()))
    plain = models.write_face_model(tmp_path, name="plain", graph=models.grain_graph())
    assert scan(path, plain).verdict == "likely_fake"
    report = scan(path, models.write_grain_model(tmp_path))
    assert (report.verdict, report.p_fake, report.coverage) == ("inconclusive", None, 0.0)
    assert report.evidence[0].abstained == report.people[0].abstained == "unstable"
    assert "as it is" in report.reasons[0]
    assert scan(path, models.write_grain_model(tmp_path, wear_slack=99.0)).verdict == "likely_fake"
    assert scan(path, models.write_grain_model(tmp_path, wear_reach=0.0)).verdict == "likely_fake"  # Not asked again.


def test_a_picture_whose_answer_holds(tmp_path: Path) -> None:
    model = models.write_grain_model(tmp_path)
    report = scan(people.write_portrait(tmp_path / "a.png"), model)
    assert report.verdict == "likely_real"
    assert report.people[0].p_fake is not None


def test_only_the_unsteady_person_of_a_clip_abstains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the clip costs a quarter more: four faces of each person, worn in two ways, beside thirty-two."""
    asked: list[int] = []
    real = FaceFrameDetector.score

    def counted(self: FaceFrameDetector, units: list[FaceCrop]) -> list[Score | Abstention]:
        asked.append(len(units))
        return real(self, units)

    monkeypatch.setattr(FaceFrameDetector, "score", counted)
    both = np.concatenate([people.bust(), grainy(people.bust())[:, ::-1]], axis=1)
    path = people.write_still_clip(tmp_path / "a.mp4", both, seconds=4.0)
    report = scan(path, models.write_grain_model(tmp_path), frames=32)
    assert report.verdict == "inconclusive"
    assert [person.faces for person in report.people] == [32, 32]
    assert sorted(str(person.abstained) for person in report.people) == ["None", "unstable"]
    assert sum(asked) == 64 + 16
