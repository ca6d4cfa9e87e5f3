"""From a finished run to a graph and a draft card; calibration and figures come from `evaluate`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array
from unmask.datasets.manifest import Row
from unmask.faces.crop import CROP_RULE, INTERPOLATION
from unmask.media.sample import VIEW_RULE
from unmask.models.assemble import assemble
from unmask.models.card import CardCompanion, CardFile, CardInput, ModelCard
from unmask.models.catalogue import find
from unmask.models.store import digest, locate_base
from unmask.training.architectures.registry import MARGIN, build, crop_shape
from unmask.training.architectures.voice.parting import take_out
from unmask.training.architectures.voice.registry import NETWORKS, voice_network
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.compact import round_weights, store_compactly
from unmask.training.ensemble import ENSEMBLE, join, joint_parity, read_members
from unmask.training.export import OUTPUTS, export_graph
from unmask.training.fitting.state import save_weights
from unmask.training.parity import parity
from unmask.training.recipe import Recipe

PARITY_UNITS = 16
SPEECH_RATE_HZ = 16000
WINDOW_S = 4
_LICENCE = "Apache-2.0 for code and weights; see the terms of the training data"


def draft_picture_card(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a run that looks at faces or at whole pictures, and describe them.

    Args:
        recipe: The run's recipe.
        run: Folder of the run, with weights.safetensors; of a classical pipeline, with pipeline.onnx; for an ensemble,
            the folder with the cards of its members.
        train_rows: What training saw, for the card.
        out: Folder for the graph.

    Returns:
        A card without calibration and figures.

    Raises:
        InvalidOption: The run has no weights.
        CardMismatch: The graph does not give what the network, or the members together, give.
    """
    graph = out / f"{recipe.name}.onnx"
    if recipe.architecture == ENSEMBLE:
        return _ensemble_card(recipe, run, graph)
    if recipe.architecture in PIPELINES:
        pipeline = PIPELINES[recipe.architecture]
        facts = json.loads(trained_weights(run, "pipeline.json").read_text(encoding="utf-8"))
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trained_weights(run, "pipeline.onnx"), graph)
        return _picture_card(
            recipe,
            graph,
            unit_input(recipe, pipeline.size_px, float(recipe.network.get("margin", MARGIN))),
            summary=pipeline.summary,
            reference=pipeline.reference,
            training_data=seen(train_rows),
            parity=float(facts["parity"]),
        )
    return _network_card(recipe, trained_weights(run), train_rows, graph)


def _ensemble_card(recipe: Recipe, folder: Path, graph: Path) -> ModelCard:
    members = read_members(recipe, folder)
    join(members, graph, name=recipe.name)
    names = ", ".join(member.name for member in members)
    shape = members[0].input
    assert shape is not None
    return _picture_card(
        recipe,
        graph,
        shape,
        summary=f"The mean of the calibrated logits of {names}.",
        training_data=members[0].training_data,
        parity=joint_parity(members, graph, _units(shape.size_px, shape.frames)),
    )


def _network_card(recipe: Recipe, weights: Path, train_rows: Sequence[Row], graph: Path) -> ModelCard:
    size_px, margin = crop_shape(recipe.architecture, recipe.network)
    network = build(recipe.architecture, recipe.network)
    units = torch.from_numpy(_units(size_px, network.frames))
    shape = unit_input(recipe, size_px, margin, frames=network.frames)
    facts = {"name": recipe.name, "crop": shape.crop, "margin": str(shape.margin)}
    export_graph(network, weights, units[:2], graph, input_name="pixels", facts=facts)
    backbone = str(recipe.network.get("backbone", "a backbone"))
    return _picture_card(
        recipe,
        graph,
        shape,
        summary=network.summary.format(backbone=backbone),
        reference=network.reference,
        training_data=seen(train_rows),
        parity=parity(network, graph, units.numpy()),
    )


def unit_input(recipe: Recipe, size_px: int, margin: float, *, frames: int = 0) -> CardInput:
    """Say how the scanner cuts a face, or a whole picture, for a network."""
    whole = recipe.family == "picture"
    return CardInput(
        name="pixels",
        dtype="uint8",
        size_px=size_px,
        margin=0.0 if whole else margin,
        crop=VIEW_RULE if whole else CROP_RULE,
        colour="RGB",
        interpolation=INTERPOLATION,
        frames=frames,
    )


