"""Fit the head of `clip_layers` on whole pictures: disturbed views through the encoder once, then one convex fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import split
from unmask.fusion.pool import pooled_logit
from unmask.metrics.ranking import auc
from unmask.training.architectures.clip_layers import SIZE_PX, fit_head
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
        recipe: ``network.strength`` is the inverse of the ridge penalty.
        manifest: CSV of labelled pictures.
        out: Folder of the run.
        machine: For the record alone: the encoder runs on the processor.
        cache: Folder of the views' features, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The weights, and AUC on the sides that are checked.

    Raises:
        WeightsMissing: The encoder, or the autoencoder for reconstructions, is not on this machine.
        ManifestInvalid: A label has no picture to train on.
        LeakFound: The split leaks.
    """
    require_effect(recipe, steps=False)
    rows, missing = present(read_manifest(manifest, kind="image"), listener)
    sides = split(rows, recipe.split)
    require_labels(sides["train"], recipe)
    write_record(recipe, manifest, out, machine or Machine())
    encode = open_encoder(out / "features.onnx", recipe.schedule.threads)
    stream = PhotographStream(_everything(rows, recipe), recipe, size_px=SIZE_PX)
    folder = views_folder(recipe, manifest, cache or out / "views")
    features, labels = through_encoder(stream, encode, recipe, folder, listener)
    strangers = {row.group for row in rows if row.source in recipe.split.without}
    if strangers:
        own = [stream.group(number) not in strangers for number in range(len(labels))]
        features, labels = features[own], labels[own]
    head, offset = fit_head(features, labels, strength=float(recipe.network.get("strength", STRENGTH)))
    figures: dict[str, float] = {}
    for side in CHECKED:
        checked = some_of(sides[side], _CHECK_PICTURES)
        if {row.label for row in checked} == {0, 1}:
            logits = [pooled_logit((encode(views_of(row.path, SIZE_PX)) @ head + offset).tolist()) for row in checked]
            figures[f"{side}_auc"] = auc(logits, [row.label for row in checked])
    save_file({"head": head, "offset": np.array([offset])}, out / "weights.safetensors")
    return Outcome(out / "weights.safetensors", {"step": float(recipe.schedule.steps), **figures}, missing)


def _everything(rows: Sequence[Row], recipe: Recipe) -> list[Row]:
    """The training side with what a fold leaves out: all folds draw the same views."""
    return split(rows, replace(recipe.split, without=()))["train"]
