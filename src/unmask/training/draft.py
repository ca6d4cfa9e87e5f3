"""From a finished run to a graph and a draft card; calibration and figures come from `evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array
from unmask.datasets.manifest import Row
from unmask.faces.crop import CROP_RULE, INTERPOLATION
from unmask.models.card import CardFile, CardInput, ModelCard
from unmask.models.store import digest
from unmask.training.architectures.mel_cnn import MelCnn
from unmask.training.export import OUTPUTS, export_graph
from unmask.training.parity import parity
from unmask.training.recipe import Recipe
from unmask.training.train_faces import crop_shape, face_network

PARITY_UNITS = 16
SPEECH_RATE_HZ = 16000
WINDOW_S = 4


def draft_face_card(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a run and describe them.

    Args:
        recipe: The run's recipe.
        run: Folder of the run, with weights.safetensors.
        train_rows: What training saw, for the card.
        out: Folder for the graph.

    Returns:
        A card without calibration and figures.

    Raises:
        InvalidOption: The run has no weights.
        CardMismatch: The graph does not give what the network gives.
    """
    weights = _weights(run)
    size_px, margin = crop_shape(recipe)
    network = face_network(recipe)
    graph = out / f"{recipe.name}.onnx"
    units = parity_units(size_px)
    facts = {"name": recipe.name, "crop": CROP_RULE, "margin": str(margin)}
    export_graph(network, weights, torch.from_numpy(units[:2]), graph, input_name="pixels", facts=facts)
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        summary=f"EfficientNet-lite0 on square face crops of {size_px} px; its last feature map is the heatmap.",
        licence="Apache-2.0 for code and weights; see the terms of the training data",
        commercial_use=False,
        files=(CardFile(graph.name, digest(graph), graph.stat().st_size),),
        input=CardInput(
            name="pixels",
            dtype="uint8",
            size_px=size_px,
            margin=margin,
            crop=CROP_RULE,
            colour="RGB",
            interpolation=INTERPOLATION,
        ),
        outputs={name: name for name in OUTPUTS},
        training_data=seen(train_rows),
        parity=parity(network, graph, units),
        reference="Tan and Le: EfficientNet, ICML 2019; Shiohara and Yamasaki: Self-Blended Images, CVPR 2022",
    )


def draft_speech_card(recipe: Recipe, run: Path, train_rows: Sequence[Row], out: Path) -> ModelCard:
    """Export the best weights of a speech run and describe them; see `draft_face_card`."""
    network = MelCnn(dropout=recipe.augment.get("dropout", 0.2))
    graph = out / f"{recipe.name}.onnx"
    units = np.random.default_rng(7).normal(0, 0.05, (PARITY_UNITS, WINDOW_S * SPEECH_RATE_HZ)).astype(np.float32)
    facts = {"name": recipe.name}
    export_graph(network, _weights(run), torch.from_numpy(units[:2]), graph, input_name="samples", facts=facts)
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        summary=f"Convolutional network on a log-mel spectrogram made inside the graph, windows of {WINDOW_S} s.",
        licence="Apache-2.0 for code and weights; see the terms of the training data",
        commercial_use=False,
        files=(CardFile(graph.name, digest(graph), graph.stat().st_size),),
        input=CardInput(name="samples", dtype="float32", rate_hz=SPEECH_RATE_HZ, length_s=float(WINDOW_S)),
        outputs={name: name for name in OUTPUTS},
        training_data=seen(train_rows),
        parity=parity(network, graph, units),
        reference="Lavrentyeva et al.: STC antispoofing systems for the ASVspoof2019 challenge, Interspeech 2019",
    )


def _weights(run: Path) -> Path:
    weights = run / "weights.safetensors"
    if not weights.is_file():
        message = f"{run} holds no weights.safetensors. Train first: unmask train RECIPE --data MANIFEST --out {run}"
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


def seen(rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what training saw: one line for each source and label."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, "fake" if row.label else "real")
        counts[key] = counts.get(key, 0) + 1
    return tuple(f"{source}: {count} {label}" for (source, label), count in sorted(counts.items()))
