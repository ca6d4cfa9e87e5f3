"""Distillation: the stock of views, the targets, and what is no teacher."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.makers import models  # noqa: E402
from tests.makers.images import write_image  # noqa: E402
from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.datasets.manifest import Row  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.extraction.crops import CachedCrop  # noqa: E402
from unmask.fusion.calibrate import unit_probability  # noqa: E402
from unmask.models.catalogue import find  # noqa: E402
from unmask.models.session import Session  # noqa: E402
from unmask.training.pictures.photographs import PieceStream  # noqa: E402
from unmask.training.pictures.portraits import PortraitStream  # noqa: E402
from unmask.training.pictures.taught import (  # noqa: E402
    Material,
    TaughtViews,
    face_teacher,
    picture_teacher,
    seen_by,
    shifted,
    varied,
)
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
    views, share, pieces = (settings.pop(*entry) for entry in (("views", 6), ("share", 0.5), ("pieces", 0.0)))
    teacher = Teacher(card=str(card), views=int(views), share=share, pieces=pieces)
    schedule = Schedule(steps=1, batch=2, learning_rate=1e-3, threads=1, seed=5)
    return Recipe("pupil", "face", "face_cnn", "", schedule, SplitRule(), teacher=teacher)


def taught(crops: list[CachedCrop], wanted: Recipe, folder: Path, pieces=None, **options) -> TaughtViews:
    margin = find(wanted.teacher.card).input.margin
    session = face_teacher(wanted, margin)
    stream = PortraitStream(crops, wanted, size_px=seen_by(session), margin=margin)
    material = Material(stream, partial(varied, size_px=32), pieces)
    return TaughtViews(material, session, wanted, folder, **options)


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


def test_of_pieces_the_teachers_answer_alone_counts(crops: list[CachedCrop], tmp_path: Path) -> None:
    pictures = [Row(crop.path, "image", crop.label, "any", "", crop.medium) for crop in crops]
    wanted = recipe(models.write_face_model(tmp_path), share=0.0, views=8, pieces=0.5)
    pieces = PieceStream(pictures, 5, size_px=seen_by(face_teacher(wanted, find(wanted.teacher.card).input.margin)))
    views = taught(crops, wanted, tmp_path / "stock", pieces=pieces)
    answers = np.load(tmp_path / "stock" / "pieces" / "answers.npy")
    assert len(answers) == 4
    targets = [float(views[number][1]) for number in range(60)]
    told = [target for target in targets if target not in (0.0, 1.0)]
    assert 15 <= len(told) <= 45
    assert {round(target, 6) for target in told} <= {round(float(answer), 6) for answer in answers}
    labelled = [(number % 2, target) for number, target in enumerate(targets) if target in (0.0, 1.0)]
    assert labelled
    assert all(label == target for label, target in labelled)


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


def test_only_judges_of_the_same_thing_teach(tmp_path: Path) -> None:
    for card in (models.write_clip_model(tmp_path), models.write_speech_model(tmp_path)):
        with pytest.raises(InvalidOption, match=r"teacher\.card"):
            face_teacher(recipe(card), 1.3)
    face = models.write_face_model(tmp_path)
    with pytest.raises(InvalidOption, match="margin"):
        face_teacher(recipe(face), 2.0)
    picture = replace(recipe(face), family="picture")
    with pytest.raises(InvalidOption, match="whole pictures"):
        picture_teacher(picture)
    card = models.write_picture_model(tmp_path)
    assert seen_by(picture_teacher(replace(picture, teacher=Teacher(card=str(card))))) > 0


def test_views_of_whole_pictures_are_never_resized() -> None:
    rng = np.random.default_rng(3)
    view = np.arange(56 * 56 * 3, dtype=np.int32).reshape(56, 56, 3).astype(np.uint8)
    rows = {row.tobytes() for row in view.reshape(-1, 3)}
    kept = 0
    for _ in range(30):
        pixels = shifted(view, rng)
        assert pixels.shape == (48, 48, 3)
        kept += {row.tobytes() for row in pixels.reshape(-1, 3)} <= rows
    assert 15 < kept < 30, "the rest was compressed"
