"""From a recipe and a manifest to trained weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from unmask.core.errors import InvalidOption, ManifestInvalid
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.extraction.crops import CachedCrop, cut_crops
from unmask.metrics.ranking import auc, equal_error_rate
from unmask.training.architectures.face_cnn import FaceCnn, load_lite0_package
from unmask.training.loop import Outcome, fit, steps_done
from unmask.training.portraits import PortraitStream, as_scanned, read_crop
from unmask.training.recipe import Recipe, resolved

FACE_SHAPE = {"size_px": 224, "margin": 1.3}
_CHECKED: tuple[Side, ...] = ("holdout", "validation")
_LOADERS = 1
_CHECK_FRAMES = 3
_CHECK_CROPS = 350


def train_faces(recipe: Recipe, manifest: Path, out: Path, *, listener: Listener = ignore) -> Outcome:
    """Train a face detector.

    Args:
        recipe: Its family must be face.
        manifest: CSV of labelled pictures and clips.
        out: Folder of the run: recipe, crops, log, weights.
        listener: Hears progress.

    Returns:
        The outcome of the loop.

    Raises:
        InvalidOption: The recipe is for another family or names an unknown architecture.
        ManifestInvalid: A side of the split has no face of one of the labels.
        LeakFound: The split leaks.
    """
    if recipe.family != "face" or recipe.architecture != "face_cnn":
        message = f"{recipe.name}: expected a recipe of family face with architecture face_cnn."
        raise InvalidOption(message)
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.json").write_text(json.dumps(resolved(recipe), indent=1), encoding="utf-8")
    sides = split([row for row in read_manifest(manifest) if row.kind in ("image", "video")], recipe.split)
    crops = crops_by_side(sides, out / "crops", listener=listener)
    torch.manual_seed(recipe.schedule.seed)
    network = face_network(recipe)
    if recipe.pretrained.startswith("package:"):
        load_lite0_package(network)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size_px, margin = crop_shape(recipe)
    seed = (recipe.schedule.seed, steps_done(out))
    stream = PortraitStream(crops["train"], recipe.shares, size_px=size_px, margin=margin, seed=seed)
    loader = DataLoader(stream, batch_size=recipe.schedule.batch, num_workers=_LOADERS, prefetch_factor=4)
    checks: dict[Side, list[CachedCrop]] = {side: _few(crops[side]) for side in _CHECKED}
    return fit(
        network,
        loader,
        recipe.schedule,
        validate=lambda net: _figures(net, checks, size_px, margin),
        out=out,
        listener=listener,
    )


def crops_by_side(
    sides: dict[Side, list[Row]], folder: Path, *, listener: Listener = ignore
) -> dict[Side, list[CachedCrop]]:
    """Cut the crops of every side into one folder.

    Raises:
        ManifestInvalid: No genuine or no forged face is left to train on.
    """
    found: dict[Side, list[CachedCrop]] = {
        side: cut_crops(rows, folder, listener=listener) for side, rows in sides.items()
    }
    labels = {crop.label for crop in found["train"]}
    if labels != {0, 1}:
        message = "Training needs genuine and forged media with faces; one of the two is missing from its side."
        raise ManifestInvalid(message)
    return found


def face_network(recipe: Recipe) -> FaceCnn:
    """Build the recipe's network, weights not loaded."""
    return FaceCnn(
        dropout=recipe.network.get("dropout", 0.2), frozen_stages=int(recipe.network.get("frozen_stages", 0))
    )


def crop_shape(recipe: Recipe) -> tuple[int, float]:
    """Side of the crop in pixels and its margin around the face, as they will stand on the card."""
    shape = {**FACE_SHAPE, **recipe.network}
    return int(shape["size_px"]), float(shape["margin"])


def crop_logits(
    network: nn.Module, crops: Sequence[CachedCrop], *, size_px: int, margin: float, batch: int = 32
) -> np.ndarray:
    """Score cached crops as the scanner would cut them.

    Args:
        network: Maps uint8 crops to ``(logit, ...)``.
        crops: N of them.
        size_px: Side of what the network sees.
        margin: The scanner's margin.
        batch: Crops a pass.

    Returns:
        Shape (N,), float64 logits.
    """
    network.eval()
    found = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(crops), batch):
            pixels = [
                as_scanned(read_crop(crop), size_px=size_px, margin=margin) for crop in crops[start : start + batch]
            ]
            found.append(network(torch.from_numpy(np.stack(pixels)))[0].float().double().numpy())
    return np.concatenate(found) if found else np.zeros(0)


def _figures(network: nn.Module, checks: dict[Side, list[CachedCrop]], size_px: int, margin: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    for side, crops in checks.items():
        logits = crop_logits(network, crops, size_px=size_px, margin=margin)
        media: dict[str, list[int]] = {}
        for position, crop in enumerate(crops):
            media.setdefault(crop.medium, []).append(position)
        pooled = [float(logits[places].mean()) for places in media.values()]
        labels = [crops[places[0]].label for places in media.values()]
        if set(labels) == {0, 1}:
            figures[f"{side}_auc"] = auc(pooled, labels)
            figures[f"{side}_eer"] = equal_error_rate(pooled, labels)
    known = [value for key, value in figures.items() if key.endswith("_auc")]
    figures["score"] = float(np.mean(known)) if known else 0.0
    return figures


def _few(crops: Sequence[CachedCrop]) -> list[CachedCrop]:
    """At most a few frames a clip and about `_CHECK_CROPS` crops, evenly over the list."""
    seen: dict[str, int] = {}
    kept = []
    for crop in crops:
        seen[crop.medium] = seen.get(crop.medium, 0) + 1
        if seen[crop.medium] <= _CHECK_FRAMES:
            kept.append(crop)
    step = max(len(kept) // _CHECK_CROPS, 1)
    return kept[::step]
