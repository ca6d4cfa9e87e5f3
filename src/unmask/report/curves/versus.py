"""Two detectors on the same media, in one ROC."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.metrics.ranking import auc, roc
from unmask.report.curves.canvas import FAKE, QUIET, REAL, TYPE, dress, paper, save


def save_versus(
    scores: tuple[Sequence[float], Sequence[float]],
    labels: Sequence[int],
    path: Path,
    *,
    names: tuple[str, str],
    title: str,
) -> Path:
    """Draw the ROCs of two detectors and where their answers differ.

    Args:
        scores: N probabilities of each of the two, on the same media.
        labels: N labels, 0 real, 1 fake, both present.
        path: Where to write.
        names: Of the detectors.
        title: Heading, with the outcome of the test.

    Returns:
        `path`.
    """
    figure = paper(12.5, 6, title=title)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    for values, name, colour, dash in zip(scores, names, (REAL, FAKE), ("-", "--"), strict=True):
        curve = roc(values, labels)
        label = f"{name}: AUC {auc(values, labels):.3f}"
        left.plot(curve.false_alarms, curve.recalls, dash, color=colour, linewidth=2.2, label=label)
    dress(left, "ROC", "false alarms on genuine media", "forged media found")
    left.set(xlim=(0, 1), ylim=(0, 1.02))
    left.legend(loc="lower right", fontsize=TYPE)
    right.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    for wanted, word, colour, marker in ((0, "genuine", REAL, "o"), (1, "forged", FAKE, "^")):
        places = [at for at, truth in enumerate(labels) if truth == wanted]
        points = ([scores[0][at] for at in places], [scores[1][at] for at in places])
        right.scatter(*points, s=22, alpha=0.55, marker=marker, color=colour, label=word, linewidths=0)
    dress(right, "Answers to the same media", f"p_fake of {names[0]}", f"p_fake of {names[1]}")
    right.set(xlim=(0, 1), ylim=(0, 1))
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False, fontsize=TYPE)
    return save(figure, path)
