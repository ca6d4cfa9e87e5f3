"""Train a classical detector: the same crops as every network sees, disturbed alike, one fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from torch import nn
from torch.utils.data import DataLoader

from unmask.core.errors import CardMismatch
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array
from unmask.faces.crop import CROP_RULE
from unmask.metrics.ranking import auc
from unmask.models.session import run_file
from unmask.training.architectures.registry import MARGIN
from unmask.training.classical.graph import pipeline_graph
from unmask.training.classical.pipelines import PIPELINES, Classical
from unmask.training.recipe import Recipe

PIPELINE = "pipeline.onnx"
FACTS = "pipeline.json"
_TOLERANCE = 1e-2
_BATCH = 64


def fit_pipeline(
    recipe: Recipe, units: DataLoader[tuple[torch.Tensor, torch.Tensor]], out: Path, *, listener: Listener = ignore
) -> dict[str, float]:
    """Fit a pipeline and write its graph.

    Args:
        recipe: Names the pipeline; its schedule says how many crops are drawn: steps times batch.
        units: Batches of crops, shape (N, S, S, 3), uint8, and labels; as many as `recipe.schedule.steps`.
        out: Folder of the run.
        listener: Hears progress.

    Returns:
        Figures: how many crops, the area under the curve on them, parity.

    Raises:
        CardMismatch: The graph does not give what scikit-learn gives.
    """
    classical = PIPELINES[recipe.architecture]
    features = classical.features()
    numbers, labels, last = [], [], np.zeros(0, np.uint8)
    for done, (pixels, targets, *_) in enumerate(units, start=1):
        numbers.append(describe(features, pixels.numpy()))
        labels.append(targets.numpy() > 0.5)
        last = pixels.numpy()
        listener(Advanced("features", done, recipe.schedule.steps, classical.summary))
        if done == recipe.schedule.steps:
            break
    known, truth = np.concatenate(numbers), np.concatenate(labels).astype(int)
    pipeline = classical.pipeline(recipe.schedule.seed).fit(known, truth)
    facts = {"name": recipe.name, "crop": CROP_RULE, "margin": str(float(recipe.network.get("margin", MARGIN)))}
    pipeline_graph(features, pipeline, out / PIPELINE, size_px=classical.size_px, facts=facts)
    scores = pipeline.decision_function(known)
    figures = {
        "crops": float(len(truth)),
        "train_auc": auc(scores.tolist(), truth.tolist()),
        "parity": pipeline_parity(pipeline, classical, out / PIPELINE, last),
    }
    (out / FACTS).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def describe(features: nn.Module, pixels: NDArray[np.uint8]) -> F32Array:
    """Turn crops into numbers.

    Args:
        features: A front end of `unmask.training.classical.features`.
        pixels: Shape (N, S, S, 3), uint8, RGB.

    Returns:
        Shape (N, F), float32.
    """
    with torch.inference_mode():
        found = [features(torch.from_numpy(pixels[start : start + _BATCH])) for start in range(0, len(pixels), _BATCH)]
    return np.asarray(torch.cat(found).numpy(), np.float32)


def pipeline_parity(pipeline: Pipeline, classical: Classical, graph: Path, pixels: NDArray[np.uint8]) -> float:
    """Largest difference between the graph's logit and scikit-learn's decision function.

    Raises:
        CardMismatch: It is too large, so the graph must not ship.
    """
    wanted = pipeline.decision_function(describe(classical.features(), pixels))
    difference = float(np.abs(run_file(graph, pixels)["logit"] - wanted).max())
    if not difference <= _TOLERANCE:
        message = (
            f"{graph.name}: the graph's logits differ from scikit-learn's by {difference:.2g}; expected {_TOLERANCE:g}."
        )
        raise CardMismatch(message)
    return difference
