"""The detector of sequences, with a tiny model that calls a face forged if its colour flickers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.makers import models
from unmask.core.evidence import Abstention, Score
from unmask.core.records import Face, FaceCrop
from unmask.detectors.face_clip import FaceClipDetector
from unmask.models.card import read_card
from unmask.models.session import Session


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaceClipDetector:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    return FaceClipDetector(Session(read_card(models.write_clip_model(tmp_path)), threads=1))


def clip(*blues: int) -> list[FaceCrop]:
    face = Face((0, 0, 80, 80), np.zeros((5, 2), np.float32), 0.9)
    return [FaceCrop(face, np.full((64, 64, 3), (90, 90, blue), np.uint8), (0, 0, 64, 64)) for blue in blues]


def test_flicker_is_suspicious_and_calm_is_not(detector: FaceClipDetector) -> None:
    calm, flicker = detector.score([clip(90, 90, 90, 90), clip(90, 200, 90, 200)])
    assert isinstance(calm, Score)
    assert isinstance(flicker, Score)
    assert calm.logit == pytest.approx(-1)
    assert flicker.logit > 2


def test_there_is_a_row_of_evidence_for_each_crop(detector: FaceClipDetector) -> None:
    (answer,) = detector.score([clip(90, 90, 200, 200)])
    assert isinstance(answer, Score)
    assert answer.heatmap is not None
    assert answer.heatmap.shape == (4, 1)
    assert int(answer.heatmap.argmax()) == 2
    assert answer.heatmap.mean() == pytest.approx(answer.logit, abs=1e-5)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_sequences_of_another_length_are_refused_among_others(detector: FaceClipDetector, count: int) -> None:
    answers = detector.score([clip(90, 90, 90, 90), clip(*[90] * count), clip(0, 255, 0, 255)])
    assert [type(answer) for answer in answers] == [Score, Abstention, Score]
    refused = answers[1]
    assert isinstance(refused, Abstention)
    assert refused.reason == "too_short"
    assert f"{count} faces" in refused.detail


def test_order_in_time_matters_but_neighbours_do_not(detector: FaceClipDetector) -> None:
    units = [clip(0, 255, 0, 255), clip(0, 0, 255, 255), clip(9, 9, 9, 9)]
    together = [answer.logit for answer in detector.score(units) if isinstance(answer, Score)]
    alone = [answer.logit for unit in units for answer in detector.score([unit]) if isinstance(answer, Score)]
    assert together == pytest.approx(alone)
    assert together[0] > together[1] > together[2]
