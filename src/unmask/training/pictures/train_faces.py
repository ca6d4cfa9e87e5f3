"""From a recipe and a manifest of pictures and clips to trained weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from unmask.core.errors import InvalidOption
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.extraction.crops import CachedCrop, cut_crops
from unmask.metrics.ranking import auc, equal_error_rate
from unmask.training.architectures import registry
from unmask.training.architectures.network import Network
from unmask.training.architectures.weights import load_pretrained
from unmask.training.classical.fit import PIPELINE, fit_pipeline
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.fitting.bench import Bench, Machine, open_bench
from unmask.training.fitting.media import CHECKED, faceless, present, require_checks, require_labels
from unmask.training.fitting.scope import require_effect
from unmask.training.forge.forger import networks_of
from unmask.training.loop import Outcome, fit, steps_done
from unmask.training.pictures.clips import ClipStream, whole_sequences
from unmask.training.pictures.photographs import PieceStream
from unmask.training.pictures.portraits import PortraitStream, as_scanned, read_crop
from unmask.training.pictures.taught import Material, TaughtViews, face_teacher, seen_by, varied
from unmask.training.recipe import Recipe

_CHECK_FRAMES = 3
_CHECK_CROPS = 350


def train_faces(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,
    listener: Listener = ignore,
) -> Outcome:
    """Train a face detector.

    Args:
        recipe: Its family must be face.
        manifest: CSV of labelled pictures and clips.
        out: Folder of the run: record, crops, log, weights.
        machine: What to run on.
        cache: Folder of face crops, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The outcome of the loop, with notes on media that could not be used.

    Raises:
        InvalidOption: The recipe is for another family, or names what is not there.
        ManifestInvalid: A label has no face left to train on.
        LeakFound: The split leaks.
        RunError: The loss diverged, or the disk is full.
    """
    if recipe.family != "face":
        message = f"{recipe.name}: the family is {recipe.family!r}; expected face."
        raise InvalidOption(message)
    pipeline = recipe.architecture in PIPELINES
    frames = 0 if pipeline else face_network(recipe).frames  # All this is refused before hours of cutting, not after.
    require_effect(recipe, frames=frames, steps=not pipeline)
    networks_of(recipe.forge)
    rows, missing = present([row for row in read_manifest(manifest) if row.kind in ("image", "video")], listener)
    sides = split(rows, recipe.split)
    require_labels(sides["train"], recipe)
    cv2.setNumThreads(1)  # Workers are forked, and OpenCV's own threads would not survive that.
    bench = open_bench(recipe, manifest, out, machine or Machine())
    with bench.fabric.rank_zero_first():
        crops = crops_by_side(sides, cache or out / "crops", workers=max(bench.workers, 1), listener=listener)
    require_labels(crops["train"], recipe)
    notes = (*missing, *faceless(sides["train"], crops["train"]))
    if pipeline:
        units = loader(_stream(crops["train"], recipe, 0), recipe, bench)
        return Outcome(out / PIPELINE, fit_pipeline(recipe, units, out, listener=listener), notes)
    require_checks(crops)
    return replace(_fit_network(recipe, crops, sides["train"], bench, listener), notes=notes)


def _fit_network(
    recipe: Recipe,
    crops: Mapping[Side, Sequence[CachedCrop]],
    rows: Sequence[Row],
    bench: Bench,
    listener: Listener,
) -> Outcome:
    network = face_network(recipe)
    if not steps_done(bench.out):
        load_pretrained(network, recipe.pretrained)
    size_px, margin = crop_shape(recipe)
    checks = {side: _few(crops[side], network.frames) for side in CHECKED}
    return fit(
        network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        loader(_lessons(crops["train"], rows, recipe, network.frames, bench, listener), recipe, bench),
        recipe,
        validate=lambda net: _figures(net, checks, size_px, margin),
        bench=bench,
        listener=listener,
    )


def _lessons(
    crops: Sequence[CachedCrop], rows: Sequence[Row], recipe: Recipe, frames: int, bench: Bench, listener: Listener
) -> PortraitStream | ClipStream | TaughtViews:
    if not recipe.teacher.card:
        return _stream(crops, recipe, frames)
    if frames or recipe.forge.mask_weight:
        message = "[teacher] goes with networks of single crops, and without forge.mask_weight."
        raise InvalidOption(message)
    size_px, margin = crop_shape(recipe)
    session = face_teacher(recipe, margin)
    stream = PortraitStream(crops, recipe, size_px=seen_by(session), margin=margin)
    pieces = _pieces(rows, recipe, seen_by(session)) if recipe.teacher.pieces else None
    material = Material(stream, partial(varied, size_px=size_px), pieces)
    with bench.fabric.rank_zero_first():
        return TaughtViews(material, session, recipe, bench.out / "taught", listener=listener)


def _pieces(rows: Sequence[Row], recipe: Recipe, size_px: int) -> PieceStream:
    if not 0 < recipe.teacher.pieces <= 1:
        message = f"{recipe.name}: teacher.pieces is {recipe.teacher.pieces:g}; expected a share from 0 to 1."
        raise InvalidOption(message)
    pictures = [row for row in rows if row.kind == "image"]
    if not pictures:
        message = f"{recipe.name}: teacher.pieces are cut from pictures, and the training side has none. Leave it out."
        raise InvalidOption(message)
    return PieceStream(pictures, recipe.schedule.seed, size_px=size_px)


def _stream(crops: Sequence[CachedCrop], recipe: Recipe, frames: int) -> PortraitStream | ClipStream:
    size_px, margin = crop_shape(recipe)
    if frames:
        return ClipStream(crops, recipe, frames=frames, size_px=size_px, margin=margin)
    return PortraitStream(crops, recipe, size_px=size_px, margin=margin)


def crops_by_side(
    sides: Mapping[Side, Sequence[Row]], folder: Path, *, workers: int = 2, listener: Listener = ignore
) -> dict[Side, list[CachedCrop]]:
    """Cut the crops of every side into one folder."""
    return {side: cut_crops(rows, folder, workers=workers, listener=listener) for side, rows in sides.items()}


def loader(stream: Dataset[Any], recipe: Recipe, bench: Bench) -> DataLoader[Any]:
    """Batches of one device, from the step that the run has reached.

    Each device takes its part of every batch of the recipe; which examples they are depends on the step alone, not on
    the number of workers, of devices, or of interruptions.
    """
    plan, fabric = recipe.schedule, bench.fabric
    share = plan.batch // fabric.world_size
    first = fabric.global_rank * share
    batches = [
        list(range(step * plan.batch + first, step * plan.batch + first + share))
        for step in range(steps_done(bench.out), plan.steps)
    ]
    workers = bench.workers
    ahead = 4 if workers else None
    return DataLoader(stream, batch_sampler=batches, num_workers=workers, prefetch_factor=ahead)


def face_network(recipe: Recipe) -> Network:
    """Build the recipe's network, weights not loaded."""
    return registry.build(recipe.architecture, recipe.network)


