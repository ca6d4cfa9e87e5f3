"""What a drawn mouth does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.makers.talking import FPS, speaking
from unmask.core.records import Face, Frame
from unmask.faces.detect import FaceFinder
from unmask.lips.mouth import Mouth, MouthWatcher, smoothed
from unmask.models import catalogue, store

SHUT_AND_OPEN = (0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(store.locate(catalogue.find("yunet-2023mar")))


def watched(openings: tuple[float, ...], finder: FaceFinder) -> Mouth:
    watcher = MouthWatcher()
    first: Face | None = None
    for number, opening in enumerate(openings):
        frame = Frame(number, number / FPS, speaking(opening))
        first = first or finder.find(frame)[0]
        watcher.add(frame, Face(first.box_xyxy_px, first.landmarks_px, 0.9, number, number / FPS))
    assert (watcher.count, watcher.length_s) == (len(openings), pytest.approx((len(openings) - 1) / FPS))
    return watcher.mouth()


def test_an_open_mouth_is_darker_and_opening_it_is_a_movement_down(finder: FaceFinder) -> None:
    mouth = watched(SHUT_AND_OPEN, finder)
    darkness, speed = mouth.measures.T
    assert darkness[3:6].min() > darkness[[0, 1, 7, 8]].max()
    assert speed[2] > 1
    assert speed[6] < -1
    assert mouth.opening_speed > 8
    assert mouth.turned < 0.2
    assert mouth.size_px == pytest.approx(110, abs=10)


def test_a_still_picture_does_not_move(finder: FaceFinder) -> None:
    mouth = watched((0.3,) * 6, finder)
    assert mouth.opening_speed == pytest.approx(0, abs=0.01)


def test_nothing_yet() -> None:
    watcher = MouthWatcher()
    assert (watcher.count, watcher.length_s) == (0, 0.0)


def test_smoothing_keeps_what_is_constant_and_spreads_what_is_not() -> None:
    assert np.allclose(smoothed(np.full((9, 2), 3.0), 2.0), 3.0)
    spike = smoothed(np.eye(21)[:, [10]], 2.0)
    assert spike.sum() == pytest.approx(1.0)
    assert float(np.sqrt((spike[:, 0] * (np.arange(21) - 10) ** 2).sum())) == pytest.approx(2.0, rel=0.05)
