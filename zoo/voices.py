"""Train, export and judge the recipes for voices: the same recordings, the same split, windows as the scanner cuts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.evaluate.calibrate import IDENTITY
from unmask.metrics.bootstrap import interval
from unmask.metrics.ranking import auc, equal_error_rate
from unmask.models.card import ModelCard
from unmask.models.session import Session
from unmask.models.write import write_card
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.training.architectures.voice.registry import TUNE, voice_network
from unmask.training.draft import draft_speech_card
from unmask.training.fitting.bench import Machine
from unmask.training.fitting.media import present
from unmask.training.loop import steps_done
from unmask.training.recipe import Recipe, read_recipe
from unmask.training.train_voices import clips_by_side, clips_folder, train_voices
from unmask.training.voices import SAMPLES, VoiceClip, save_clips, windows_of
from zoo.manifest import Prepared
from zoo.trial import Budget

_RUNS = 20
_SEED = 7
_SIDES: tuple[Side, ...] = ("holdout", "test")


def heard(path: Path, data: Prepared, out: Path, *, clips: Path, budget: Budget, media: int) -> dict[str, Any]:
    """Train one recipe, export it and judge the graph; returns what the table shows.

    Args:
        path: The recipe.
        data: The recordings.
        out: Where the run and its graph go.
        clips: Folder of decoded recordings, shared by all recipes.
        budget: How much training it gets.
        media: Most recordings a side.
    """
    whole = data.fitted(read_recipe(path))
    fitted = whole.network.get(TUNE) == "none"
    recipe = whole if fitted else budget.shorten(whole, step_seconds)
    folder = out / "runs" / path.stem
    resumed, begin = steps_done(folder) > 0, time.process_time()
    recordings = present(read_manifest(data.manifest))[0]
    fewer = shortened(recipe, recordings, clips, out / f"clips-{media}", media)
    train_voices(recipe, data.manifest, folder, machine=Machine(precision="bf16-mixed", workers=0), cache=fewer)
    spent = time.process_time() - begin
    rows = split(recordings, recipe.split)["train"]
    card = replace(draft_speech_card(recipe, folder, rows, out / "models"), home=str(out / "models"))
    sides = clips_by_side(recipe, recordings, fewer)
    network = voice_network(recipe.architecture, recipe.network)
    return {
        "name": path.stem,
        "start": str(recipe.pretrained).removeprefix("package:") or "scratch",
        "parameters": sum(weights.numel() for weights in network.parameters()),
        "steps": 0 if fitted else steps_done(folder),
        "steps_of_recipe": 0 if fitted else whole.schedule.steps,
        "batch": recipe.schedule.batch,
        "train_seconds": None if resumed else spent,
        "parity": card.parity,
        **{side: judged(card, sides[side]) for side in _SIDES},
        "latency_ms": latency_ms(card),
        "scanned": scanned(replace(card, calibration=IDENTITY), out / "models", rows[0].path),
    }


def scanned(card: ModelCard, models: Path, recording: Path) -> str:
    """Scan a recording with the exported card as `unmask scan --model` does; returns the verdict."""
    write_card(card, models / f"{card.name}.toml")
    plan = ScanPlan(face="", speech=str(models / f"{card.name}.toml"), threads=1)
    return Pipeline(plan).scan(recording).verdict


def step_seconds(recipe: Recipe, batch: int) -> float:
    """Seconds of one core that a training step takes, measured on noise."""
    torch.set_num_threads(1)
    network = voice_network(recipe.architecture, recipe.network).train()
    units, labels = 0.05 * torch.randn(batch, SAMPLES), torch.arange(batch).remainder(2).float()
    spent = 0.0
    for _ in range(2):
        begin = time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(units)
        network.loss(tuple(output.float() for output in outputs), labels).backward()
        spent = time.process_time() - begin
    return spent


def judged(card: ModelCard, clips: Sequence[VoiceClip]) -> dict[str, Any]:
    """Area under the curve with its interval over speakers and recordings, and equal error rate; nothing calibrated."""
    session = Session(card, threads=1)
    scores = [float(session.run(windows_of(clip.samples_f32))["logit"].mean()) for clip in clips]
    labels = [clip.label for clip in clips]
    found = interval(auc, scores, labels, clusters=[clip.group for clip in clips], rounds=500)
    return {**asdict(found), "eer": equal_error_rate(scores, labels), "media": len(clips)}


def latency_ms(card: ModelCard) -> float:
    """Median time of one window of 4 s on one core, in milliseconds of the process."""
    session, times = Session(card, threads=1), []
    unit = np.random.default_rng(0).normal(0, 0.05, (1, SAMPLES)).astype(np.float32)
    for _ in range(_RUNS):
        begin = time.process_time()
        session.run(unit)
        times.append(time.process_time() - begin)
    return float(np.median(times) * 1000)


def shortened(recipe: Recipe, rows: Sequence[Row], clips: Path, folder: Path, media: int) -> Path:
    """Keep all recordings to learn from and a few of every other side, so that looking costs less than learning."""
    place = clips_folder(recipe, rows, folder)
    if not place.is_dir():
        for side, found in clips_by_side(recipe, rows, clips).items():
            order = np.random.default_rng(_SEED).permutation(len(found))
            kept = found if side == "train" else [found[number] for number in order[:media]]
            save_clips(kept, place.with_suffix(".part") / f"{side}.npz")
        place.with_suffix(".part").rename(place)
    return folder
