"""One detector on one side of a split: six panels in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unmask.metrics.ranking import checked
from unmask.report.curves import panels
from unmask.report.curves.canvas import paper, save


def save_overview(
    p_fake: Sequence[float],
    labels: Sequence[int],
    path: Path,
    *,
    title: str,
    clusters: Sequence[str] | None = None,
) -> Path:
    """Draw ROC, precision and recall, reliability, scores, confusion and selective accuracy; bands are 95 %.

    Args:
        p_fake: N probabilities in [0, 1].
        labels: N labels, 0 real, 1 fake, both present.
        path: Where to write.
        title: Heading.
        clusters: N names of groups that the bands draw together.

    Returns:
        `path`.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    values, truth = checked(p_fake, labels)
    data = panels.Scored(np.asarray(values), truth, clusters)
    figure = paper(15, 9.2, title=title)
    axes = figure.subplots(2, 3)
    panels.roc_panel(axes[0, 0], data)
    panels.precision_panel(axes[0, 1], data)
    panels.reliability_panel(axes[0, 2], data)
    panels.histogram_panel(axes[1, 0], data)
    panels.confusion_panel(axes[1, 1], data)
    panels.selective_panel(axes[1, 2], data)
    return save(figure, path)
