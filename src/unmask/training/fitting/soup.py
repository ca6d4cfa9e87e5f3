"""The mean of the weights of several runs, often better than each (Wortsman et al.: Model soups, ICML 2022)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from unmask.core.errors import InvalidOption
from unmask.training.fitting.bench import RECORD
from unmask.training.fitting.state import WEIGHTS, write_whole

SOUP = "Wortsman et al.: Model soups, ICML 2022"


def average_runs(runs: Sequence[Path], out: Path) -> Path:
    """Average the best weights of runs.

    Args:
        runs: At least two folders of runs, or files of weights.
        out: Folder for the mean.

    Returns:
        The mean, safetensors.

    Raises:
        InvalidOption: A run has no weights, or is of another network than the first.
    """
    first, *others = [_weights(run) for run in runs]
    architectures = {name: run for run in reversed(runs) if (name := _architecture(run))}
    if len(architectures) > 1:
        told = ", ".join(f"{run} is a run of {name}" for name, run in architectures.items())
        raise InvalidOption(f"Only runs of one architecture have a mean: {told}.")
    total = {key: value.double() for key, value in first.items()}
    for run, weights in zip(runs[1:], others, strict=True):
        _require_alike(runs[0], first, run, weights)
        for key, value in weights.items():
            total[key] += value.double()
    mean = {
        key: (total[key] / len(runs)).to(value.dtype) if value.is_floating_point() else value
        for key, value in first.items()
    }
    write_whole(out / WEIGHTS, save(mean))
    return out / WEIGHTS


def _weights(run: Path) -> dict[str, Tensor]:
    path = run / WEIGHTS if run.is_dir() else run
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        message = (
            f"{path}: no weights that can be averaged. Train first: unmask train RECIPE --data MANIFEST --out {run}"
        )
        raise InvalidOption(message) from error


def _architecture(run: Path) -> str:
    """What the record of a run says; nothing where there is none."""
    record = (run if run.is_dir() else run.parent) / RECORD
    if not record.is_file():
        return ""
    recipe = json.loads(record.read_text(encoding="utf-8"))["recipe"]
    return str(recipe["architecture"])


def _require_alike(one: Path, first: dict[str, Tensor], other: Path, weights: dict[str, Tensor]) -> None:
    differing = [key for key in sorted({*first, *weights}) if key not in first or key not in weights]
    differing += [key for key in first if key in weights and first[key].shape != weights[key].shape]
    if differing:
        message = (
            f"{other} is a run of another network than {one}: {len(differing)} of {len(first)} tensors differ, for "
            f"example {differing[0]}. Only runs of one architecture have a mean."
        )
        raise InvalidOption(message)
