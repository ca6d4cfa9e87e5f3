"""Latent codes in the plane: coloured by label and by cluster, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array
from unmask.report.curves.canvas import FAKE, QUIET, REAL, TYPE, dress, paper, save

_SEVERAL = (
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#f0e442",
    "#882255",
    "#44aa99",
    "#222222",
)  # not those of labels


def save_clusters(
    maps: Mapping[str, F32Array],
    members: Mapping[str, NDArray[np.int64]],
    labels: Sequence[int],
    path: Path,
    *,
    titles: Mapping[str, str],
    title: str,
) -> Path:
    """Draw every map once by label and once by each clustering.

    Args:
        maps: By name, shape (N, 2).
        members: Cluster of each of N units by method; -1 belongs to none.
        labels: N labels, 0 real, 1 fake.
        path: Of the PNG.
        titles: What to write above each clustering, by method.
        title: Of the whole picture.

    Returns:
        The path.
    """
    figure = paper(4.2 * (1 + len(members)), 4.0 * len(maps) + 0.6, title=title)
    grid = figure.subplots(len(maps), 1 + len(members), squeeze=False)
    truth = np.asarray(labels)
    for row, (name, points) in zip(grid, maps.items(), strict=True):
        dress(row[0], f"{name}: the labels", "", "")
        for label, colour, words in ((0, REAL, "real"), (1, FAKE, "fake")):
            row[0].scatter(*points[truth == label].T, s=16, c=colour, label=words, alpha=0.8, linewidths=0)
        row[0].legend(fontsize=TYPE - 2)
        for axes, (method, found) in zip(row[1:], members.items(), strict=True):
            dress(axes, f"{name}: {titles[method]}", "", "")
            colours = [QUIET if cluster < 0 else _SEVERAL[cluster % len(_SEVERAL)] for cluster in found]
            axes.scatter(*points.T, s=16, c=colours, alpha=0.8, linewidths=0)
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
    return save(figure, path)
