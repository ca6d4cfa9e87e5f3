"""Whole pictures, from a manifest to weights and a card: a run on a handful of pictures, taught and untaught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from tests.makers import models
from tests.makers.images import write_image
from unmask.core.errors import InvalidOption
from unmask.media.sample import VIEW_RULE
from unmask.models.card import read_card
from unmask.models.write import write_card
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.training.fitting.bench import Machine
from unmask.training.pictures.train_pictures import train_pictures
from unmask.training.recipe import read_recipe
from unmask.training.train import draft_card

RECIPE = """
name = "tiny"
family = "picture"
architecture = "face_cnn"
pretrained = ""
[network]
backbone = "test_efficientnet"
stages = 2
size_px = 64
[schedule]
steps = 6
batch = 4
learning_rate = 1e-2
warmup = 1
validate_every = 6
threads = 1
[split]
validation = ["other"]
"""
MACHINE = Machine("cpu", precision="32-true", workers=0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Smooth photographs and grainy pictures of two sources, a manifest and a recipe."""
    rng = np.random.default_rng(1)
    lines = ["path,kind,label,source,method,group"]
    for source in ("mine", "other"):
        for number in range(4):
            coarse = rng.integers(60, 200, (5, 5, 3)).repeat(40, 0).repeat(40, 1)
            grain = rng.normal(0, 40, coarse.shape) * (number % 2)
            name = f"{source}-{number}.png"
            write_image(tmp_path / name, np.clip(coarse + grain, 0, 255).astype(np.uint8))
            lines.append(f"{name},image,{('real', 'fake')[number % 2]},{source},,{name}")
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def test_a_network_is_trained_and_the_scanner_asks_it(home: Path) -> None:
    recipe = read_recipe(home / "tiny.toml")
    outcome = train_pictures(recipe, home / "data.csv", home / "run", machine=MACHINE)
    assert outcome.best["step"] == 6
    assert 0 <= outcome.best["validation_auc"] <= 1
    assert outcome.best["score"] == outcome.best["validation_auc"]
    card = draft_card(recipe, [home / "run"], [], home)
    assert (card.family, card.input.crop, card.input.margin) == ("picture", VIEW_RULE, 0.0)
    calibration = read_card(models.write_picture_model(home)).calibration
    write_card(replace(card, calibration=calibration), home / "tiny-out.toml")
    plan = ScanPlan(face="", speech="", picture=str(home / "tiny-out.toml"), threads=1)
    (evidence,) = Pipeline(plan).scan(home / "other-1.png").evidence
    assert evidence.modality == "image"
    assert evidence.p_fake is not None


def test_a_teacher_judges_a_stock_first(home: Path) -> None:
    settings = {"teacher.card": f'"{models.write_picture_model(home)}"', "teacher.views": "8"}
    train_pictures(
        read_recipe(home / "tiny.toml", settings=settings), home / "data.csv", home / "taught", machine=MACHINE
    )
    answers = np.load(home / "taught" / "taught" / "answers.npy")
    assert answers.shape == (8,)
    assert ((answers > 0) & (answers < 1)).all()
    wanted = read_recipe(home / "tiny.toml", settings={**settings, "teacher.pieces": "0.5"})
    with pytest.raises(InvalidOption, match=r"teacher\.pieces"):
        train_pictures(wanted, home / "data.csv", home / "pieces", machine=MACHINE)


def test_networks_of_sequences_are_refused(home: Path) -> None:
    settings = {"architecture": '"frame_gru"', "network": '{ backbone = "test_efficientnet", frames = 3 }'}
    with pytest.raises(InvalidOption, match="sequences of faces"):
        train_pictures(
            read_recipe(home / "tiny.toml", settings=settings), home / "data.csv", home / "no", machine=MACHINE
        )
