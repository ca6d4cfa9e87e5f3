"""Views of whole pictures, with the tiny model: what is judged and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unmask.core.evidence import Score
from unmask.core.records import PictureView
from unmask.detectors.picture import SMALLEST_PICTURE_PX, PictureDetector, plainness, refusal
from unmask.models.card import read_card
from unmask.models.session import Session


@pytest.fixture
def detector(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> PictureDetector:
    monkeypatch.setenv("UNMASK_MODELS", str(model_folder))
    return PictureDetector(Session(read_card(model_folder / "tiny-picture.toml"), threads=1))


def view(colour: tuple[int, int, int] = (90, 90, 90), *, side: float = 256, grain: bool = True) -> PictureView:
    pixels = np.full((224, 224, 3), colour, np.uint8)
    if grain:
        pixels[:, ::2] += 4
    return PictureView(pixels, (0, 0, side, side))


def test_green_is_generated_and_red_is_not(detector: PictureDetector) -> None:
    size = detector.wants.size_px
    units = [
        PictureView(view(colour).pixels_rgb_u8[:size, :size], (0, 0, size, size))
        for colour in ((20, 200, 20), (200, 20, 20))
    ]
    green, red = detector.score(units)
    assert isinstance(green, Score)
    assert isinstance(red, Score)
    assert green.logit > 0 > red.logit
    assert green.heatmap is not None
    assert green.heatmap.mean() == pytest.approx(green.logit, abs=1e-4)


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (view(side=SMALLEST_PICTURE_PX - 1), "too_small"),
        (view(side=SMALLEST_PICTURE_PX), None),
        (view(grain=False), "too_plain"),
        (view(side=20, grain=False), "too_small"),
    ],
    ids=["small", "just large enough", "flat", "small and flat"],
)
def test_what_cannot_be_judged_is_refused(detector: PictureDetector, unit: PictureView, reason: str | None) -> None:
    said = refusal(unit)
    assert (said.reason if said else None) == reason
    if reason:
        assert detector.score([unit]) == [said]


def test_plainness_is_the_share_of_equal_neighbours() -> None:
    rng = np.random.default_rng(0)
    assert plainness(np.full((8, 8, 3), 7, np.uint8)) == 1
    assert plainness(rng.integers(0, 256, (64, 64, 3), np.uint8)) < 0.01
    half = np.concatenate([np.zeros((64, 64, 3), np.uint8), rng.integers(0, 256, (64, 64, 3), np.uint8)])
    assert plainness(half) == pytest.approx(0.5, abs=0.01)
