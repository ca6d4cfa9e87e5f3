"""Checkpoints of AASIST's authors give what another implementation of the paper gives with them, to the number."""

from __future__ import annotations

import itertools
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from unmask.training.architectures.voice.registry import voice_network
from unmask.training.architectures.voice.weights import load_voice_weights

FOLDER = "UNMASK_AASIST"
"""Environment variable: a folder with the published AASIST.pth and AASIST-L.pth."""
NETWORKS = {"aasist": ("AASIST.pth", 64), "aasist_light": ("AASIST-L.pth", 24)}
# The authors' two outputs, computed once in double precision with an implementation of its own that keeps their names.
MADE = {"aasist": (0.08263188, 0.60813079), "aasist_light": (0.64576915, 0.82477597)}
PUBLISHED = {"aasist": (1.57177812, -2.37952824), "aasist_light": (4.18554227, -4.01251453)}
SWAPS = [
    ("GAT_layer_S.", "GAT_layer_T."),
    ("pool_S.", "pool_T."),
    ("pool_hS1.", "pool_hT1."),
    ("pool_hS1.", "pool_hS2."),
    ("pool_hT1.", "pool_hT2."),
    ("master1", "master2"),
    ("HtrgGAT_layer_ST11.", "HtrgGAT_layer_ST21."),
    ("HtrgGAT_layer_ST12.", "HtrgGAT_layer_ST22."),
    ("GAT_layer_S.proj_with_att.", "GAT_layer_S.proj_without_att."),
    ("GAT_layer_T.att_proj.", "GAT_layer_T.proj_with_att."),
    ("encoder.3.0.conv1.", "encoder.3.0.conv2."),
    *[
        (f"HtrgGAT_layer_ST11.{one}", f"HtrgGAT_layer_ST11.{other}")
        for one, other in (
            ("proj_type1.", "proj_type2."),
            ("att_weight11", "att_weight22"),
            ("att_weight11", "att_weight12"),
            ("att_weight12", "att_weightM"),
            ("att_proj.", "att_projM."),
            ("proj_with_att.", "proj_without_att."),
            ("proj_with_attM.", "proj_without_attM."),
            ("proj_with_att.", "proj_with_attM."),
        )
    ],
]


