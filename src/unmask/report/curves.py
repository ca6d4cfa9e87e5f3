"""Plots of an evaluation: ROC, reliability, scores by label. The only place that draws with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unmask.metrics.ranking import auc, equal_error_rate, roc

REAL, FAKE, INK = "#1b6e8c", "#b5402a", "#333333"
_BINS = 10


def save_curves(p_fake: Sequence[float], labels: Sequence[int], path: Path, *, title: str) -> None:
    """Draw three panels into one PNG.

    Args:
        p_fake: N probabilities in [0, 1].
        labels: N labels, 0 real, 1 fake, both present.
        path: Where to write.
        title: Heading.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    p, truth = np.asarray(p_fake), np.asarray(labels)
    figure = Figure(figsize=(12, 4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, middle, right = figure.subplots(1, 3)
    curve = roc(p, truth)
    left.plot(curve.false_alarms, curve.recalls, color=INK)
    left.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":")
    left.axvline(0.05, color=FAKE, linewidth=0.8)
    left.set(xlabel="false alarms on genuine media", ylabel="forged media found", xlim=(0, 1), ylim=(0, 1.01))
    left.set_title(f"ROC: AUC {auc(p, truth):.3f}, EER {equal_error_rate(p, truth):.3f}", fontsize=10)
    edges = np.linspace(0, 1, _BINS + 1)
    place = np.minimum((p * _BINS).astype(int), _BINS - 1)
    filled = [index for index in range(_BINS) if (place == index).any()]
    middle.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":")
    middle.plot([p[place == i].mean() for i in filled], [truth[place == i].mean() for i in filled], "o-", color=INK)
    middle.set(xlabel="p_fake", ylabel="share that is forged", xlim=(0, 1), ylim=(0, 1.01))
    middle.set_title("Reliability", fontsize=10)
    right.hist([p[truth == 0], p[truth == 1]], bins=list(edges), color=[REAL, FAKE], label=["genuine", "forged"])
    right.set(xlabel="p_fake", ylabel="media")
    right.set_title("Scores", fontsize=10)
    right.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
