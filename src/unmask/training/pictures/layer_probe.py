"""Fit the head of `clip_layers`: disturbed and forged views through the encoder once, then a logistic regression."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from unmask.core.errors import CardMismatch
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array, U8Array
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.extraction.crops import CachedCrop
from unmask.metrics.ranking import auc
from unmask.models.assemble import assemble
from unmask.models.card import CLIP_ROLES, CardFile, ModelCard
from unmask.models.session import runner
from unmask.models.store import digest, locate_base
from unmask.training.architectures.clip_layers import (
    ENCODER,
    SIZE_PX,
    fit_head,
    save_features_part,
    save_head_part,
)
from unmask.training.architectures.registry import MARGIN
from unmask.training.draft import asked_beside, parity_units, seen, trained_weights, unit_input
from unmask.training.export import OUTPUTS
from unmask.training.fitting.bench import Machine, write_record
from unmask.training.fitting.media import present, require_labels
from unmask.training.fitting.scope import require_effect
from unmask.training.loop import Outcome
from unmask.training.pictures.portraits import PortraitStream, as_scanned, read_crop
from unmask.training.pictures.taught import Views
from unmask.training.pictures.train_faces import crops_by_side
from unmask.training.pictures.video_head import fit_video_head
from unmask.training.recipe import Recipe

CLIP_LAYERS = "clip_layers"
STRENGTH = 1e-4
_TOLERANCE = 1e-2
_CHECK_CROPS = 350
_CHECKED: tuple[Side, ...] = ("holdout", "validation")
Encoder = Callable[[U8Array], F32Array]


def train_layer_probe(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,
    listener: Listener = ignore,
) -> Outcome:
    """Fit the head of a recipe with the architecture ``clip_layers``.

    Every step of the schedule is one batch of views; their features are kept in the run's folder, so that a run that
    was stopped goes on with the next batch.

    Args:
        recipe: ``network.strength`` is the inverse of the ridge penalty; what asks for a head for clips is told by
            `unmask.training.pictures.video_head`.
        manifest: CSV of labelled pictures and clips.
        out: Folder of the run.
        machine: Not used: the encoder runs on the processor.
        cache: Folder of face crops, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The weights, and AUC on the sides that are checked.

    Raises:
        WeightsMissing: The encoder is not on this machine.
        ManifestInvalid: A label has no face left to train on.
        LeakFound: The split leaks.
    """
    require_effect(recipe, steps=False)
    rows, missing = present([row for row in read_manifest(manifest) if row.kind in ("image", "video")], listener)
    sides = split(rows, recipe.split)
    require_labels(sides["train"], recipe)
    workers = (machine or Machine()).workers
    crops = crops_by_side(sides, cache or out / "crops", workers=workers, listener=listener)
    require_labels(crops["train"], recipe)
    write_record(recipe, manifest, out, machine or Machine())
    encode = open_encoder(out / "features.onnx", recipe.schedule.threads)
    stream = PortraitStream(crops["train"], recipe, size_px=SIZE_PX, margin=_margin(recipe))
    features, labels = through_encoder(stream, encode, recipe, views_folder(recipe, manifest, out / "views"), listener)
    strength = float(recipe.network.get("strength", STRENGTH))
    head, offset = fit_head(features, labels, strength=strength)
    margin = _margin(recipe)
    clips = fit_video_head(recipe, crops["train"], (head, offset), encode=encode, margin=margin, listener=listener)
    figures: dict[str, float] = {}
    for side in _CHECKED:
        checked = crops[side][:: max(len(crops[side]) // _CHECK_CROPS, 1)]
        figures |= _figures(side, checked, recipe, lambda seen: encode(seen) @ head + offset)
    weights = {"head": head, "offset": np.array([offset])}
    if clips is not None:
        weights |= {"clip_head": clips[0], "clip_offset": np.array([clips[1]])}
    save_file(weights, out / "weights.safetensors")
    return Outcome(out / "weights.safetensors", {"step": float(recipe.schedule.steps), **figures}, missing)


def draft_layer_probe(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Join the fitted head with the encoder and describe the whole, without calibration and figures.

    Args:
        recipe: The run's recipe.
        run: Folder of the run, with weights.safetensors.
        train_rows: What training saw, for the card.
        out: Folder for the graph and for the trained part alone.

    Returns:
        The draft card; its first file is the joined graph, its second the trained part.

    Raises:
        InvalidOption: The run has no weights.
        WeightsMissing: The encoder is not on this machine.
        CardMismatch: The graph does not give what the head gives.
    """
    found = load_file(trained_weights(run))
    head, offset = found["head"], float(found["offset"][0])
    clips = (found["clip_head"], float(found["clip_offset"][0])) if "clip_head" in found else None
    graph, part = out / f"{recipe.name}.onnx", out / f"{recipe.name}.part.onnx"
    shape = replace(unit_input(recipe, SIZE_PX, _margin(recipe)), most_units=1)
    facts = {"name": recipe.name, "crop": shape.crop, "margin": str(shape.margin)}
    save_head_part((head, offset), part, facts=facts, clips=clips)
    assemble(locate_base(ENCODER), part, graph)
    units = parity_units(SIZE_PX)
    answer = runner(graph)
    answers = [answer(unit[None]) for unit in units]
    features = open_encoder(run / "features.onnx", 0)(units)
    heads = {"logit": (head, offset)} | ({CLIP_ROLES["logit"]: clips} if clips else {})
    difference = max(
        float(np.abs(features @ weights + shift - [found[name][0] for found in answers]).max())
        for name, (weights, shift) in heads.items()
    )
    if not difference <= _TOLERANCE:
        message = f"{graph.name}: the logits differ from the head's by {difference:.2g}; expected {_TOLERANCE:g}."
        raise CardMismatch(message)
    files = tuple(CardFile(path.name, digest(path), path.stat().st_size) for path in (graph, part))
    companion = asked_beside(recipe)
    beside = f" {companion.card} is asked beside it." if companion else ""
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        summary=f"A logistic regression on the inner layers of a frozen CLIP ViT-B/16; its patches make a map.{beside}",
        licence="Apache-2.0 for code and trained part, MIT for the encoder; see the terms of the training data",
        commercial_use=False,
        files=files,
        base=ENCODER,
        companion=companion,
        input=shape,
        outputs={role: role for role in (*OUTPUTS, *(CLIP_ROLES.values() if clips else ()))},
        training_data=seen(train_rows),
        parity=difference,
        reference="Radford et al.: CLIP, ICML 2021; Koutlis and Papadopoulos: RINE, ECCV 2024",
    )