def shapes(channels: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes in the published checkpoints, written down from the files and not from the table of names."""
    found = {"pos_S": (1, 23, channels), "master1": (1, 1, channels), "master2": (1, 1, channels)} | normal(
        "first_bn", 1
    )
    for place, (before, after) in enumerate(itertools.pairwise((1, 32, 32, *[channels] * 4))):
        block = f"encoder.{place}.0"
        found |= normal(f"{block}.bn1", before) if place else {}
        found |= layer(f"{block}.conv1", after, before, 2, 3) | normal(f"{block}.bn2", after)
        found |= layer(f"{block}.conv2", after, after, 2, 3)
        found |= layer(f"{block}.conv_downsample", after, before, 1, 3) if before != after else {}
    for graph in ("GAT_layer_S", "GAT_layer_T"):
        found |= {f"{graph}.att_weight": (channels, 1)} | normal(f"{graph}.bn", channels)
        for part in ("att_proj", "proj_with_att", "proj_without_att"):
            found |= layer(f"{graph}.{part}", channels, channels)
    for place, before in (("11", channels), ("12", 32), ("21", channels), ("22", 32)):
        found |= joint(f"HtrgGAT_layer_ST{place}", before)
    for pool in ("S", "T", "hS1", "hT1", "hS2", "hT2"):
        found |= layer(f"pool_{pool}.proj", 1, 32 if pool.startswith("h") else channels)
    return found | layer("out_layer", 2, 160)


def joint(graph: str, before: int) -> dict[str, tuple[int, ...]]:
    found = {f"{graph}.att_weight{pair}": (32, 1) for pair in ("11", "22", "12", "M")} | normal(f"{graph}.bn", 32)
    for part in ("proj_type1", "proj_type2"):
        found |= layer(f"{graph}.{part}", before, before)
    for part in ("att_proj", "att_projM", "proj_with_att", "proj_without_att", "proj_with_attM", "proj_without_attM"):
        found |= layer(f"{graph}.{part}", 32, before)
    return found


def layer(name: str, after: int, *before: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (after, *before), f"{name}.bias": (after,)}


def normal(name: str, size: int) -> dict[str, tuple[int, ...]]:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{part}": (size,) for part in parts}, f"{name}.num_batches_tracked": ()}


def made(channels: int) -> dict[str, torch.Tensor]:
    """A checkpoint whose numbers follow from their names alone, of sizes at which every layer has a say."""
    return {name: torch.from_numpy(values(name, shape)) for name, shape in shapes(channels).items()}


def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name.endswith("num_batches_tracked"):
        return np.array(1, dtype=np.int64)
    even = np.random.default_rng(zlib.crc32(name.encode())).random(shape) * 2 - 1
    if name.endswith("running_var"):
        return (1 + 0.5 * even).astype(np.float32)
    if ".att_weight" in name:  # Divided by a temperature of 100 in the joint graphs, of 2 in the others.
        return (even * (100.0 if name.startswith("Htrg") else 2.0)).astype(np.float32)
    if len(shape) > 1 and name.endswith("weight"):
        return (even * np.sqrt(3 / np.prod(shape[1:]))).astype(np.float32)
    if name.endswith("weight"):
        return (1 + 0.3 * even).astype(np.float32)
    return (0.3 * even).astype(np.float32)


def wave(length: int) -> torch.Tensor:
    """Shape (1, length), float32: a gliding tone with overtones under bursts of noise, the same everywhere."""
    t = np.arange(length) / 16000
    tone = sum(np.sin(2 * np.pi * k * (120 * t + 30 * t**2)) / k for k in range(1, 9))
    noise = np.random.default_rng(zlib.crc32(b"wave")).random(length) * 2 - 1
    burst = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * t)
    return torch.from_numpy((0.1 * burst * tone + 0.05 * (1 - burst) * noise).astype(np.float32))[None]


def outputs(name: str, path: Path, samples: torch.Tensor) -> list[float]:
    """The authors' two outputs, and the logit made of them."""
    judge = voice_network(name, {"level": 0}).eval()
    load_voice_weights(judge, str(path))
    with torch.inference_mode():
        logit, _, embedding = judge(samples)
        return [*judge.head(embedding)[0].tolist(), float(logit)]


def expected(both: tuple[float, float]) -> object:
    """Output 1 is bona fide (their score is output 1, higher is more genuine), so the logit is 0 less 1."""
    return pytest.approx([*both, both[0] - both[1]], rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_checkpoint_gives_what_another_implementation_gives(name: str, tmp_path: Path) -> None:
    file, channels = NETWORKS[name]
    torch.save(made(channels), tmp_path / file)
    assert outputs(name, tmp_path / file, wave(16000)) == expected(MADE[name])


@pytest.mark.parametrize(("one", "other"), SWAPS)
def test_two_layers_in_each_others_place_would_be_noticed(one: str, other: str, tmp_path: Path) -> None:
    state = made(24)
    swapped = {
        name: state[name.replace(one, other) if name.startswith(one) else name.replace(other, one)]
        if name.startswith((one, other))
        else tensor
        for name, tensor in state.items()
    }
    torch.save(swapped, tmp_path / "AASIST-L.pth")
    assert outputs("aasist_light", tmp_path / "AASIST-L.pth", wave(16000)) != expected(MADE["aasist_light"])


@pytest.mark.skipif(FOLDER not in os.environ, reason=f"needs the published weights; set {FOLDER} to their folder")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_published_weights_give_the_published_outputs(name: str) -> None:
    path = Path(os.environ[FOLDER]) / NETWORKS[name][0]
    assert outputs(name, path, wave(64600)) == expected(PUBLISHED[name])
