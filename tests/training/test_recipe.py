from __future__ import annotations

import json
from pathlib import Path

import pytest

from unmask.core.errors import InvalidOption, UnknownOption
from unmask.training.recipe import Attack, Forge, Recipe, Schedule, read_recipe, resolved

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
LEAST = """
name = "tiny"
family = "face"
architecture = "face_cnn"
pretrained = ""
[schedule]
steps = 10
batch = 2
learning_rate = 1e-3
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(LEAST, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_that_ship_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert not set(recipe.split.validation) & set(recipe.split.test)
    for shares in recipe.shares.values():
        held_back = {*recipe.split.validation, *recipe.split.test}
        assert not held_back & set(shares), "a source that is held back cannot be drawn"


def test_defaults_are_filled_in_and_stored(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.schedule.warmup == 100
    stored = json.loads(json.dumps(resolved(recipe)))
    assert stored["schedule"]["weight_decay"] == 0.02
    assert set(stored) == set(Recipe.__dataclass_fields__)


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("schedule.steps", "99", lambda recipe: recipe.schedule.steps == 99),
        ("schedule.learning_rate", "1", lambda recipe: recipe.schedule.learning_rate == 1.0),
        ("name", "other", lambda recipe: recipe.name == "other"),
        ("name", '"quoted"', lambda recipe: recipe.name == "quoted"),
        ("split.test", '["a", "b"]', lambda recipe: recipe.split.test == ("a", "b")),
        ("shares.real.x", "0.5", lambda recipe: recipe.shares == {"real": {"x": 0.5}}),
    ],
    ids=["number", "whole for real", "bare text", "text", "list", "new table"],
)
def test_settings_override(path: Path, key: str, value: str, found) -> None:
    assert found(read_recipe(path, settings={key: value}))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("schedule.stepz", "Did you mean steps"),
        ("nam", "Did you mean name"),
        ("split.tests", "Did you mean test"),
        ("forge.swop", "Did you mean swap"),
        ("attack.epsilom", "Did you mean epsilon"),
    ],
)
def test_unknown_keys_list_the_nearest(path: Path, key: str, words: str) -> None:
    with pytest.raises(UnknownOption, match=words):
        read_recipe(path, settings={key: "1"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schedule.steps", "many"),
        ("schedule.steps", "1.5"),
        ("schedule.steps", "true"),
        ("schedule.learning_rate", "fast"),
        ("schedule", "5"),
        ("name.first", "1"),
        ("name", "5"),
        ("split.test", "5"),
        ("split.test", "[1, 2]"),
        ("shares", "5"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(path: Path, key: str, value: str) -> None:
    with pytest.raises(InvalidOption, match=r"tiny\.toml|split"):
        read_recipe(path, settings={key: value})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schedule.curve", "cosin", "Did you mean cosine"),
        ("schedule.optimiser", "adamv", "Did you mean adam, adamw"),
        ("attack.kind", "pdg", "Did you mean pgd"),
        ("schedule.steps", "0", "expected more than 0"),
        ("schedule.mixup", "-0.1", "expected at least 0"),
        ("schedule.average", "1.5", "a share from 0 to 1"),
        ("forge.swap", "2.0", "a share from 0 to 1"),
        ("forge", "{swap = 0.6, mouth = 0.6}", "add up to 1.2; expected at most 1"),
    ],
)
def test_values_out_of_range_are_refused_at_once(path: Path, key: str, value: str, words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        read_recipe(path, settings={key: value})


@pytest.mark.parametrize("value", ["true", "false", '"timm"'])
def test_pretrained_may_be_true(path: Path, value: str) -> None:
    assert read_recipe(path, settings={"pretrained": value}).pretrained in (True, False, "timm")


@pytest.mark.parametrize(
    "text", ["name = ", 'name = "x"', LEAST.replace("steps = 10", "")], ids=["syntax", "few", "no steps"]
)
def test_broken_recipes_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidOption, match=r"tiny\.toml"):
        read_recipe(tmp_path / "tiny.toml")


def test_missing_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="no such recipe"):
        read_recipe(tmp_path / "gone.toml")


def test_the_manual_explains_every_key() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    keys = [field for kind in (Schedule, Attack, Forge, Recipe) for field in kind.__dataclass_fields__]
    assert not [key for key in keys if f"`{key}`" not in manual and f"[{key}" not in manual]
