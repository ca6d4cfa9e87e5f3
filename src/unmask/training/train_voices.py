"""From a recipe and a manifest of recordings to trained weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader

from unmask.core.errors import InvalidOption, ManifestInvalid
from unmask.core.events import Listener, ignore
from unmask.core.records import F32Array
from unmask.datasets.manifest import read_manifest
from unmask.datasets.split import Side, split
from unmask.metrics.ranking import auc, equal_error_rate
from unmask.training.architectures.voice.mel_cnn import MelCnn
from unmask.training.fitting.bench import Machine, open_bench
from unmask.training.loop import Outcome, fit
from unmask.training.recipe import Recipe
from unmask.training.voice_augment import augment
from unmask.training.voices import VoiceClip, VoiceStream, load_clips, read_clips, save_clips, windows_of


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

    Args:
        recipe: Its family must be speech.
        manifest: CSV of labelled recordings.
        out: Folder of the run: recipe, decoded recordings, log, weights.
        machine: What to run on.
        cache: Folder of decoded recordings, to be shared between runs; inside the run's folder if None.
        listener: Hears progress.

    Returns:
        The outcome of the loop.

    Raises:
        InvalidOption: The recipe is for another family or names an unknown architecture.
        ManifestInvalid: Genuine or forged speech is missing from the training side.
        LeakFound: The split leaks.
    """
    if recipe.family != "speech" or recipe.architecture != "mel_cnn":
        message = f"{recipe.name}: expected a recipe of family speech with architecture mel_cnn."
        raise InvalidOption(message)
    bench = open_bench(recipe, manifest, out, machine or Machine())
    with bench.fabric.rank_zero_first():
        clips = clips_by_side(recipe, manifest, cache or out / "clips", listener=listener)
    network = MelCnn(dropout=recipe.augment.get("dropout", 0.1))
    if recipe.pretrained:
        network.load_state_dict(load_file(str(recipe.pretrained)))
    stream = VoiceStream(clips["train"], recipe.shares, recipe.augment, seed=recipe.schedule.seed)
    loader = DataLoader(stream, batch_size=recipe.schedule.batch, num_workers=1, prefetch_factor=4)
    checks = checks_of(clips)
    return fit(
        network,
        loader,
        recipe,
        validate=lambda net: figures(net, checks),
        bench=bench,
        listener=listener,
    )


def clips_by_side(
    recipe: Recipe, manifest: Path, folder: Path, *, listener: Listener = ignore
) -> dict[Side, list[VoiceClip]]:
    """Decode and trim every side once; later calls read the stored clips.

    Raises:
        ManifestInvalid: Genuine or forged speech is missing from the training side.
        LeakFound: The split leaks.
    """
    sides: tuple[Side, ...] = ("train", "holdout", "validation", "test")
    if not all((folder / f"{side}.npz").is_file() for side in sides):
        rows = split(read_manifest(manifest, kind="audio"), recipe.split)
        for side in sides:
            save_clips(read_clips(rows[side], listener=listener), folder / f"{side}.npz")
    found = {side: load_clips(folder / f"{side}.npz") for side in sides}
    if {clip.label for clip in found["train"]} != {0, 1}:
        message = "Training needs genuine and forged recordings with speech; one of the two is missing from its side."
        raise ManifestInvalid(message)
    return found


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
    found = []
    with torch.inference_mode():
        for clip in clips:
            windows: F32Array = windows_of(clip.samples_f32)
            found.append(float(network(torch.from_numpy(windows))[0].double().mean()))
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
