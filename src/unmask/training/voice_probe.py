"""The head of a speech network in closed form: features of every recording once, then ridge regression.

A linear head on frozen features has one best answer, found in seconds once the features are there, and it changes
less from source to source than weights tuned step by step (Kumar et al., ICLR 2022).
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array
from unmask.training.architectures.voice.headed import Headed
from unmask.training.voice_augment import augment
from unmask.training.voices import VoiceClip, random_window, windows_of

_MOST_PLAIN = 2
_LOGITS = 3.0
# Features that hardly move would be blown up by hundreds, and the rounding of the weights below them with them.
_LEAST_SPREAD = 0.03


def solve_head(
    network: Headed,
    clips: Sequence[VoiceClip],
    settings: Mapping[str, float],
    *,
    store: Path,
    listener: Listener = ignore,
) -> None:
    """Fit the head of a network in place; the layers below it are left as they are.

    Args:
        network: Its weights below the head are those that will be used.
        clips: The training side.
        settings: ``copies`` (disturbed windows of each recording, beside two plain ones), ``strength`` of the
            disturbance, and ``ridge``, the weight of the squared head, in recordings.
        store: Folder for the features, so that a run that was stopped does not start again, and runs of other parts of
            the same recordings need not.
        listener: Hears progress.
    """
    copies, strength = round(settings.get("copies", 1)), settings.get("strength", 1.0)
    store.mkdir(parents=True, exist_ok=True)
    kind = hashlib.sha256(f"{copies} {strength}".encode())
    for key, weights in network.state_dict().items():
        if not key.startswith("head."):
            kind.update(weights.numpy().tobytes())
    features, owners = [], []
    for done, clip in enumerate(clips, start=1):
        name = f"{clip.pair}/{clip.group}".encode()
        path = store / f"{hashlib.sha256(kind.digest() + name + clip.samples_f32.tobytes()).hexdigest()[:24]}.npy"
        if not path.is_file():
            np.save(path, _features(network, _windows(clip, copies, strength)))
        rows = np.load(path)
        features.append(rows)
        owners.extend([done - 1] * len(rows))
        listener(Advanced("features", done, len(clips), clip.source))
    found = np.concatenate(features).astype(np.float64)
    labels = np.array([clips[owner].label for owner in owners])
    weight, offset = ridge_regression(
        found, labels, _fair([clips[owner] for owner in owners]), ridge=settings.get("ridge", 1000.0)
    )
    with torch.no_grad():
        # The regression aims at -1 and 1; as log-odds that would be a doubtful answer for every recording.
        network.head.weight.copy_(_LOGITS * torch.from_numpy(weight)[None])
        network.head.bias.fill_(_LOGITS * offset)


def ridge_regression(
    features: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64], *, ridge: float
) -> tuple[NDArray[np.float64], float]:
    """Best linear map to -1 (real) and 1 (fake), after each feature is brought to one scale.

    Args:
        features: Shape (N, D).
        labels: Shape (N,), 0 or 1.
        weights: Shape (N,), of the rows.
        ridge: Added to the diagonal.

    Returns:
        Weights, shape (D,), and offset, for features as they came.
    """
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SPREAD)
    rows = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    matrix = (rows * weights[:, None]).T @ rows
    matrix[np.diag_indices(rows.shape[1] - 1)] += ridge
    found = np.linalg.solve(matrix, (rows * weights[:, None]).T @ (2.0 * labels - 1))
    weight = found[:-1] / spread
    return weight, float(found[-1] - weight @ mean)


def _windows(clip: VoiceClip, copies: int, strength: float) -> F32Array:
    """Plain and disturbed windows; twins and their genuine source are cut and disturbed alike."""
    found = list(windows_of(clip.samples_f32)[:_MOST_PLAIN])
    name = clip.pair or f"{clip.group}/{clip.samples_f32.size}"
    for copy in range(copies):
        rng = np.random.default_rng([copy, zlib.crc32(name.encode())])
        found.append(augment(random_window(clip.samples_f32, rng), rng, strength=strength))
    return np.stack(found)


def _features(network: Headed, windows: F32Array) -> F32Array:
    network.eval()
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(windows))[2].numpy(), dtype=np.float32)


def _fair(clips: Sequence[VoiceClip]) -> NDArray[np.float64]:
    """Weights that let both labels count alike, and a source inside a label by the square root of its size."""
    keys = [(clip.label, clip.source) for clip in clips]
    sizes = Counter(keys)
    weights = np.array([sizes[key] ** -0.5 for key in keys])
    labels = np.array([label for label, _ in keys])
    for label in (0, 1):
        weights[labels == label] *= len(clips) / weights[labels == label].sum()
    return weights
