"""What a dataset holds, as one sheet: media by source, by method, and histograms, real beside fake."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unmask.report.curves.canvas import FAKE, REAL, TYPE, dress, paper, save

_MOST_BARS = 16
_ACROSS = 2


def save_holdings(panels: Sequence[tuple[str, Sequence[str], Mapping[str, Sequence[int]]]], path: Path) -> Path:
    """Draw one panel of horizontal bars for each table.

    Args:
        panels: Title, names of the bars from the top, and their lengths by label name (real, fake). Of more than
            `_MOST_BARS` bars the last ones are drawn as one.
        path: PNG file to write.

    Returns:
        The path.
    """
    shortened = [(title, *_shortened(names, counts)) for title, names, counts in panels]
    lines = max(math.ceil(len(shortened) / _ACROSS), 1)
    tall = max((len(names) for _, names, _ in shortened), default=1)
    figure = paper(14, lines * (1.6 + 0.42 * tall), title="What the dataset holds")
    axes = np.ravel(figure.subplots(lines, _ACROSS, squeeze=False))
    for panel, (title, names, counts) in zip(axes, shortened, strict=False):
        _draw(panel, title, names, counts)
    for panel in axes[len(shortened) :]:
        panel.set_axis_off()
    return save(figure, path)


def _draw(axes: Any, title: str, names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> None:  # noqa: ANN401
    dress(axes, title, "media", "")
    places = np.arange(len(names))
    for offset, (label, colour) in zip((-0.2, 0.2), (("real", REAL), ("fake", FAKE)), strict=True):
        bars = axes.barh(places + offset, counts[label], height=0.38, color=colour, label=label)
        axes.bar_label(
            bars, [f"{number:,}" if number else "" for number in counts[label]], padding=3, fontsize=TYPE - 3
        )
    axes.set_yticks(places, [name if len(name) <= 30 else name[:29] + "…" for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.legend(fontsize=TYPE - 2, frameon=False)


def _shortened(names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> tuple[list[str], dict[str, list[int]]]:
    if len(names) <= _MOST_BARS:
        return list(names), {label: list(numbers) for label, numbers in counts.items()}
    kept = _MOST_BARS - 1
    rest = f"{len(names) - kept} others"
    return [*names[:kept], rest], {label: [*numbers[:kept], sum(numbers[kept:])] for label, numbers in counts.items()}
