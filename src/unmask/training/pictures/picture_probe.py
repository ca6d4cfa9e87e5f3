"""Fit the head of `clip_layers` on whole pictures: disturbed views through the encoder once, then one convex fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from unmask.core.errors import InvalidOption
from unmask.core.events import Listener, ignore
from unmask.core.records import F32Array
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import split
from unmask.fusion.pool import pooled_logit
from unmask.metrics.ranking import auc
from unmask.training.architectures.clip_layers import SIZE_PX, Head, fit_head
from unmask.training.fitting.bench import Machine, write_record
from unmask.training.fitting.media import CHECKED, present, require_labels
from unmask.training.fitting.scope import require_effect
from unmask.training.loop import Outcome
from unmask.training.pictures.layer_probe import STRENGTH, open_encoder, through_encoder, views_folder
from unmask.training.pictures.photographs import PhotographStream, some_of, views_of
from unmask.training.recipe import Recipe

_CHECK_PICTURES = 60


def train_picture_probe(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,
    listener: Listener = ignore,
) -> Outcome:
    """Fit the head of a recipe of the family picture with the architecture ``clip_layers``.

    Every step of the schedule is one batch of views; their features are kept, so that a run that was stopped goes on
    with the next batch, and that the folds of a recipe (``split.without``) are fitted to the same views but those of
    the pictures that they leave out.

    Args:
        recipe: ``network.strength`` is the inverse of the ridge penalty; with ``network.generated``, a share, two heads
            are fitted apart and added (`_fit_apart`).
        manifest: CSV of labelled pictures.
        out: Folder of the run.
        machine: For the record alone: the encoder runs on the processor.
        cache: Folder of the views' features, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The weights, and AUC on the sides that are checked.

    Raises:
        InvalidOption: ``network.generated`` is no share, or one of the two heads has nothing to learn from.
        WeightsMissing: The encoder, or the autoencoder for reconstructions, is not on this machine.
        ManifestInvalid: A label has no picture to train on.
        LeakFound: The split leaks.
    """
    require_effect(recipe, steps=False)
    rows, missing = present(read_manifest(manifest, kind="image"), listener)
    sides = split(rows, recipe.split)
    require_labels(sides["train"], recipe)
    share = _share(recipe)
    write_record(recipe, manifest, out, machine or Machine())
    encode = open_encoder(out / "features.onnx", recipe.schedule.threads)
    stream = PhotographStream(_everything(rows, recipe), recipe, size_px=SIZE_PX)
    folder = views_folder(recipe, manifest, cache or out / "views")
    features, labels = through_encoder(stream, encode, recipe, folder, listener)
    strangers = {row.group for row in rows if row.source in recipe.split.without}
    own = [number for number in range(len(labels)) if not strangers or stream.group(number) not in strangers]
    rebuilt = np.array([stream.rebuilt(number) for number in own])
    strength = float(recipe.network.get("strength", STRENGTH))
    head, offset = _fit_apart(features[own], labels[own], rebuilt, strength=strength, share=share)
    figures: dict[str, float] = {}
    for side in CHECKED:
        checked = some_of(sides[side], _CHECK_PICTURES)
        if {row.label for row in checked} == {0, 1}:
            logits = [pooled_logit((encode(views_of(row.path, SIZE_PX)) @ head + offset).tolist()) for row in checked]
            figures[f"{side}_auc"] = auc(logits, [row.label for row in checked])
    save_file({"head": head, "offset": np.array([offset])}, out / "weights.safetensors")
    return Outcome(out / "weights.safetensors", {"step": float(recipe.schedule.steps), **figures}, missing)


def _share(recipe: Recipe) -> float | None:
    """What the head of generated pictures counts beside that of reconstructions; None for one head of both.

    Raises:
        InvalidOption: It is no share, or the recipe does not make both kinds of fakes.
    """
    share = recipe.network.get("generated")
    if share is None:
        return None
    if not (isinstance(share, float) and 0 < share < 1 and 0 < recipe.forge.reconstruction < 1):
        message = (
            f"{recipe.name}: network.generated is {share!r} and forge.reconstruction {recipe.forge.reconstruction:g}; "
            "expected shares between 0 and 1, so that there are two heads to add."
        )
        raise InvalidOption(message)
    return share


def _fit_apart(
    features: F32Array, labels: NDArray[np.int64], rebuilt: NDArray[np.bool_], *, strength: float, share: float | None
) -> Head:
    """Fit one head to photographs and their reconstructions, another to photographs and generated ones; add them.

    Measured on sources that were left out, the sum finds more than one fit to both kinds at once; it is a head again.

    Args:
        features: Shape (N, D).
        labels: Shape (N,).
        rebuilt: Whether a view is of a pair of a photograph and its reconstruction, shape (N,).
        strength: Inverse of the ridge penalty.
        share: What the second head counts, 0 to 1; None for one head of everything.
    """
    if share is None:
        return fit_head(features, labels, strength=strength)
    found = [fit_head(features[seen], labels[seen], strength=strength) for seen in (rebuilt, ~rebuilt | (labels == 0))]
    (first, its_offset), (second, other_offset) = found
    return (1 - share) * first + share * second, (1 - share) * its_offset + share * other_offset


def _everything(rows: Sequence[Row], recipe: Recipe) -> list[Row]:
    """The training side with what a fold leaves out: all folds draw the same views."""
    return split(rows, replace(recipe.split, without=()))["train"]
