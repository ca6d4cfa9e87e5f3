"""Distillation: the stock of views, the targets, and what is no teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.makers import models  # noqa: E402
from tests.makers.images import write_image  # noqa: E402
from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.extraction.crops import CachedCrop  # noqa: E402
from unmask.fusion.calibrate import unit_probability  # noqa: E402
from unmask.models.catalogue import find  # noqa: E402
from unmask.models.session import Session  # noqa: E402
from unmask.training.pictures.taught import TaughtViews  # noqa: E402
from unmask.training.recipe import Recipe, Schedule, Teacher  # noqa: E402

POINTS = np.array([[20, 20], [44, 20], [32, 32], [22, 44], [42, 44]], np.float32)


@pytest.fixture
def crops(tmp_path: Path) -> list[CachedCrop]:
    rng = np.random.default_rng(2)
    found = []
    for label, name in enumerate(("real", "fake")):
        path = tmp_path / f"{name}.png"
        write_image(path, rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        found.append(CachedCrop(path, label, "mine", "", name, str(path), POINTS))
    return found


def recipe(card: Path | str, **settings: float) -> Recipe:
    teacher = Teacher(card=str(card), views=int(settings.pop("views", 6)), share=settings.pop("share", 0.5))
    schedule = Schedule(steps=1, batch=2, learning_rate=1e-3, threads=1, seed=5)
    return Recipe("pupil", "face", "face_cnn", "", schedule, SplitRule(), teacher=teacher)


def taught(crops: list[CachedCrop], wanted: Recipe, folder: Path, **options) -> TaughtViews:
    return TaughtViews(crops, wanted, folder, size_px=32, margin=find(wanted.teacher.card).input.margin, **options)


def test_targets_lie_between_label_and_teacher(crops: list[CachedCrop], tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path)
    views = taught(crops, recipe(card), tmp_path / "stock")
    kept, answers = np.load(tmp_path / "stock" / "views.npy"), np.load(tmp_path / "stock" / "answers.npy")
    session = Session(find(str(card)))
    for view, answer in zip(kept, answers, strict=True):
        logit = float(session.run(view[None])["logit"][0])
        assert answer == pytest.approx(unit_probability(logit, session.card.calibration), abs=1e-6)
    assert np.ptp(answers) > 0
    for number in range(12):
        pixels, target = views[number]
        assert pixels.shape == (32, 32, 3)
        mine = answers[number % 2 :: 2]  # Views alternate as labels do.
        assert np.abs(0.5 * (number % 2) + 0.5 * mine - target).min() < 1e-6


def test_without_a_share_the_labels_are_left(crops: list[CachedCrop], tmp_path: Path) -> None:
    views = taught(crops, recipe(models.write_face_model(tmp_path), share=0.0), tmp_path / "stock")
    assert [float(views[number][1]) for number in range(4)] == [0.0, 1.0, 0.0, 1.0]


def test_a_stock_that_was_broken_off_goes_on(crops: list[CachedCrop], tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path)
    taught(crops, recipe(card), tmp_path / "whole")
    answers = np.load(tmp_path / "whole" / "answers.npy")

    class Stopped(Exception):
        pass

    def stop(_event: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        taught(crops, recipe(card, views=70), tmp_path / "broken", listener=stop)
    begun = np.load(tmp_path / "broken" / "answers.npy")
    assert len(begun) == 64
    heard: list[int] = []
    taught(crops, recipe(card, views=70), tmp_path / "broken", listener=lambda event: heard.append(event.done))
    assert heard == [70]
    np.testing.assert_array_equal(np.load(tmp_path / "broken" / "answers.npy")[:6], answers)


def test_only_judges_of_face_crops_teach(crops: list[CachedCrop], tmp_path: Path) -> None:
    for card in (models.write_clip_model(tmp_path), models.write_speech_model(tmp_path)):
        with pytest.raises(InvalidOption, match=r"teacher\.card"):
            taught(crops, recipe(card), tmp_path / "stock")
    card = models.write_face_model(tmp_path)
    with pytest.raises(InvalidOption, match="margin"):
        TaughtViews(crops, recipe(card), tmp_path / "stock", size_px=32, margin=2.0)
