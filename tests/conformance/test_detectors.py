"""Every detector through one suite: the tiny ones, and those that ship.

A detector judges each unit on its own, gives the same answer every time, and abstains rather than raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.makers import people, sounds
from unmask.core.evidence import Abstention, Score
from unmask.core.records import Face, FaceCrop, Frame, PictureView, Sound, SpeechWindow
from unmask.detectors.face_frame import FaceFrameDetector
from unmask.detectors.picture import PictureDetector
from unmask.detectors.speech import SpeechDetector
from unmask.faces.crop import crop_face, cut_square
from unmask.fusion.calibrate import medium_probability, unit_probability
from unmask.models import catalogue
from unmask.models.card import CardInput
from unmask.models.session import Session

POINTS = np.array([[203, 105], [243, 104], [224, 128], [208, 149], [241, 148]], np.float32)
SHIPPED = [
    card.name
    for card in map(catalogue.find, catalogue.names())
    if card.family in ("face", "speech", "picture") and not card.base
]
Judge = FaceFrameDetector | SpeechDetector | PictureDetector


@pytest.fixture(params=["tiny-face", "tiny-speech", "tiny-picture", *SHIPPED])
def detector(request: pytest.FixtureRequest, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    name = request.param
    if name.startswith("tiny"):
        monkeypatch.setenv("UNMASK_MODELS", str(model_folder))
        name = str(model_folder / f"{name}.toml")
    card = catalogue.find(name)
    kinds: dict[str, Callable[[Session], Judge]] = {
        "face": FaceFrameDetector,
        "speech": SpeechDetector,
        "picture": PictureDetector,
    }
    return kinds[card.family](Session(card, threads=1))


def crop(pixels: np.ndarray, wants: CardInput, *, side: float = 113) -> FaceCrop | PictureView:
    """A picture cut as the scanner would, as if its face filled the given box."""
    if not wants.margin:
        square = (178.0, 63.0, 178.0 + side * 2, 63.0 + side * 2)
        return PictureView(cut_square(np.ascontiguousarray(pixels), square, wants.size_px), square)
    face = Face((178, 63, 178 + side * 0.8, 63 + side), POINTS, 0.9)
    return crop_face(Frame(0, 0.0, np.ascontiguousarray(pixels)), face, size_px=wants.size_px, margin=wants.margin)


def window(samples: np.ndarray, wants: CardInput) -> SpeechWindow:
    length = round(wants.rate_hz * wants.length_s)
    return SpeechWindow(Sound(np.resize(samples, length).astype(np.float32), wants.rate_hz), 1.0)


def plain_units(wants: CardInput) -> list[Any]:
    """Units that every detector must judge."""
    if wants.size_px:
        pictures = [people.portrait(), people.blue_portrait(), people.portrait()[:, ::-1], people.portrait() // 2]
        return [crop(pixels, wants) for pixels in pictures]
    return [window(level * sounds.speech_like(4.0, seed=seed), wants) for seed, level in enumerate((0.3, 1, 2, 4))]


def odd_units(wants: CardInput) -> list[Any]:
    """Units that it must survive."""
    rng = np.random.default_rng(0)
    if wants.size_px:
        shape = (512, 512, 3)
        pictures = [
            np.zeros(shape, np.uint8),
            np.full(shape, 255, np.uint8),
            rng.integers(0, 256, shape, np.uint8),
            np.full((1, 1, 3), 90, np.uint8),
            np.full((2, 700, 3), 90, np.uint8),
        ]
        return [crop(pixels, wants) for pixels in pictures] + [
            crop(people.portrait(), wants, side=side) for side in (1, 10)
        ]
    loudest = np.where(np.arange(1000) % 2, 1.0, -1.0)
    impulse = np.zeros(64000)
    impulse[7] = 1
    return [window(samples, wants) for samples in (np.zeros(1), np.ones(1), loudest, rng.normal(0, 1, 999), impulse)]


def same(one: Score | Abstention, other: Score | Abstention, *, within: float = 0.0) -> bool:
    if isinstance(one, Abstention) or isinstance(other, Abstention):
        return one == other
    assert one.heatmap is not None
    assert other.heatmap is not None
    return abs(one.logit - other.logit) <= within and bool(np.abs(one.heatmap - other.heatmap).max() <= within)


def all_same(ones: Sequence[Score | Abstention], others: Sequence[Score | Abstention], *, within: float = 0.0) -> bool:
    return all(same(one, other, within=within) for one, other in zip(ones, others, strict=True))


def test_answers_repeat_exactly(detector: Judge) -> None:
    units = plain_units(detector.wants) + odd_units(detector.wants)
    assert all_same(detector.score(units), detector.score(units))


def test_answers_do_not_depend_on_neighbours_or_order(detector: Judge) -> None:
    units = plain_units(detector.wants) + odd_units(detector.wants)
    together = detector.score(units)
    alone = [detector.score([unit])[0] for unit in units]
    assert all_same(together, alone, within=2e-3)
    assert all_same(together, detector.score(units[::-1])[::-1], within=2e-3)


def test_one_answer_each(detector: Judge) -> None:
    assert detector.score([]) == []
    units = plain_units(detector.wants) * 5
    assert len(detector.score(units)) == len(units)
    assert all(isinstance(answer, Score) for answer in detector.score(units))


def test_odd_units_give_finite_scores_or_abstentions(detector: Judge) -> None:
    for answer in detector.score(odd_units(detector.wants)):
        if isinstance(answer, Abstention):
            assert answer.reason in ("face_too_small", "too_dark", "too_blurred", "too_small", "too_plain", "no_speech")
        else:
            assert np.isfinite(answer.logit)
            assert answer.heatmap is not None
            assert np.isfinite(answer.heatmap).all()


def test_nothing_to_see_or_hear_is_an_abstention(detector: Judge) -> None:
    assert isinstance(detector.score(odd_units(detector.wants)[:1])[0], Abstention)


def test_units_are_left_as_they_are(detector: Judge) -> None:
    units = plain_units(detector.wants)
    before = [_array(unit).copy() for unit in units]
    detector.score(units)
    assert all((_array(unit) == copy).all() for unit, copy in zip(units, before, strict=True))


def test_evidence_is_a_map_whose_mean_is_the_logit(detector: Judge) -> None:
    for answer in detector.score(plain_units(detector.wants)):
        assert isinstance(answer, Score)
        assert answer.heatmap is not None
        assert answer.heatmap.ndim == 2
        assert answer.heatmap.dtype == np.float32
        if detector.wants.size_px:
            assert answer.heatmap.mean() == pytest.approx(answer.logit, abs=2e-3)


def test_higher_logits_mean_more_likely_fake(detector: Judge) -> None:
    """No card may turn a score round: 1 is fake everywhere."""
    card = detector._session.card.calibration
    assert card is not None
    assert card.unit_slope > 0
    assert card.medium_slope > 0
    for p_fake in (unit_probability, medium_probability):
        assert p_fake(8.0, card) > p_fake(0.0, card) > p_fake(-8.0, card)
    assert 0 <= card.likely_real_below <= card.likely_fake_above <= 1


def test_the_direction_of_the_tiny_models(detector: Judge) -> None:
    """Blue faces and loud voices are their forgeries."""
    if not detector.name.startswith("tiny"):
        pytest.skip("only a labelled set tells the direction of a trained model; see its card's figures")
    answers = detector.score(plain_units(detector.wants))
    genuine, forged = (answers[0], answers[1]) if detector.wants.size_px else (answers[0], answers[3])
    assert isinstance(genuine, Score)
    assert isinstance(forged, Score)
    assert genuine.logit < 0 < forged.logit


def _array(unit: FaceCrop | PictureView | SpeechWindow) -> np.ndarray:
    return unit.sound.samples_f32 if isinstance(unit, SpeechWindow) else unit.pixels_rgb_u8
