"""The panels of the overview, each drawn from scores and labels, with bands that resample whole groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unmask.metrics.bootstrap import band
from unmask.metrics.ranking import auc, average_precision, equal_error_rate, precision_recall, roc
from unmask.metrics.selective import selective_accuracy
from unmask.metrics.threshold import confusion
from unmask.report.curves.canvas import FAKE, INK, QUIET, REAL, TYPE, dress

F64 = NDArray[np.float64]
BINS = 10
_GRID = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True)
class Scored:
    """Answered media.

    Attributes:
        p_fake: Shape (N,), probabilities in [0, 1].
        labels: Shape (N,), 0 real, 1 fake, both present.
        clusters: N names of groups that are drawn together; each medium alone when None.
    """

    p_fake: F64
    labels: NDArray[np.int64]
    clusters: Sequence[str] | None = None


def roc_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401 - matplotlib has no types
    """Draw forged media found against false alarms."""
    curve = roc(data.p_fake, data.labels)

    def heights(p: F64, labels: NDArray[np.int64]) -> F64:
        one = roc(p, labels)
        return np.asarray(np.interp(_GRID, one.false_alarms, one.recalls))

    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    axes.axvline(0.05, color=FAKE, linewidth=1.2, linestyle="--")
    _shade(axes, data, heights)
    axes.plot(curve.false_alarms, curve.recalls, color=INK, linewidth=1.8)
    figures = f"AUC {auc(data.p_fake, data.labels):.3f}, EER {equal_error_rate(data.p_fake, data.labels):.3f}"
    dress(axes, f"ROC: {figures}", "false alarms on genuine media", "forged media found")
    axes.text(0.065, 0.03, "5 % false alarms", color=FAKE, fontsize=TYPE - 2)
    _unit_square(axes)


def precision_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401
    """Draw precision against recall of forged media."""
    recalls, precisions = precision_recall(data.p_fake, data.labels)

    def heights(p: F64, labels: NDArray[np.int64]) -> F64:
        across, up = precision_recall(p, labels)
        return np.asarray(np.interp(_GRID, across, up))

    share = float(data.labels.mean())
    axes.axhline(share, color=QUIET, linestyle=":")
    axes.text(0.02, share + 0.015, f"guessing ({share:.2f})", fontsize=TYPE - 2, color="#777777")
    _shade(axes, data, heights)
    axes.plot(recalls, precisions, color=INK, linewidth=1.8)
    figure = average_precision(data.p_fake, data.labels)
    dress(axes, f"Precision and recall: AP {figure:.3f}", "recall: forged media found", "precision of the alarms")
    _unit_square(axes)


def reliability_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401
    """Draw how often a probability comes true, with an interval and the number of media of each bin."""

    def shares(p: F64, labels: NDArray[np.int64]) -> F64:
        place = np.minimum((p * BINS).astype(int), BINS - 1)
        return np.array([labels[place == at].mean() if (place == at).any() else np.nan for at in range(BINS)])

    place = np.minimum((data.p_fake * BINS).astype(int), BINS - 1)
    filled = [at for at in range(BINS) if (place == at).any()]
    means = np.array([data.p_fake[place == at].mean() for at in filled])
    heights = shares(data.p_fake, data.labels)[filled]
    low, high = band(shares, data.p_fake, data.labels, clusters=data.clusters)
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    ends = np.nan_to_num(np.stack([heights - low[filled], high[filled] - heights]))
    axes.errorbar(means, heights, yerr=np.maximum(ends, 0), fmt="o-", color=INK, ecolor="#777777", capsize=3)
    for x, y, at in zip(means, heights, filled, strict=True):
        below = y > 0.9
        axes.annotate(
            str(int((place == at).sum())), (x, y), xytext=(7, -14 if below else 7), textcoords="offset points",
            fontsize=TYPE - 3, color="#555555",
        )  # fmt: skip
    dress(axes, "Reliability (numbers: media in the bin)", "p_fake", "share that is forged")
    _unit_square(axes)


def histogram_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401
    """Draw how the scores of both labels lie."""
    edges = np.linspace(0, 1, 2 * BINS + 1)
    sides = [data.p_fake[data.labels == label] for label in (0, 1)]
    weights = [np.full(side.size, 100.0 / side.size) for side in sides]
    names = [f"{word}, {side.size}" for word, side in zip(("genuine", "forged"), sides, strict=True)]
    axes.hist(sides[0], bins=edges, weights=weights[0], color=REAL, alpha=0.85, label=names[0])
    axes.hist(sides[1], bins=edges, weights=weights[1], histtype="step", linewidth=2.2, color=FAKE, label=names[1])
    axes.legend(frameon=False, fontsize=TYPE - 1)
    dress(axes, "Scores by label", "p_fake", "% of the label's media")
    axes.set_xlim(0, 1)


def confusion_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401
    """Draw the four counts at a probability of one half."""
    found = confusion(data.p_fake, data.labels)
    counts = np.array([[found.true_real, found.false_fake], [found.false_real, found.true_fake]])
    shares = counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.3)
    for row in range(2):
        for column in range(2):
            axes.text(
                column, row, f"{counts[row, column]}\n{shares[row, column]:.0%}", ha="center", va="center",
                fontsize=TYPE + 3, color="white" if shares[row, column] > 0.75 else INK,
            )  # fmt: skip
    dress(axes, f"At 0.5: balanced accuracy {found.balanced_accuracy:.3f}", "answered", "true label")
    axes.grid(visible=False)
    axes.set_xticks([0, 1], ["genuine", "forged"])
    axes.set_yticks([0, 1], ["genuine", "forged"], rotation=90, va="center")


def selective_panel(axes: Any, data: Scored) -> None:  # noqa: ANN401
    """Draw the accuracy of the surest answers against their share."""
    curve = selective_accuracy(data.p_fake, data.labels)

    def heights(p: F64, labels: NDArray[np.int64]) -> F64:
        one = selective_accuracy(p, labels)
        return np.asarray(np.interp(_GRID, one.coverage, one.accuracy, left=np.nan))

    axes.axhline(0.5, color=QUIET, linestyle=":")
    _shade(axes, data, heights)
    axes.plot(curve.coverage, curve.accuracy, color=INK, linewidth=1.8)
    dress(axes, "Accuracy of the surest answers", "share of media answered", "accuracy")
    axes.set(xlim=(0, 1), ylim=(min(0.45, float(curve.accuracy.min())), 1.01))


def _shade(axes: Any, data: Scored, heights: Any) -> None:  # noqa: ANN401
    low, high = band(heights, data.p_fake, data.labels, clusters=data.clusters)
    axes.fill_between(_GRID, low, high, color=REAL, alpha=0.22, linewidth=0)


def _unit_square(axes: Any) -> None:  # noqa: ANN401
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
