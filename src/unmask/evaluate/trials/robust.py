"""What an attack leaves of a network: clean and robust figures side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.evaluate.plain import save_json
from unmask.metrics.bootstrap import Estimate, intervals
from unmask.metrics.calibration import sigmoid
from unmask.metrics.ranking import auc
from unmask.metrics.threshold import confusion
from unmask.report.curves.versus import save_versus

F64 = NDArray[np.float64]


def robustness(clean: ArrayLike, attacked: ArrayLike, labels: ArrayLike, groups: Sequence[str]) -> dict[str, Estimate]:
    """Compare answers before and after an attack, at a logit of 0.

    Args:
        clean: Shape (N,), logits of the units as they are.
        attacked: Shape (N,), logits of the same units under attack.
        labels: Shape (N,), 0 real, 1 fake, both present.
        groups: N names of clusters for the bootstrap.

    Returns:
        Accuracy, balanced accuracy and AUC of both, and the share of right answers that the attack turned.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    pair = np.stack([np.asarray(clean, np.float64), np.asarray(attacked, np.float64)], axis=1)
    metrics = {
        "clean accuracy": lambda z, y: confusion(z[:, 0], y, threshold=0.0).accuracy,
        "robust accuracy": lambda z, y: confusion(z[:, 1], y, threshold=0.0).accuracy,
        "clean balanced accuracy": lambda z, y: confusion(z[:, 0], y, threshold=0.0).balanced_accuracy,
        "robust balanced accuracy": lambda z, y: confusion(z[:, 1], y, threshold=0.0).balanced_accuracy,
        "clean AUC": lambda z, y: auc(z[:, 0], y),
        "robust AUC": lambda z, y: auc(z[:, 1], y),
        "right answers turned": _turned,
    }
    return intervals(metrics, pair, labels, clusters=groups, rounds=400)


def write_robustness(
    logits: tuple[F64, F64],
    labels: Sequence[int],
    groups: Sequence[str],
    out: Path,
    *,
    attack: Mapping[str, object],
    title: str,
) -> str:
    """Write attack.json, attack.md and attack.png; returns the Markdown.

    Args:
        logits: Clean and attacked, both of shape (N,).
        labels: N labels.
        groups: N names of clusters.
        out: Folder.
        attack: What was done, for the record.
        title: Heading.

    Returns:
        A table.
    """
    found = robustness(*logits, labels, groups)
    document = {"attack": attack, "units": len(labels), "figures": {name: asdict(one) for name, one in found.items()}}
    save_json(document, out / "attack.json")
    words = ", ".join(f"{name} {value}" for name, value in attack.items())
    lines = [
        f"### {title} under attack ({words}), {len(labels)} units",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} |" for name, one in found.items()]
    text = "\n".join([*lines, ""])
    (out / "attack.md").write_text(text, encoding="utf-8")
    scores = (sigmoid(logits[0]).tolist(), sigmoid(logits[1]).tolist())
    save_versus(scores, labels, out / "attack.png", names=("clean", "attacked"), title=f"{title}: {words}")
    return text


def _turned(z: F64, labels: NDArray[np.int64]) -> float:
    right = (z[:, 0] >= 0) == (labels == 1)
    lost = right & ((z[:, 1] >= 0) != (labels == 1))
    return float(lost.sum() / max(right.sum(), 1))
