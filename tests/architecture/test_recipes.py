"""Every recipe can be read and built; those that ship fit the model card of their name."""

from pathlib import Path

import pytest

from tests.architecture.places import ROOT
from unmask.datasets.split import read_rule
from unmask.models import catalogue
from unmask.training.recipe import read_recipe

RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
ZOO = sorted((ROOT / "recipes" / "zoo").glob("*.toml"))


def test_there_are_recipes() -> None:
    assert RECIPES
    assert ZOO


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert recipe.family in ("face", "speech", "picture")
    folder = ROOT / "src" / "unmask" / "training" / "architectures"
    assert list(folder.rglob(f"{recipe.architecture}.py"))
    assert recipe.schedule.steps > 0
    assert not set(recipe.split.validation) & set(recipe.split.test)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_makes_a_model_that_is_in_the_catalogue(path: Path) -> None:
    recipe = read_recipe(path)
    assert catalogue.find(recipe.name).family == recipe.family


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_recipe_of_the_zoo_can_be_built(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from unmask.training.architectures.registry import build
    from unmask.training.architectures.voice.registry import NETWORKS
    from unmask.training.classical.pipelines import PIPELINES
    from unmask.training.ensemble import ENSEMBLE
    from unmask.training.pictures.layer_probe import CLIP_LAYERS

    recipe = read_recipe(path)
    assert recipe.name == path.stem
    if recipe.family == "speech":
        assert recipe.architecture in NETWORKS
        return
    assert read_rule(path) == read_rule(ROOT / "recipes" / "zoo" / "lite0.toml"), "one split for all, or no comparison"
    if recipe.architecture == ENSEMBLE:
        assert {ROOT / "recipes" / "zoo" / f"{name}.toml" for name in recipe.network["members"]} <= set(ZOO)
    elif recipe.architecture not in {CLIP_LAYERS, *PIPELINES}:
        with torch.device("meta"):
            build(recipe.architecture, recipe.network)


def test_the_zoo_has_every_architecture_for_pictures() -> None:
    pytest.importorskip("torch")
    from unmask.training.architectures.registry import ARCHITECTURES
    from unmask.training.classical.pipelines import PIPELINES
    from unmask.training.ensemble import ENSEMBLE
    from unmask.training.pictures.layer_probe import CLIP_LAYERS

    found = {recipe.architecture for recipe in map(read_recipe, ZOO) if recipe.family == "face"}
    assert found == {*ARCHITECTURES, *PIPELINES, ENSEMBLE, CLIP_LAYERS}
