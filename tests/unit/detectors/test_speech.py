from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.makers import models
from unmask.core.evidence import Abstention, Score
from unmask.core.records import Sound, SpeechWindow
from unmask.detectors.speech import SpeechDetector
from unmask.models.card import read_card
from unmask.models.session import Session


@pytest.fixture
def detector(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> SpeechDetector:
    monkeypatch.setenv("UNMASK_MODELS", str(model_folder))
    return SpeechDetector(Session(read_card(model_folder / "tiny-speech.toml"), threads=1))


def window(level: float) -> SpeechWindow:
    return SpeechWindow(Sound(np.tile(np.array([level, -level], np.float32), 32000), 16000), 1.0)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 20])
def test_answers_keep_their_places_over_batches_and_refusals(detector: SpeechDetector, count: int) -> None:
    units = [window(0.0 if at % 5 == 2 else 0.01 * at + 0.01) for at in range(count)]
    answers = detector.score(units)
    assert len(answers) == count
    for at, (unit, answer) in enumerate(zip(units, answers, strict=True)):
        if at % 5 == 2:
            assert answer == Abstention("no_speech", "the window is silent")
        else:
            assert isinstance(answer, Score)
            assert answer.logit == pytest.approx(models.speech_logit(unit.sound.samples_f32), abs=1e-3)
            assert answer.heatmap is not None
            assert answer.heatmap.shape == (4, 25)


def test_louder_is_more_likely_forged_to_the_tiny_model(detector: SpeechDetector) -> None:
    quiet, loud = detector.score([window(0.02), window(0.3)])
    assert isinstance(quiet, Score)
    assert isinstance(loud, Score)
    assert quiet.logit < 0 < loud.logit


def test_it_says_what_it_is_and_wants(detector: SpeechDetector) -> None:
    assert detector.name == "tiny-speech"
    assert (detector.wants.rate_hz, detector.wants.length_s) == (16000, 4.0)
