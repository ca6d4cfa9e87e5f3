"""Open a finished run and cut units as the scanner would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from unmask.core.errors import DataError, InvalidOption
from unmask.core.events import Listener, ignore
from unmask.core.records import F32Array
from unmask.datasets.manifest import Row
from unmask.extraction.crops import cut_crops
from unmask.training.architectures.registry import build, crop_shape
from unmask.training.architectures.voice.registry import voice_network
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.ensemble import ENSEMBLE
from unmask.training.pictures.portraits import as_scanned, read_crop
from unmask.training.recipe import Recipe
from unmask.training.voices import read_clips, windows_of

TrainedNetwork = nn.Module
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Units:
    """Crops or windows, one of each medium.

    Attributes:
        arrays: Shape (N, S, S, 3), uint8, RGB, or (N, L), float32.
        labels: N labels.
        names: N texts: source, and method of a forgery.
        groups: N names of people, source videos or recordings.
    """

    arrays: NDArray[Any]
    labels: tuple[int, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network said about N units.

    Attributes:
        logits: Shape (N,).
        evidence: Shape (N, h, w), the network's own map.
        embeddings: Shape (N, C).
    """

    logits: F32Array
    evidence: F32Array
    embeddings: F32Array


def open_run(recipe: Recipe, run: Path) -> nn.Module:
    """Build a run's network with its best weights, ready to answer.

    Raises:
        InvalidOption: The run has no weights, or the recipe makes no network that judges single units.
    """
    weights = run / "weights.safetensors"
    if recipe.architecture in PIPELINES or recipe.architecture == ENSEMBLE:
        message = f"{recipe.name}: {recipe.architecture} is no single network, so there are no layers to look into."
        raise InvalidOption(message)
    if not weights.is_file():
        message = f"{run} holds no weights.safetensors. Train first: unmask train RECIPE --data MANIFEST --out {run}"
        raise InvalidOption(message)
    network: nn.Module = (
        voice_network(recipe.architecture, recipe.network)
        if recipe.family == "speech"
        else build(recipe.architecture, recipe.network)
    )
    if getattr(network, "frames", 0):
        message = (
            f"{recipe.name}: {recipe.architecture} judges sequences; explain the run of its frame network instead."
        )
        raise InvalidOption(message)
    network.load_state_dict(load_file(weights))
    return network.eval()


def cut_units(recipe: Recipe, rows: Sequence[Row], folder: Path, *, listener: Listener = ignore) -> Units:
    """Cut one unit of each medium.

    Args:
        recipe: Says how large they are.
        rows: Labelled media; those without a face or speech are left out.
        folder: For crops.
        listener: Hears progress.

    Returns:
        The units.

    Raises:
        DataError: Nothing is left.
    """
    if recipe.family == "speech":
        clips = read_clips(rows, listener=listener)
        found = [(windows_of(clip.samples_f32)[0], clip.label, clip.source, clip.group) for clip in clips]
    else:
        size_px, margin = crop_shape(recipe.architecture, recipe.network)
        crops = {crop.medium: crop for crop in cut_crops(rows, folder, frames=1, listener=listener)}.values()
        found = [
            (
                as_scanned(read_crop(crop), size_px=size_px, margin=margin),
                crop.label,
                " / ".join(filter(None, (crop.source, crop.method))),
                crop.group,
            )
            for crop in crops
        ]
    if not found:
        message = f"None of the {len(rows)} media shows what {recipe.name} judges, so there is nothing to explain."
        raise DataError(message)
    arrays, labels, names, groups = zip(*found, strict=True)
    return Units(np.stack(arrays), labels, names, groups)


def ask(network: nn.Module, units: NDArray[Any]) -> Answers:
    """Judge units without gradients."""
    parts: list[list[NDArray[Any]]] = []
    with torch.inference_mode():
        for start in range(0, len(units), _BATCH):
            outputs = network(torch.from_numpy(units[start : start + _BATCH]))
            parts.append([output.float().numpy() for output in outputs])
    logits, evidence, embeddings = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Answers(logits, evidence, embeddings)
