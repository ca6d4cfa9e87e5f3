"""From a recipe and a manifest of recordings to trained weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unmask.core.errors import InvalidOption, ManifestInvalid
from unmask.core.events import Listener, ignore
from unmask.core.records import F32Array
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side, split
from unmask.metrics.ranking import auc, equal_error_rate
from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.duet import Duet
from unmask.training.architectures.voice.headed import Headed
from unmask.training.architectures.voice.registry import TUNE, voice_network
from unmask.training.architectures.voice.weights import load_voice_weights
from unmask.training.fitting.bench import Machine, open_bench
from unmask.training.fitting.media import present
from unmask.training.fitting.scope import require_effect
from unmask.training.fitting.state import WEIGHTS, disk_watched, save_weights
from unmask.training.forge.twins import twins_of
from unmask.training.forge.vocoders import check_twins
from unmask.training.loop import Outcome, fit, steps_done
from unmask.training.pictures.train_faces import loader
from unmask.training.recipe import Recipe
from unmask.training.voice_augment import augment
from unmask.training.voice_probe import solve_head
from unmask.training.voices import VoiceClip, VoiceStream, load_clips, read_clips, save_clips, windows_of

START_WITH = " + "
"""Stands between the weights that the parts of one network start from."""


def train_voices(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    cache: Path | None = None,
    listener: Listener = ignore,
) -> Outcome:
    """Train a speech detector.

    ``network.tune = "none"`` leaves out the steps: published weights are taken as they are, and of `Headed`
    networks only the head is fitted.

    Args:
        recipe: Its family must be speech.
        manifest: CSV of labelled recordings.
        out: Folder of the run: recipe, decoded recordings, log, weights.
        machine: What to run on.
        cache: Folder of decoded recordings, to be shared between runs, whatever their data and split; inside the run's
            folder if None.
        listener: Hears progress.

    Returns:
        The outcome of the loop.

    Raises:
        InvalidOption: The recipe is for another family or names an unknown network.
        UnknownOption: The network or the twins have an unknown setting.
        WeightsMissing: The weights to start from, or a vocoder, are not there.
        ManifestInvalid: Genuine or forged speech is missing from the training side.
        LeakFound: The split leaks.
    """
    if recipe.family != "speech":
        message = f"{recipe.name}: the family is {recipe.family!r}; expected speech."
        raise InvalidOption(message)
    require_effect(recipe)
    check_twins(recipe.twins)
    network = voice_network(recipe.architecture, recipe.network)
    bench = open_bench(recipe, manifest, out, machine or Machine())
    folder = cache or out / "clips"
    rows, missing = present(read_manifest(manifest, kind="audio"), listener)
    with bench.fabric.rank_zero_first(), disk_watched(folder):
        clips = clips_by_side(recipe, rows, folder, listener=listener)
    checks = checks_of(clips)
    if not steps_done(out):
        _prepare(network, clips["train"], recipe, clips_folder(recipe, rows, folder) / "features", listener)
    if recipe.network.get(TUNE) == "none":
        save_weights(network, out / WEIGHTS)
        return Outcome(out / WEIGHTS, {"step": 0.0, **figures(network, checks)}, missing)
    stream = VoiceStream(clips["train"], recipe.shares, recipe.augment, seed=recipe.schedule.seed)
    outcome = fit(
        network,
        loader(stream, recipe, bench),
        recipe,
        validate=lambda net: figures(net, checks),
        bench=bench,
        listener=listener,
    )
    return replace(outcome, notes=(*missing, *outcome.notes))


def _prepare(network: Network, clips: Sequence[VoiceClip], recipe: Recipe, store: Path, listener: Listener) -> None:
    """Load the weights that the recipe starts from; a head on a public encoder is then solved on them."""
    for source in str(recipe.pretrained).split(START_WITH) if recipe.pretrained else ():
        load_voice_weights(network, source)
    headed = network.whisper if isinstance(network, Duet) else network
    if isinstance(headed, Headed):
        solve_head(headed, clips, recipe.augment, store=store, listener=listener)


def clips_by_side(
    recipe: Recipe, rows: Sequence[Row], cache: Path, *, listener: Listener = ignore
) -> dict[Side, list[VoiceClip]]:
    """Decode and trim every side once and forge the training side's twins; later calls read the stored clips.

    Args:
        recipe: Its split and its twins.
        rows: Recordings whose files are there.
        cache: Where they are stored, see `clips_folder`.
        listener: Hears progress.

    Raises:
        ManifestInvalid: Genuine or forged speech is missing from the training side.
        LeakFound: The split leaks.
    """
    sides: tuple[Side, ...] = ("train", "holdout", "validation", "test")
    folder = clips_folder(recipe, rows, cache)
    if not all((folder / f"{side}.npz").is_file() for side in sides):
        split_rows = split(rows, replace(recipe.split, without=()))
        for side in sides:
            clips = read_clips(split_rows[side], listener=listener)
            if side == "train" and recipe.twins:
                clips += twins_of(clips, recipe.twins, listener=listener)
            save_clips(clips, folder / f"{side}.npz")
    found = {side: outside(load_clips(folder / f"{side}.npz"), recipe.split.without) for side in sides}
    counts = {label: sum(clip.label == label for clip in found["train"]) for label in (0, 1)}
    if not (counts[0] and counts[1]):
        sources = ", ".join(sorted({clip.source for clip in found["train"]})) or "none"
        message = (
            f"Training needs genuine and forged recordings with speech; its side of the split has {counts[0]} genuine "
            f"and {counts[1]} forged ones (sources: {sources}). Add recordings, change [split], or forge some with "
            "[twins]."
        )
        raise ManifestInvalid(message)
    return found


def clips_folder(recipe: Recipe, rows: Sequence[Row], cache: Path) -> Path:
    """Where a cache keeps the clips of these recordings under this split and with these twins.

    Other recordings, another split or other twins have a folder of their own, so that nothing that one run left out is
    heard by the next. The folds of a recipe share theirs, and leave out what they must at reading.
    """
    facts = {
        "rows": [(str(row.path), row.label, row.source, row.method, row.group, row.split) for row in rows],
        "split": asdict(replace(recipe.split, without=(), folds=())),
        "twins": dict(recipe.twins),
    }
    return cache / hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def outside(clips: Sequence[VoiceClip], sources: Sequence[str]) -> list[VoiceClip]:
    """Leave out the recordings of some sources, the twins made of them, and all others of the same groups."""
    strangers = {clip.group for clip in clips if clip.source in sources}
    return [clip for clip in clips if clip.group not in strangers]


def checks_of(clips: dict[Side, list[VoiceClip]]) -> dict[str, list[VoiceClip]]:
    """Recordings to validate on: hold-out and validation as they are, and validation disturbed once and for all."""
    rng = np.random.default_rng(7)
    rough = [
        VoiceClip(augment(clip.samples_f32, rng), clip.label, clip.source, clip.method, clip.group)
        for clip in clips["validation"]
    ]
    return {"holdout": clips["holdout"], "validation": clips["validation"], "rough": rough}


def clip_logits(network: nn.Module, clips: Sequence[VoiceClip]) -> np.ndarray:
    """Score recordings: the mean over the windows that the scanner would cut.

    Args:
        network: Maps windows of samples to ``(logit, ...)``.
        clips: N of them.

    Returns:
        Shape (N,), float64 logits.
    """
    network.eval()
    device = next(network.parameters()).device
    found = []
    with torch.inference_mode():
        for clip in clips:
            windows: F32Array = windows_of(clip.samples_f32)
            found.append(float(network(torch.from_numpy(windows).to(device))[0].double().mean()))
    return np.array(found)


def figures(network: nn.Module, checks: dict[str, list[VoiceClip]]) -> dict[str, float]:
    """Validation figures; ``score`` is the mean area under the curve of the unseen sources, plain and disturbed."""
    found: dict[str, float] = {}
    for name, clips in checks.items():
        labels = [clip.label for clip in clips]
        if set(labels) == {0, 1}:
            logits = clip_logits(network, clips)
            found[f"{name}_auc"] = auc(logits, labels)
            found[f"{name}_eer"] = equal_error_rate(logits, labels)
    unseen = [found[key] for key in ("validation_auc", "rough_auc") if key in found]
    found["score"] = float(np.mean(unseen)) if unseen else found.get("holdout_auc", 0.0)
    return found