def _picture_card(recipe: Recipe, graph: Path, shape: CardInput | None, **words: object) -> ModelCard:
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        licence=_LICENCE,
        commercial_use=False,
        files=(CardFile(graph.name, digest(graph), graph.stat().st_size),),
        input=shape,
        outputs={name: name for name in OUTPUTS},
        **words,  # type: ignore[arg-type]
    )


def draft_speech_card(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a speech run and describe them; see `draft_picture_card`."""
    network = voice_network(recipe.architecture, recipe.network)
    entry = NETWORKS[recipe.architecture]
    graph = out / f"{recipe.name}.onnx"
    units = np.random.default_rng(7).normal(0, 0.05, (PARITY_UNITS, WINDOW_S * SPEECH_RATE_HZ)).astype(np.float32)
    weights = trained_weights(run)
    if entry.compact:
        network.load_state_dict(load_file(weights))
        round_weights(network)
        weights = run / "rounded.safetensors"
        save_weights(network, weights)
    facts = {"name": recipe.name}
    export_graph(network, weights, torch.from_numpy(units[:2]), graph, input_name="samples", facts=facts)
    if entry.compact:
        store_compactly(graph)
    files = [graph]
    if entry.base:
        files.append(out / f"{recipe.name}.part.onnx")
        take_out(graph, locate_base(entry.base), files[1])
        assemble(locate_base(entry.base), files[1], graph)
    companion = asked_beside(recipe)
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        summary=entry.summary + (f" {companion.card} is asked beside it." if companion else ""),
        companion=companion,
        licence=f"{_LICENCE}; {entry.base.licence} for the encoder" if entry.base else _LICENCE,
        commercial_use=False,
        files=tuple(CardFile(path.name, digest(path), path.stat().st_size) for path in files),
        base=entry.base,
        input=_speech_input(int(recipe.network.get("opus_kbps", 0))),
        outputs={name: name for name in OUTPUTS},
        training_data=seen(train_rows),
        parity=parity(network, graph, units),
        reference=entry.reference,
    )


def _speech_input(opus_kbps: int) -> CardInput:
    return CardInput(
        name="samples", dtype="float32", rate_hz=SPEECH_RATE_HZ, length_s=float(WINDOW_S), opus_kbps=opus_kbps
    )


def asked_beside(recipe: Recipe) -> CardCompanion | None:
    """The model that ``network.companion`` names, if any, as it is now."""
    name = str(recipe.network.get("companion", ""))
    if not name:
        return None
    clips = bool(recipe.network.get("companion_clips", True))
    return CardCompanion(name, find(name).graph.sha256, float(recipe.network["companion_weight"]), clips)


def trained_weights(run: Path, name: str = "weights.safetensors") -> Path:
    """Find what a run left behind; `InvalidOption` if it did not."""
    weights = run / name
    if not weights.is_file():
        message = f"{run} holds no {name}. Train first: unmask train RECIPE --data MANIFEST --out {run}"
        raise InvalidOption(message)
    return weights


def parity_units(size_px: int) -> U8Array:
    """Fixed units for parity: noise of many scales, shape (16, size_px, size_px, 3), uint8."""
    rng = np.random.default_rng(7)
    found = []
    for index in range(PARITY_UNITS):
        side = 2 ** (2 + index % 5)
        coarse = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        repeated = np.repeat(np.repeat(coarse, -(-size_px // side), axis=0), -(-size_px // side), axis=1)
        found.append(repeated[:size_px, :size_px])
    return np.stack(found)


def _units(size_px: int, frames: int) -> U8Array:
    """The units of `parity_units`, for networks of sequences four sequences of them."""
    units = parity_units(size_px)
    if not frames:
        return units
    places = np.arange(4 * frames) % PARITY_UNITS
    return units[places].reshape(4, frames, *units.shape[1:])


def seen(rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what training saw: one line for each source and label."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, "fake" if row.label else "real")
        counts[key] = counts.get(key, 0) + 1
    return tuple(f"{source}: {count} {label}" for (source, label), count in sorted(counts.items()))
