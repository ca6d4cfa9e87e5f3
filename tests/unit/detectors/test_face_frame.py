from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.makers import models, people
from unmask.core.evidence import Abstention, Score
from unmask.core.records import Face, FaceCrop
from unmask.detectors.face_frame import DARKEST, SMALLEST_FACE_PX, FaceFrameDetector, refusal, sharpness
from unmask.media.wear.degrade import blur
from unmask.models.card import CardInput, read_card
from unmask.models.session import Session


@pytest.fixture
def detector(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FaceFrameDetector:
    monkeypatch.setenv("UNMASK_MODELS", str(model_folder))
    return FaceFrameDetector(Session(read_card(model_folder / "tiny-face.toml"), threads=1))


def crop(colour: tuple[int, int, int], *, face_px: float = 80) -> FaceCrop:
    face = Face((0, 0, face_px, face_px / 2), np.zeros((5, 2), np.float32), 0.9)
    return FaceCrop(face, np.full((64, 64, 3), colour, np.uint8), (0, 0, 64, 64))


def test_scores_are_the_graphs(detector: FaceFrameDetector) -> None:
    unit = crop((10, 20, 200))
    (answer,) = detector.score([unit])
    assert isinstance(answer, Score)
    assert answer.logit == pytest.approx(models.face_logit(unit.pixels_rgb_u8), abs=1e-4)
    assert answer.heatmap is not None
    assert answer.heatmap.shape == (4, 4)
    assert answer.heatmap.mean() == pytest.approx(answer.logit, abs=1e-4)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40])
def test_answers_keep_their_places_over_batches_and_refusals(detector: FaceFrameDetector, count: int) -> None:
    units = [crop((0, 90, 5 * at), face_px=8 if at % 7 == 3 else 80) for at in range(count)]
    answers = detector.score(units)
    assert len(answers) == count
    for unit, answer in zip(units, answers, strict=True):
        if unit.face.size_px < SMALLEST_FACE_PX:
            assert answer == refusal(unit, detector.wants)
        else:
            assert isinstance(answer, Score)
            assert answer.logit == pytest.approx(models.face_logit(unit.pixels_rgb_u8), abs=1e-3)


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (crop((90, 90, 90), face_px=SMALLEST_FACE_PX - 0.1), "face_too_small"),
        (crop((90, 90, 90), face_px=SMALLEST_FACE_PX), None),
        (crop((DARKEST - 1,) * 3), "too_dark"),
        (crop((DARKEST,) * 3), None),
        (crop((0, 0, 0), face_px=10), "face_too_small"),
    ],
    ids=["small", "just large enough", "dark", "just bright enough", "small and dark"],
)
def test_refusals(unit: FaceCrop, reason: str | None) -> None:
    found = refusal(unit, CardInput("pixels", "uint8", 64, 1.3))
    assert (found.reason if found else None) == reason
    if isinstance(found, Abstention):
        assert found.detail


def test_sharpness_is_the_variance_of_opencvs_laplacian() -> None:
    pixels = people.portrait()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    assert sharpness(pixels) == pytest.approx(cv2.Laplacian(grey, cv2.CV_32F)[1:-1, 1:-1].var(), rel=0.01)


def test_blurred_faces_are_refused_where_the_card_asks_for_it() -> None:
    wants = CardInput("pixels", "uint8", 64, 1.3, least_sharpness=20.0)
    sharp = replace(crop((0, 0, 0)), pixels_rgb_u8=people.portrait()[60:188, 160:288])
    soft = replace(sharp, pixels_rgb_u8=blur(sharp.pixels_rgb_u8, 4.0))
    assert refusal(sharp, wants) is None
    found = refusal(soft, wants)
    assert found is not None
    assert found.reason == "too_blurred"
    assert refusal(soft, replace(wants, least_sharpness=0.0)) is None


def test_it_says_what_it_is_and_wants(detector: FaceFrameDetector) -> None:
    assert detector.name == "tiny-face"
    assert (detector.wants.size_px, detector.wants.margin) == (64, 1.3)
