"""Sequences of crops as training examples."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from unmask.core.errors import InvalidOption
from unmask.datasets.split import SplitRule
from unmask.extraction.crops import CachedCrop
from unmask.training.pictures.clips import ClipStream, whole_sequences
from unmask.training.pictures.disturb import AUGMENT
from unmask.training.recipe import Recipe, Schedule


def recipe() -> Recipe:
    calm = dict.fromkeys(AUGMENT, 0.0)
    plan = Schedule(steps=1, batch=2, learning_rate=1.0)
    return Recipe("clips", "face", "frame_pool", "", plan, SplitRule(), augment=calm)


@pytest.fixture
def crops(tmp_path: Path) -> list[CachedCrop]:
    """Clips of 5 and 6 crops and one of 2; the crop's red tells its clip, its green its moment."""
    found = []
    for clip, (label, count) in enumerate([(0, 5), (1, 6), (0, 2)]):
        for moment in range(count):
            path = tmp_path / f"{clip}-{moment}.png"
            cv2.imwrite(str(path), np.full((64, 64, 3), (90, 40 * moment, 100 * clip), np.uint8))
            points = np.zeros((5, 2), np.float32)
            found.append(CachedCrop(path, label, f"source {clip}", "", f"g{clip}", f"clip {clip}", points))
    return found


def test_a_sequence_is_of_one_clip_in_order_and_disturbed_alike(crops: list[CachedCrop]) -> None:
    stream = ClipStream(crops, recipe(), frames=3, size_px=32, margin=1.3)
    for number in range(8):
        pixels, label = stream[number]
        assert pixels.shape == (3, 32, 32, 3)
        assert label == number % 2
        middle = pixels[:, 16, 16].astype(int)
        steps = np.diff(middle[:, 1])
        assert (steps > 20).all()
        assert steps[0] == pytest.approx(steps[1], abs=3)
        assert np.ptp(middle[:, 0]) <= 2


def test_an_example_depends_on_its_number_alone(crops: list[CachedCrop]) -> None:
    streams = [ClipStream(crops, recipe(), frames=3, size_px=32, margin=1.3) for _ in range(2)]
    assert np.array_equal(streams[0][5][0], streams[1][5][0])
    assert len({streams[0][number][0].tobytes() for number in range(0, 20, 2)}) > 1


def test_whole_sequences_leave_short_clips_out(crops: list[CachedCrop]) -> None:
    kept = whole_sequences(crops, 4)
    assert [crop.medium for crop in kept] == ["clip 0"] * 4 + ["clip 1"] * 4


def test_clips_of_both_labels_are_needed(crops: list[CachedCrop]) -> None:
    with pytest.raises(InvalidOption, match="7 faces"):
        ClipStream(crops, recipe(), frames=7, size_px=32, margin=1.3)
