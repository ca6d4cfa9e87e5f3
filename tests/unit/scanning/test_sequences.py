"""Scanning with a detector of sequences: faces wait for their people, then each person is judged on its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers import models, people, videos
from unmask.core.evidence import Abstention, Score
from unmask.core.records import Face, FaceCrop, Track
from unmask.detectors.face_clip import FaceClipDetector
from unmask.models.card import read_card
from unmask.models.session import Session
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.scanning.sequences import Sequences, _windows


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = models.write_clip_model(tmp_path)
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    return path


def crop(blue: int, *, face_px: float = 80) -> FaceCrop:
    face = Face((0, 0, face_px, face_px / 2), np.zeros((5, 2), np.float32), 0.9)
    return FaceCrop(face, np.full((64, 64, 3), (90, 90, blue), np.uint8), (0, 0, 64, 64))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (3, [[0, 1, 2]]),
        (4, [[0, 1, 2, 3]]),
        (6, [[0, 1, 2, 3], [2, 3, 4, 5]]),
        (8, [[0, 1, 2, 3], [4, 5, 6, 7]]),
    ],
)
def test_sequences_cover_every_face(count: int, expected: list[list[int]]) -> None:
    assert [list(places) for places in _windows(range(count), 4)] == expected


def test_each_person_is_judged_by_its_own_faces(card: Path) -> None:
    waiting = Sequences(FaceClipDetector(Session(read_card(card), threads=1)))
    for moment in range(5):
        refused = crop(90, face_px=8) if moment == 2 else crop(90)
        placeholders = waiting.add([refused, crop(200 if moment % 2 else 20), crop(90)])
        assert all(isinstance(answer, Abstention) for answer in placeholders)
    calm, flicker, short = Track(0, (0, 3, 6, 9, 12)), Track(1, (1, 4, 7, 10, 13)), Track(2, (2, 5))
    answers = waiting.answers([calm, flicker, short])
    assert isinstance(answers[6], Abstention)
    assert answers[6].reason == "face_too_small"
    assert all(isinstance(answers[at], Score) and answers[at].logit < 0 for at in (0, 3, 9, 12))
    assert [type(answers[at]) for at in (1, 4, 7, 10, 13)] == [Score] * 5
    assert np.mean([answers[at].logit for at in (1, 4, 7, 10, 13)]) > 1
    assert all(isinstance(answers[at], Abstention) and answers[at].reason == "too_short" for at in (2, 5, 8, 11, 14))


def test_a_flickering_clip_is_told_from_a_calm_one(card: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    plan = replace(tiny_plan, face=str(card), speech="", frames=8, exhibits=2)
    calm = people.write_still_clip(tmp_path / "calm.mp4", people.bust(), seconds=1.0, fps=8)
    looks = [people.bust(), people.bust(blue=True)]
    flicker = videos.write_clip(
        tmp_path / "flicker.mp4", seconds=1.0, fps=8, size=(240, 240), draw=lambda number, _size: looks[number % 2]
    )
    scanner = Pipeline(plan)
    genuine, forged = scanner.scan(calm), scanner.scan(flicker)
    assert genuine.evidence[0].p_fake is not None
    assert forged.evidence[0].p_fake is not None
    assert genuine.verdict == "likely_real"
    assert forged.evidence[0].p_fake > 0.9
    assert genuine.evidence[0].p_fake < 0.3
    assert genuine.coverage == 1.0
    assert len(forged.timeline) == 8


def test_a_picture_is_too_short(card: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    picture = people.write_portrait(tmp_path / "one.png")
    report = Pipeline(replace(tiny_plan, face=str(card), speech="")).scan(picture)
    assert report.verdict == "inconclusive"
    assert report.evidence[0].abstained == "too_short"
