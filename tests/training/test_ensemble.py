"""Several cards as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.makers import models
from unmask.core.errors import CardMismatch, InvalidOption
from unmask.datasets.split import SplitRule
from unmask.models import catalogue
from unmask.models.card import read_card
from unmask.models.session import Session
from unmask.models.write import write_card
from unmask.training.draft import draft_picture_card, parity_units
from unmask.training.ensemble import join, joint_parity, read_members
from unmask.training.recipe import Recipe, Schedule


def recipe(*members: str) -> Recipe:
    plan = Schedule(steps=1, batch=2, learning_rate=1.0)
    return Recipe("both", "face", "ensemble", "", plan, SplitRule(), network={"members": list(members)})


def graph(sign: float) -> onnx.ModelProto:
    """The tiny face model, or its opposite, with an embedding."""
    model = models.face_graph()
    for entry in model.graph.initializer:
        if entry.name == "weights":
            entry.CopyFrom(numpy_helper.from_array(sign * numpy_helper.to_array(entry), "weights"))
    model.graph.node.append(helper.make_node("Flatten", ["evidence"], ["embedding"]))
    model.graph.output.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 16]))
    return model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    for name, sign in (("one", 1.0), ("other", -0.5)):
        models.write_face_model(tmp_path, name=name, graph=graph(sign))
    return tmp_path


def test_the_logit_is_the_mean_of_the_calibrated_logits(folder: Path) -> None:
    drawn = replace(read_card(folder / "other.toml").calibration, medium_slope=3.0, medium_offset=0.25)  # type: ignore[type-var]
    write_card(replace(read_card(folder / "other.toml"), calibration=drawn), folder / "other.toml")
    card = draft_picture_card(recipe("one", "other"), folder, [], folder)
    write_card(card, folder / "both.toml")
    units = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    found = Session(catalogue.find(str(folder / "both.toml"))).run(units)
    single = np.array([models.face_logit(unit) for unit in units])
    assert found["logit"] == pytest.approx((1.5 * single + (3.0 * -0.5 * single + 0.25)) / 2, abs=1e-4)
    assert found["evidence"].shape == (3, 4, 4)
    assert found["embedding"].shape == (3, 32)
    assert "one, other" in card.summary
    assert card.parity is not None
    assert 0 <= card.parity < 1e-3


def test_a_joint_graph_that_gives_something_else_is_not_shipped(folder: Path) -> None:
    """The members' own graphs are asked, not the joint one again."""
    members = read_members(recipe("one", "other"), folder)
    join(members, folder / "both.onnx", name="both")
    units = parity_units(64)
    assert joint_parity(members, folder / "both.onnx", units) < 1e-3
    assert members[1].calibration is not None
    off = replace(members[1], calibration=replace(members[1].calibration, medium_offset=0.01))
    assert joint_parity([members[0], off], folder / "both.onnx", units) == pytest.approx(0.005, abs=1e-4)
    off = replace(members[1], calibration=replace(members[1].calibration, medium_offset=1.0))
    with pytest.raises(CardMismatch, match=r"both\.onnx: the .* differ from the mean of its members' by 0\.5"):
        joint_parity([members[0], off], folder / "both.onnx", units)


def test_members_must_be_there_and_alike(folder: Path) -> None:
    with pytest.raises(InvalidOption, match="at least two"):
        draft_picture_card(recipe("one"), folder, [], folder)
    with pytest.raises(InvalidOption, match=r"third\.toml"):
        draft_picture_card(recipe("one", "third"), folder, [], folder)
    card = read_card(folder / "other.toml")
    write_card(replace(card, calibration=None), folder / "other.toml")
    with pytest.raises(CardMismatch, match="calibration"):
        draft_picture_card(recipe("one", "other"), folder, [], folder)
