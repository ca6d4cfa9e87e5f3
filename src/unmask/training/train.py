"""Train and export by family: the two verbs that the command line calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from unmask.core.errors import InvalidOption, nearest
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row
from unmask.models.card import ModelCard
from unmask.training.draft import draft_picture_card, draft_speech_card
from unmask.training.ensemble import ENSEMBLE
from unmask.training.fitting.bench import Machine
from unmask.training.fitting.soup import SOUP, average_runs
from unmask.training.loop import Outcome
from unmask.training.pictures.layer_probe import CLIP_LAYERS, draft_layer_probe, train_layer_probe
from unmask.training.pictures.picture_probe import train_picture_probe
from unmask.training.pictures.train_faces import train_faces
from unmask.training.pictures.train_pictures import train_pictures
from unmask.training.recipe import Recipe
from unmask.training.train_voices import START_WITH, train_voices

FOLDS = "folds"
"""Folder inside a run that holds the runs which leave out one part each of the training sources, from 1."""

_SHARED = {"face": "crops", "speech": "clips", "picture": "views"}
"""What the networks of all folds read, by family: what was made for the first one."""

_TRAIN = {"face": train_faces, "speech": train_voices, "picture": train_pictures}
_DRAFT = {"face": draft_picture_card, "speech": draft_speech_card, "picture": draft_picture_card}
# Families and architectures that no loop trains.
_FITTED = {
    ("face", CLIP_LAYERS): (train_layer_probe, draft_layer_probe),
    ("picture", CLIP_LAYERS): (train_picture_probe, draft_layer_probe),
}
_WITHOUT_FOLDS = {("face", CLIP_LAYERS)}


def train(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,
    listener: Listener = ignore,
) -> Outcome:
    """Train a recipe of any family; if its split has folds, once more without each of them.

    Args:
        recipe: The recipe.
        manifest: CSV of labelled media.
        out: Folder of the run.
        machine: What to run on.
        cache: Folder of decoded media, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The outcome of the loop.

    Raises:
        InvalidOption: There is no such family or architecture, or it cannot be trained in folds.
        ManifestInvalid: A side of the split lacks one of the labels.
        LeakFound: The split leaks.
        RunError: The loss diverged, or the disk is full.
    """
    if recipe.architecture == ENSEMBLE:
        message = f"{recipe.name}: the members of an ensemble are trained on their own; export their cards together."
        raise InvalidOption(message)
    kind = (recipe.family, recipe.architecture)
    fit = _FITTED[kind][0] if kind in _FITTED else _TRAIN[_family(recipe)]
    if recipe.split.folds and kind in _WITHOUT_FOLDS:
        message = f"{recipe.name}: split.folds is not for a head on faces; name validation sources instead."
        raise InvalidOption(message)
    outcome = fit(recipe, manifest, out, machine=machine, cache=cache, listener=listener)
    for number, settled in enumerate(fold_recipes(recipe), start=1):
        shared = cache or out / _SHARED[recipe.family]
        fit(settled, manifest, out / FOLDS / str(number), machine=machine, cache=shared, listener=listener)
    return outcome


def fold_recipes(recipe: Recipe) -> list[Recipe]:
    """The recipes of the networks that leave out one part each of the training sources.

    Where the recipe starts from a run that had folds itself, each starts from the run that left out its part.
    """
    found = []
    for number, part in enumerate(recipe.split.folds, start=1):
        starts = [_own_start(name, number) for name in str(recipe.pretrained).split(START_WITH)]
        start = START_WITH.join(starts) if isinstance(recipe.pretrained, str) else recipe.pretrained
        found.append(replace(recipe, pretrained=start, split=replace(recipe.split, folds=(), without=part)))
    return found


def _own_start(name: str, number: int) -> str:
    weights = Path(name)
    own = weights.parent / FOLDS / str(number) / weights.name
    return str(own) if own.is_file() else name


def draft_card(recipe: Recipe, runs: Sequence[Path], train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a run, or the mean of several, and describe them, without calibration and figures.

    Args:
        recipe: The runs' recipe.
        runs: Folder of the run. Weights of several runs of one architecture are averaged (Wortsman et al. 2022).
        train_rows: What training saw, for the card.
        out: Folder for the graph.

    Returns:
        The draft card.

    Raises:
        InvalidOption: There is no such family, a run has no weights, or the runs are of different networks.
        CardMismatch: The graph does not give what the network gives.
    """
    kind = (recipe.family, recipe.architecture)
    draft = _FITTED[kind][1] if kind in _FITTED else _DRAFT[_family(recipe)]
    if len(runs) == 1:
        return draft(recipe, runs[0], train_rows, out)
    with TemporaryDirectory() as folder:
        average_runs(runs, Path(folder))
        card = draft(recipe, Path(folder), train_rows, out)
    names = ", ".join(run.name for run in runs)
    return replace(
        card,
        summary=f"{card.summary} Its weights are the mean of {len(runs)} runs: {names}.",
        reference=f"{card.reference}; {SOUP}" if card.reference else SOUP,
    )


def _family(recipe: Recipe) -> str:
    if recipe.family not in _TRAIN:
        message = f"{recipe.name}: there is no family {recipe.family!r}. {nearest(recipe.family, _TRAIN)}"
        raise InvalidOption(message)
    return recipe.family
