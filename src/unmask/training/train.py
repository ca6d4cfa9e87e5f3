"""Train and export by family: the two verbs that the command line calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.core.errors import InvalidOption, nearest
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row
from unmask.models.card import ModelCard
from unmask.training.draft import draft_face_card, draft_speech_card
from unmask.training.loop import Outcome
from unmask.training.recipe import Recipe
from unmask.training.train_faces import train_faces
from unmask.training.train_voices import train_voices

_TRAIN = {"face": train_faces, "speech": train_voices}
_DRAFT = {"face": draft_face_card, "speech": draft_speech_card}


def train(recipe: Recipe, manifest: Path, out: Path, *, listener: Listener = ignore) -> Outcome:
    """Train a recipe of any family.

    Args:
        recipe: The recipe.
        manifest: CSV of labelled media.
        out: Folder of the run.
        listener: Hears progress.

    Returns:
        The outcome of the loop.

    Raises:
        InvalidOption: There is no such family or architecture.
        ManifestInvalid: A side of the split lacks one of the labels.
        LeakFound: The split leaks.
    """
    return _TRAIN[_family(recipe)](recipe, manifest, out, listener=listener)


def draft_card(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a run to a graph and describe them, calibration and figures left out.

    Args:
        recipe: The run's recipe.
        run: Folder of the run.
        train_rows: What training saw, for the card.
        out: Folder for the graph.

    Returns:
        The draft card.

    Raises:
        InvalidOption: There is no such family, or the run has no weights.
        CardMismatch: The graph does not give what the network gives.
    """
    return _DRAFT[_family(recipe)](recipe, run, train_rows, out)


def _family(recipe: Recipe) -> str:
    if recipe.family not in _TRAIN:
        message = f"{recipe.name}: there is no family {recipe.family!r}. {nearest(recipe.family, _TRAIN)}"
        raise InvalidOption(message)
    return recipe.family