def open_encoder(graph: Path, threads: int) -> Encoder:
    """Crops, shape (N, S, S, 3), to features; one at a time, because the encoder quantises over its whole batch."""
    part = graph.with_suffix(".part.onnx")
    save_features_part(part)
    assemble(locate_base(ENCODER), part, graph)
    run = runner(graph, threads=threads)
    return lambda crops: np.concatenate([run(crops[place : place + 1])["features"] for place in range(len(crops))])


def views_folder(recipe: Recipe, manifest: Path, cache: Path) -> Path:
    """Where a cache keeps the features of a run's views; what is drawn in another way has a folder of its own.

    Neither the number of steps nor the strength of the penalty changes a view. The folds of a recipe share theirs, and
    leave out what they must at reading.
    """
    margin, size, seed = _margin(recipe), recipe.schedule.batch, recipe.schedule.seed
    rule = replace(recipe.split, without=(), folds=())
    drawn = [rule, recipe.shares, recipe.augment, recipe.forge, margin, size, seed, digest(manifest)]
    return cache / hashlib.sha256(repr(drawn).encode()).hexdigest()[:16]


def through_encoder(
    stream: Views, encode: Encoder, recipe: Recipe, folder: Path, listener: Listener
) -> tuple[F32Array, NDArray[np.int64]]:
    """Send the views of a whole schedule through the encoder, batch by batch, each kept on disk.

    Args:
        stream: The views.
        encode: The encoder.
        recipe: Its schedule.
        folder: Where the features of each batch go; those that lie there are not made again.
        listener: Hears of every batch.

    Returns:
        Features, shape (steps * batch, D), and labels, shape (steps * batch,).
    """
    folder.mkdir(parents=True, exist_ok=True)
    steps, batch = recipe.schedule.steps, recipe.schedule.batch
    found, labels = [], []
    for step in range(steps):
        path = folder / f"{step}.npz"
        if not path.is_file():
            views = [stream[number] for number in range(step * batch, (step + 1) * batch)]
            features = encode(np.stack([view[0] for view in views])).astype(np.float16)
            whole = path.with_suffix(".part.npz")
            np.savez(whole, features=features, labels=np.array([view[1] for view in views], np.int64))
            whole.replace(path)
        with np.load(path) as kept:
            found.append(kept["features"])
            labels.extend(kept["labels"].tolist())
        listener(Advanced("views", step + 1, steps, "through the encoder"))
    return np.concatenate(found).astype(np.float32), np.array(labels)


def _figures(
    side: str, crops: Sequence[CachedCrop], recipe: Recipe, score: Callable[[U8Array], NDArray[np.float64]]
) -> dict[str, float]:
    """AUC over media, each by the mean of its crops; nothing where a label is missing."""
    logits: dict[str, list[float]] = {}
    labels: dict[str, int] = {}
    for crop in crops:
        pixels = as_scanned(read_crop(crop), size_px=SIZE_PX, margin=_margin(recipe))
        logits.setdefault(crop.medium, []).append(float(score(pixels[None])[0]))
        labels[crop.medium] = crop.label
    if set(labels.values()) != {0, 1}:
        return {}
    return {f"{side}_auc": auc([float(np.mean(logits[medium])) for medium in labels], list(labels.values()))}


def _margin(recipe: Recipe) -> float:
    return float(recipe.network.get("margin", MARGIN))