def crop_shape(recipe: Recipe) -> tuple[int, float]:
    """Side of the crop in pixels and its margin around the face, as they will stand on the card."""
    if recipe.architecture in PIPELINES:
        return PIPELINES[recipe.architecture].size_px, float(recipe.network.get("margin", registry.MARGIN))
    return registry.crop_shape(recipe.architecture, recipe.network)


def crop_logits(
    network: Network, crops: Sequence[CachedCrop], *, size_px: int, margin: float, batch: int = 32
) -> np.ndarray:
    """Score cached crops as the scanner would cut them.

    Args:
        network: Maps uint8 crops, or sequences of `network.frames` of them, to ``(logit, ...)``.
        crops: K units: one crop each, or `network.frames` in a row.
        size_px: Side of what the network sees.
        margin: The scanner's margin.
        batch: Crops a pass, about.

    Returns:
        Shape (K,), float64 logits.
    """
    network.eval()
    device = next(network.parameters()).device
    step = max(batch // max(network.frames, 1), 1) * max(network.frames, 1)
    found = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        for start in range(0, len(crops), step):
            seen = [as_scanned(read_crop(crop), size_px=size_px, margin=margin) for crop in crops[start : start + step]]
            units = torch.from_numpy(np.stack(seen)).to(device)
            logits = network(units.unflatten(0, (-1, network.frames)) if network.frames else units)[0]
            found.append(logits.float().cpu().double().numpy())
    return np.concatenate(found) if found else np.zeros(0)


def _figures(network: Network, checks: dict[Side, list[CachedCrop]], size_px: int, margin: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    for side, crops in checks.items():
        logits = crop_logits(network, crops, size_px=size_px, margin=margin)
        media: dict[str, list[int]] = {}
        for position, crop in enumerate(crops[:: max(network.frames, 1)]):
            media.setdefault(crop.medium, []).append(position)
        pooled = [float(logits[places].mean()) for places in media.values()]
        label_of = {crop.medium: crop.label for crop in crops}
        labels = [label_of[medium] for medium in media]
        if set(labels) == {0, 1}:
            figures[f"{side}_auc"] = auc(pooled, labels)
            figures[f"{side}_eer"] = equal_error_rate(pooled, labels)
    known = [value for key, value in figures.items() if key.endswith("_auc")]
    figures["score"] = float(np.mean(known)) if known else 0.0
    return figures


def _few(crops: Sequence[CachedCrop], frames: int) -> list[CachedCrop]:
    """At most a few frames a clip and about `_CHECK_CROPS` crops, evenly over the list; or a sequence of each clip."""
    if frames:
        return whole_sequences(crops, frames)
    seen: dict[str, int] = {}
    kept = []
    for crop in crops:
        seen[crop.medium] = seen.get(crop.medium, 0) + 1
        if seen[crop.medium] <= _CHECK_FRAMES:
            kept.append(crop)
    step = max(len(kept) // _CHECK_CROPS, 1)
    return kept[::step]
