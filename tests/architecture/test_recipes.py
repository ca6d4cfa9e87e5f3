"""Every recipe can be read, and fits the model card of its name."""

from pathlib import Path

import pytest

from tests.architecture.places import ROOT
from unmask.models import catalogue
from unmask.training.recipe import read_recipe

RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert recipe.family in ("face", "speech")
    assert (ROOT / "src" / "unmask" / "training" / "architectures" / f"{recipe.architecture}.py").is_file()
    assert recipe.schedule.steps > 0
    assert not set(recipe.split.validation) & set(recipe.split.test)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_makes_a_model_that_is_in_the_catalogue(path: Path) -> None:
    recipe = read_recipe(path)
    assert catalogue.find(recipe.name).family == recipe.family
