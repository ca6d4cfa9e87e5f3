"""The head on a frozen encoder's layers, with a stand-in for the encoder: fit, resumed, joined, scanned with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from tests.makers import people
from tests.makers.images import write_image
from unmask.core.errors import WeightsMissing
from unmask.core.events import Advanced
from unmask.datasets.manifest import read_manifest
from unmask.datasets.split import SplitRule
from unmask.media.sample import VIEW_RULE
from unmask.models.card import CardBase, CardCompanion, ModelCard, read_card
from unmask.models.catalogue import find
from unmask.models.companion import resized
from unmask.models.session import Session, runner
from unmask.models.store import digest
from unmask.models.write import write_card
from unmask.training.architectures.clip_layers import LAYERS, PATCHES, SIZE_PX, WIDTH, encoder_value
from unmask.training.pictures import layer_probe, picture_probe
from unmask.training.recipe import Recipe, read_recipe
from unmask.training.train import draft_card, train

LAYERS_WIDE = len(LAYERS) * 3 * WIDTH
RECIPE = """
name = "tiny"
family = "face"
architecture = "clip_layers"
pretrained = ""
[schedule]
steps = 2
batch = 4
learning_rate = 1.0
threads = 1
[split]
validation = ["other"]
"""


def write_encoder(path: Path) -> None:
    """Patches are mean colours, spread over 768 values; every layer doubles the one before it."""
    rng = np.random.default_rng(5)
    constants = {
        "flat": np.array([0, 3, PATCHES**2], np.int64),
        "spread": rng.normal(0, 1, (3, WIDTH)).astype(np.float32),
        "two": np.array(2, np.float32),
    }
    side = SIZE_PX // PATCHES
    nodes = [
        helper.make_node(
            "AveragePool", ["pixel_values"], ["patches"], "pool", kernel_shape=[side, side], strides=[side, side]
        ),
        helper.make_node("Reshape", ["patches", "flat"], ["rows"], "reshape"),
        helper.make_node("Transpose", ["rows"], ["colours"], "transpose", perm=[0, 2, 1]),
        helper.make_node("ReduceMean", ["colours"], ["class"], "mean", axes=[1], keepdims=1),
        helper.make_node("Concat", ["class", "colours"], ["tokens"], "concat", axis=1),
        helper.make_node("MatMul", ["tokens", "spread"], [encoder_value(0)], "layer 0"),
    ]
    nodes += [
        helper.make_node("Mul", [encoder_value(layer - 1), "two"], [encoder_value(layer)], f"layer {layer}")
        for layer in range(1, LAYERS[-1] + 2)
    ]
    last = encoder_value(LAYERS[-1] + 1)
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIZE_PX, SIZE_PX])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", PATCHES**2 + 1, WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7)
    onnx.save_model(model, str(path))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Genuine and blue portraits of two sources with their manifest and recipe, crops, and an encoder."""
    folder = tmp_path_factory.mktemp("probe")
    write_encoder(folder / "encoder.onnx")
    lines = ["path,kind,label,source,method,group"]
    for source, light in (("mine", 0), ("other", 12)):
        for label, blue in (("real", False), ("fake", True)):
            pixels = np.clip(people.bust(blue=blue).astype(int) + light, 0, 255).astype(np.uint8)
            name = f"{source}-{label}.png"
            write_image(folder / name, pixels)
            lines.append(f"{name},image,{label},{source},,{name}")
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def recipe(home: Path) -> Iterator[Recipe]:
    """The recipe, with the stand-in as the encoder that is on this machine."""
    graph = home / "encoder.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer_probe, "ENCODER", CardBase(graph.name, digest(graph), graph.stat().st_size, "Apache-2.0"))
        patch.setenv("UNMASK_MODELS", str(home))
        yield read_recipe(home / "tiny.toml")


def first_views(home: Path) -> Path:
    """The features of the first batch of views of the only way in which views were drawn."""
    (path,) = (home / "run" / "views").glob("*/0.npz")
    return path


