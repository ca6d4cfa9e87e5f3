"""Opening a run: its recipe from its record, its network, and the units that it judges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")
pytest.importorskip("skl2onnx")

from tests.makers import people
from tests.makers.images import write_image
from unmask.core.errors import DataError, InvalidOption
from unmask.datasets.manifest import Row
from unmask.datasets.split import SplitRule
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.explain.run import cut_units, open_run, recorded_recipe
from unmask.training.recipe import Attack, Forge, Recipe, Schedule, Teacher, resolved


def recipe(architecture: str = "sigmoid_cnn", family: str = "face", **network: object) -> Recipe:
    rule = SplitRule(test=("far",), holdout={"*": 0.5}, folds=(("red",), ("green", "grey")))
    return Recipe(
        "tiny",
        family,
        architecture,
        "",
        Schedule(steps=2, batch=4, learning_rate=1e-3, seed=3),
        rule,
        shares={"real": {"*": 1.0}},
        network={"size_px": 32, **network},
        attack=Attack("fgsm"),
        forge=Forge(swap=0.25),
        teacher=Teacher("face.fast-2"),
    )


def write_run(folder: Path, record: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_the_record_gives_the_very_recipe(tmp_path: Path) -> None:
    assert recorded_recipe(write_run(tmp_path, {"recipe": resolved(recipe()), "seed": 3})) == recipe()


def test_a_run_that_went_on_with_another_recipe_has_that_one(tmp_path: Path) -> None:
    later = [{"step": 1, "recipe": resolved(recipe(hidden=6))}, {"step": 2, "recipe": resolved(recipe(hidden=8))}]
    run = write_run(tmp_path, {"recipe": resolved(recipe()), "went_on_with": later})
    assert recorded_recipe(run).network == {"size_px": 32, "hidden": 8}


@pytest.mark.parametrize(
    "record", [{}, [], {"recipe": {"name": "tiny"}}, {"recipe": {**resolved(recipe()), "colour": "blue"}}]
)
def test_a_record_of_another_kind_is_refused(record: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"run\.json holds no recipe that can be read.*--recipe RECIPE"):
        recorded_recipe(write_run(tmp_path, record))


def test_a_run_without_a_record_asks_for_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"holds no run\.json.*--recipe RECIPE"):
        recorded_recipe(tmp_path)


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("clip_layers", "face"),
        ("clip_layers", "picture"),
        ("ensemble", "face"),
        *((name, "face") for name in PIPELINES),
    ],
)
def test_what_is_no_network_says_what_it_is_and_what_to_do(architecture: str, family: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=rf"'{architecture}' is .*no trained network.*unmask scan FILE --model"):
        open_run(recipe(architecture, family), tmp_path)


def test_sequences_are_the_first_crops_of_each_clip(tmp_path: Path) -> None:
    clip = people.write_still_clip(tmp_path / "clip.mp4", people.bust(), seconds=0.5)
    short = people.write_still_clip(tmp_path / "short.mp4", people.bust(), seconds=0.2)
    rows = [Row(clip, "video", 1, "s", "m", "g"), Row(short, "video", 0, "s", "", "h")]
    units = cut_units(recipe("frame_pool", frames=3), rows, tmp_path / "crops")
    assert units.arrays.shape == (1, 3, 32, 32, 3)
    assert (units.labels, units.names, units.groups) == ((1,), ("s / m",), ("g",))
    assert (units.frames, units.shown.shape) == (3, (1, 32, 32, 3))
    assert np.array_equal(units.shown[0], units.arrays[0, 1])
    with pytest.raises(DataError, match="8 faces of one clip"):
        cut_units(recipe("frame_pool"), rows[1:], tmp_path / "crops")


def test_a_network_of_whole_pictures_sees_whole_pictures(tmp_path: Path) -> None:
    """No face is needed; a broken file is left out."""
    (tmp_path / "broken.png").write_bytes(b"no picture")
    paths = [write_image(tmp_path / "grey.png", np.full((80, 120, 3), 90, np.uint8)), tmp_path / "broken.png"]
    rows = [Row(path, "image", 1, "s", "", path.name) for path in paths]
    units = cut_units(recipe(family="picture"), rows, tmp_path / "crops")
    assert units.arrays.shape == (1, 32, 32, 3)
    assert units.groups == ("grey.png",)
    assert units.frames == 0
