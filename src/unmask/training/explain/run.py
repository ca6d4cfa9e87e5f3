"""Open a finished run and cut units as the scanner would."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from unmask.core.errors import DataError, InputError, InvalidOption, OptionError
from unmask.core.events import Listener, ignore
from unmask.core.records import F32Array
from unmask.datasets.manifest import Row
from unmask.extraction.crops import cut_crops
from unmask.training.architectures.registry import ARCHITECTURES, build, crop_shape
from unmask.training.architectures.temporal import FramePool
from unmask.training.architectures.voice.registry import voice_network
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.ensemble import ENSEMBLE
from unmask.training.fitting.bench import RECORD
from unmask.training.pictures.clips import whole_sequences
from unmask.training.pictures.layer_probe import CLIP_LAYERS
from unmask.training.pictures.photographs import views_of
from unmask.training.pictures.portraits import as_scanned, read_crop
from unmask.training.recipe import Recipe, restored
from unmask.training.voices import read_clips, windows_of

TrainedNetwork = nn.Module
_BATCH = 16
_NO_NETWORK = {
    CLIP_LAYERS: "a linear head on a public encoder",
    ENSEMBLE: "several exported graphs side by side",
    **dict.fromkeys(PIPELINES, "a scikit-learn pipeline"),
}
_Unit = tuple[NDArray[Any], int, str, str]


@dataclass(frozen=True, slots=True)
class Units:
    """Crops, sequences of crops, or windows, one of each medium.

    Attributes:
        arrays: Shape (N, S, S, 3) or (N, T, S, S, 3), uint8, RGB, or (N, L), float32.
        labels: N labels.
        names: N texts: source, and method of a forgery.
        groups: N names of people, source videos or recordings.
    """

    arrays: NDArray[Any]
    labels: tuple[int, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def frames(self) -> int:
        """Crops of a sequence; 0 where a unit is a single crop or window."""
        return int(self.arrays.shape[1]) if self.arrays.ndim == 5 else 0

    @property
    def shown(self) -> NDArray[Any]:
        """What stands for each unit on a sheet: shape (N, S, S, 3), of a sequence the middle crop, or (N, L)."""
        return self.arrays[:, self.frames // 2] if self.frames else self.arrays


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network said about N units.

    Attributes:
        logits: Shape (N,).
        evidence: Shape (N, h, w), the network's own map; of sequences (N, T, places).
        embeddings: Shape (N, C).
    """

    logits: F32Array
    evidence: F32Array
    embeddings: F32Array


def recorded_recipe(run: Path) -> Recipe:
    """Read the recipe that a run was trained with from its record; of a run that went on with another one, the last.

    Raises:
        InvalidOption: The run has no record, or one that this version cannot read.
    """
    path = run / RECORD
    if not path.is_file():
        message = f"{run} holds no {RECORD}, which says how it was trained. Name its recipe: --recipe RECIPE."
        raise InvalidOption(message)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return restored((record.get("went_on_with") or [record])[-1]["recipe"])
    except (ValueError, KeyError, TypeError, AttributeError, OptionError) as error:
        message = f"{path} holds no recipe that can be read ({error!r}). Name it: --recipe RECIPE."
        raise InvalidOption(message) from error


def open_run(recipe: Recipe, run: Path) -> nn.Module:
    """Build a run's network with its best weights, ready to answer.

    Raises:
        InvalidOption: The run has no weights, or the recipe makes no network of PyTorch.
    """
    weights = run / "weights.safetensors"
    if recipe.architecture in _NO_NETWORK:
        message = (
            f"{recipe.name}: {recipe.architecture!r} is {_NO_NETWORK[recipe.architecture]}, so there is no trained "
            "network of PyTorch to look into. Export it (unmask export), and see what it makes of single files: "
            "unmask scan FILE --model CARD --html DIR"
        )
        raise InvalidOption(message)
    if not weights.is_file():
        message = f"{run} holds no weights.safetensors. Train first: unmask train RECIPE --data MANIFEST --out {run}"
        raise InvalidOption(message)
    network: nn.Module = (
        voice_network(recipe.architecture, recipe.network)
        if recipe.family == "speech"
        else build(recipe.architecture, recipe.network)
    )
    network.load_state_dict(load_file(weights))
    return network.eval()


def cut_units(recipe: Recipe, rows: Sequence[Row], folder: Path, *, listener: Listener = ignore) -> Units:
    """Cut one unit of each medium.

    Args:
        recipe: Says how large they are, and how many crops make a sequence.
        rows: Labelled media; those without a face or speech, or with fewer faces than a sequence has, are left out.
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
    elif recipe.family == "picture":
        found = list(_pictures(recipe, rows))
    else:
        found = _faces(recipe, rows, folder, listener)
    if not found:
        frames = 0 if recipe.family == "speech" else _frames(recipe)
        what = f"{frames} faces of one clip, which {recipe.name} judges together" if frames else f"{recipe.name} judges"
        message = f"None of the {len(rows)} media shows what {what}, so there is nothing to explain."
        raise DataError(message)
    arrays, labels, names, groups = zip(*found, strict=True)
    return Units(np.stack(arrays), labels, names, groups)


def _pictures(recipe: Recipe, rows: Sequence[Row]) -> Iterator[_Unit]:
    """The largest centred square of each picture; those that cannot be read are left out."""
    size_px, _ = crop_shape(recipe.architecture, recipe.network)
    for row in rows:
        if row.kind == "image":
            with suppress(InputError):
                yield views_of(row.path, size_px)[0], row.label, _name(row.source, row.method), row.group


def _faces(recipe: Recipe, rows: Sequence[Row], folder: Path, listener: Listener) -> list[_Unit]:
    """A crop of each medium, or the first whole sequence of each clip, as training took them."""
    size_px, margin = crop_shape(recipe.architecture, recipe.network)
    frames = _frames(recipe)
    if frames:
        crops = whole_sequences(cut_crops(rows, folder / "clips", listener=listener), frames)
    else:
        crops = list({crop.medium: crop for crop in cut_crops(rows, folder, frames=1, listener=listener)}.values())
    seen = [as_scanned(read_crop(crop), size_px=size_px, margin=margin) for crop in crops]
    units = [np.stack(seen[start : start + frames]) for start in range(0, len(seen), frames)] if frames else seen
    firsts = crops[:: frames or 1]
    return [
        (unit, crop.label, _name(crop.source, crop.method), crop.group)
        for unit, crop in zip(units, firsts, strict=True)
    ]


def _frames(recipe: Recipe) -> int:
    """Crops that make up a unit; 0 where it is a single one."""
    if not issubclass(ARCHITECTURES[recipe.architecture], FramePool):
        return 0
    return int(recipe.network.get("frames", inspect.signature(FramePool).parameters["frames"].default))


def _name(source: str, method: str) -> str:
    return " / ".join(filter(None, (source, method)))


def ask(network: nn.Module, units: NDArray[Any]) -> Answers:
    """Judge units without gradients."""
    parts: list[list[NDArray[Any]]] = []
    with torch.inference_mode():
        for start in range(0, len(units), _BATCH):
            outputs = network(torch.from_numpy(units[start : start + _BATCH]))
            parts.append([output.float().numpy() for output in outputs])
    logits, evidence, embeddings = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Answers(logits, evidence, embeddings)
