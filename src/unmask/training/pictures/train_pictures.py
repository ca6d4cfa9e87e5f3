"""From a recipe and a manifest of whole pictures, genuine and generated, to a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from unmask.core.errors import InvalidOption
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.fusion.pool import pooled_logit
from unmask.metrics.ranking import auc
from unmask.training.architectures.network import Network
from unmask.training.architectures.registry import build, crop_shape
from unmask.training.architectures.weights import load_pretrained
from unmask.training.fitting.bench import Bench, Machine, open_bench
from unmask.training.fitting.media import CHECKED, present, require_labels
from unmask.training.fitting.scope import require_effect
from unmask.training.loop import Outcome, fit, steps_done
from unmask.training.pictures.photographs import PhotographStream, some_of, views_of
from unmask.training.pictures.taught import Material, TaughtViews, picture_teacher, seen_by, shifted
from unmask.training.pictures.train_faces import loader
from unmask.training.recipe import Recipe

_CHECK_PICTURES = 160


def train_pictures(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,  # noqa: ARG001 - nothing is cut in advance
    listener: Listener = ignore,
) -> Outcome:
    """Train a network that tells generated pictures from photographs.

    Args:
        recipe: Its family must be picture; its architecture one that takes single squares.
        manifest: CSV of labelled pictures.
        out: Folder of the run: record, the teacher's stock, log, weights.
        machine: What to run on.
        cache: Not used: nothing is cut in advance.
        listener: Hears progress.

    Returns:
        The outcome of the loop, with a note on files that are missing.

    Raises:
        InvalidOption: The architecture, or the teacher, is not for whole pictures.
        WeightsMissing: The autoencoder for reconstructions, or the teacher, is not on this machine.
        ManifestInvalid: A label has no picture to train on.
        LeakFound: The split leaks.
        RunError: The loss diverged, or the disk is full.
    """
    network = build(recipe.architecture, recipe.network)
    if network.frames:
        message = f"{recipe.name}: {recipe.architecture} judges sequences of faces, not whole pictures."
        raise InvalidOption(message)
    require_effect(recipe)
    rows, missing = present(read_manifest(manifest, kind="image"), listener)
    sides = split(rows, recipe.split)
    require_labels(sides["train"], recipe)
    cv2.setNumThreads(1)  # Workers are forked, and OpenCV's own threads would not survive that.
    bench = open_bench(recipe, manifest, out, machine or Machine())
    if not steps_done(out):
        load_pretrained(network, recipe.pretrained)
    size_px, _ = crop_shape(recipe.architecture, recipe.network)
    checks = {side: some_of(sides[side], _CHECK_PICTURES) for side in CHECKED}
    outcome = fit(
        network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        loader(_lessons(sides["train"], recipe, size_px, bench, listener), recipe, bench),
        recipe,
        validate=lambda net: _figures(net, checks, size_px),
        bench=bench,
        listener=listener,
    )
    return replace(outcome, notes=missing)


def _lessons(
    rows: Sequence[Row], recipe: Recipe, size_px: int, bench: Bench, listener: Listener
) -> PhotographStream | TaughtViews:
    if not recipe.teacher.card:
        return PhotographStream(rows, recipe, size_px=size_px)
    if recipe.teacher.pieces:
        message = (
            f"{recipe.name}: teacher.pieces is for pupils that judge faces; this one sees pieces anyway. Leave it out."
        )
        raise InvalidOption(message)
    session = picture_teacher(recipe)
    stream = PhotographStream(rows, recipe, size_px=seen_by(session))
    with bench.fabric.rank_zero_first():
        return TaughtViews(Material(stream, shifted), session, recipe, bench.out / "taught", listener=listener)


def _figures(network: Network, checks: Mapping[Side, Sequence[Row]], size_px: int) -> dict[str, float]:
    """AUC over pictures, each by the mean of its views; ``score`` is that of the sources that training never sees."""
    network.eval()
    device = next(network.parameters()).device
    figures: dict[str, float] = {}
    for side, rows in checks.items():
        if {row.label for row in rows} != {0, 1}:
            continue
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            found = [network(torch.from_numpy(views_of(row.path, size_px)).to(device))[0].float().cpu() for row in rows]
        logits = np.array([pooled_logit(logit.tolist()) for logit in found])
        figures[f"{side}_auc"] = auc(logits, [row.label for row in rows])
    figures["score"] = figures.get("validation_auc", figures.get("holdout_auc", 0.0))
    return figures