@pytest.fixture(scope="module")
def exported(home: Path, recipe: Recipe) -> ModelCard:
    """The card of a run that was stopped after the first of two batches of views."""
    short = replace(recipe, schedule=replace(recipe.schedule, steps=1))
    train(short, home / "data.csv", home / "run", cache=home / "crops")
    written = first_views(home).stat().st_mtime_ns
    heard: list[Advanced] = []
    whole = train(recipe, home / "data.csv", home / "run", cache=home / "crops", listener=heard.append)
    assert whole.best["validation_auc"] == 1.0
    assert first_views(home).stat().st_mtime_ns == written
    assert [event.done for event in heard if event.stage == "views"] == [1, 2]
    return draft_card(recipe, [home / "run"], read_manifest(home / "data.csv"), home / "out")


def test_what_is_exported_judges_crops_one_by_one_and_shows_where(home: Path, exported: ModelCard) -> None:
    assert exported.parity is not None
    assert exported.parity < 1e-3
    assert exported.input is not None
    assert exported.input.most_units == 1
    write_card(exported, home / "out" / "tiny.toml")
    session = Session(replace(read_card(home / "out" / "tiny.toml"), home=str(home / "out")))
    crops = np.random.default_rng(1).integers(0, 256, (3, SIZE_PX, SIZE_PX, 3), np.uint8)
    found = session.run(crops)
    np.testing.assert_allclose(found["evidence"].mean(axis=(1, 2)), found["logit"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(session.run(crops[1:2])["logit"], found["logit"][1:2], rtol=1e-4)


def test_the_map_points_at_the_patches_that_speak_for_a_forgery(home: Path, exported: ModelCard) -> None:
    run = runner(home / "out" / exported.graph.name)
    blue = np.full((1, SIZE_PX, SIZE_PX, 3), 120, np.uint8)
    blue[:, :, SIZE_PX // 2 :, 2] = 255  # The fakes of the manifest are blue.
    found = run(blue)["evidence"][0]
    assert found[:, PATCHES // 2 :].mean() > found[:, : PATCHES // 2].mean()


def test_a_companion_is_named_in_the_version_that_is_here(
    home: Path, recipe: Recipe, exported: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(home))
    assert exported.companion is None
    network = {**recipe.network, "companion": "face.fast-2", "companion_weight": 0.4}
    card = draft_card(replace(recipe, network=network), [home / "run"], read_manifest(home / "data.csv"), tmp_path)
    assert card.companion == CardCompanion("face.fast-2", find("face.fast-2").graph.sha256, 0.4)
    write_card(card, tmp_path / "tiny.toml")
    crops = np.random.default_rng(1).integers(0, 256, (2, SIZE_PX, SIZE_PX, 3), np.uint8)
    found = Session(find(str(tmp_path / "tiny.toml"))).run(crops)
    plain = Session(replace(exported, home=str(home / "out"))).run(crops)
    second = Session(find("face.fast-2")).run(resized(crops, 192))
    np.testing.assert_allclose(found["logit"], plain["logit"] + 0.4 * second["logit"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["evidence"].mean(axis=(1, 2)), found["logit"], rtol=1e-3, atol=1e-3)


@pytest.mark.usefixtures("exported")
def test_a_head_for_clips_is_a_second_answer_of_the_graph(
    home: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(home))
    head, offset = np.random.default_rng(3).normal(0, 0.01, LAYERS_WIDE), 0.25
    found = load_file(home / "run" / "weights.safetensors")
    save_file(found | {"clip_head": head, "clip_offset": np.array([offset])}, tmp_path / "weights.safetensors")
    card = draft_card(recipe, [tmp_path], read_manifest(home / "data.csv"), tmp_path / "out")
    assert card.outputs is not None
    assert {"clip_logit", "clip_evidence"} < set(card.outputs)
    crops = np.random.default_rng(1).integers(0, 256, (1, SIZE_PX, SIZE_PX, 3), np.uint8)
    session = Session(replace(card, home=str(tmp_path / "out")))
    still, moving = session.run(crops), session.of_clips().run(crops)
    features = layer_probe.open_encoder(tmp_path / "features.onnx", 1)(crops)
    np.testing.assert_allclose(moving["logit"], features @ head + offset, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(still["logit"], features @ found["head"] + found["offset"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(moving["evidence"].mean(axis=(1, 2)), moving["logit"], rtol=1e-3, atol=1e-3)


@pytest.mark.usefixtures("exported")
def test_without_the_encoder_the_error_says_how_to_get_it(
    home: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = CardBase(
        "encoder.onnx", "0" * 64, 1, "Apache-2.0", package="no-such-encoder==1.0", resource="encoder.onnx"
    )
    monkeypatch.setattr(layer_probe, "ENCODER", missing)
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    with pytest.raises(WeightsMissing, match=r"pip install no-such-encoder==1\.0"):
        train(recipe, home / "data.csv", tmp_path / "run", cache=home / "crops")


def test_the_same_head_is_fitted_on_whole_pictures(
    home: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(home))
    whole = replace(recipe, name="tiny-whole", family="picture", augment={"blur": 0.0, "noise": 0.0})
    outcome = train(whole, home / "data.csv", tmp_path / "run")
    assert outcome.best["validation_auc"] == 1.0
    card = draft_card(whole, [tmp_path / "run"], read_manifest(home / "data.csv"), tmp_path / "out")
    assert card.family == "picture"
    assert card.input is not None
    assert (card.input.crop, card.input.margin, card.input.most_units) == (VIEW_RULE, 0.0, 1)
    write_card(card, tmp_path / "out" / "tiny-whole.toml")
    Session(replace(read_card(tmp_path / "out" / "tiny-whole.toml"), home=str(tmp_path / "out")))


def test_the_folds_of_a_whole_picture_head_share_its_views_and_leave_out_what_they_must(
    home: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[np.ndarray] = []

    def noted(features: np.ndarray, labels: np.ndarray, *, strength: float) -> tuple[np.ndarray, float]:
        assert len(features) == len(labels)
        assert strength > 0
        fitted.append(features)
        return np.zeros(features.shape[1]), 0.0

    monkeypatch.setenv("UNMASK_MODELS", str(home))
    monkeypatch.setattr(picture_probe, "fit_head", noted)
    rule = SplitRule(folds=(("mine",), ("other",)))
    whole = replace(recipe, family="picture", split=rule, schedule=replace(recipe.schedule, batch=8))
    train(whole, home / "data.csv", tmp_path / "run")
    everything, without_mine, without_other = (set(map(bytes, features)) for features in fitted)
    assert without_mine
    assert without_other
    assert without_mine.isdisjoint(without_other)
    assert without_mine | without_other == everything
    assert len(list(tmp_path.glob("run/**/0.npz"))) == 1
    assert sorted(path.parent.name for path in tmp_path.glob("run/**/weights.safetensors")) == ["1", "2", "run"]


def test_views_that_are_drawn_in_another_way_are_not_taken_for_these(home: Path, recipe: Recipe) -> None:
    def place(wanted: Recipe) -> Path:
        return layer_probe.views_folder(wanted, home / "data.csv", home)

    schedule, network = recipe.schedule, recipe.network
    assert place(replace(recipe, schedule=replace(schedule, steps=9))) == place(recipe)
    assert place(replace(recipe, network={**network, "strength": 3.0})) == place(recipe)
    assert place(replace(recipe, split=replace(recipe.split, without=("mine",)))) == place(recipe)
    assert place(replace(recipe, split=SplitRule())) != place(recipe)
    assert place(replace(recipe, schedule=replace(schedule, seed=9))) != place(recipe)
    assert place(replace(recipe, augment={"blur": 1.0})) != place(recipe)
    assert place(replace(recipe, network={**network, "margin": 1.5})) != place(recipe)


def test_a_fitted_head_has_a_record_too(home: Path, exported: ModelCard) -> None:
    assert exported.name == "tiny"
    record = json.loads((home / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["recipe"]["architecture"] == "clip_layers"
    assert len(record["manifest"]["sha256"]) == 64
