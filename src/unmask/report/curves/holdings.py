"""What a dataset holds, as one sheet: media by source, by method, and histograms, real beside fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unmask.report.curves.canvas import FAKE, REAL, TYPE, dress, paper, save

_MOST_BARS = 16
_FEWEST_SLOTS = 3
_ACROSS = 2


def save_holdings(panels: Sequence[tuple[str, Sequence[str], Mapping[str, Sequence[int]]]], path: Path) -> Path:
    """Draw one panel of horizontal bars for each table.

    Args:
        panels: At least one: title, names of the bars from the top, and their lengths by label name (real, fake). Of
            more than `_MOST_BARS` bars the last ones are drawn as one.
        path: PNG file to write.

    Returns:
        The path.
    """
    shortened = [(title, *_shortened(names, counts)) for title, names, counts in panels]
    lines = [shortened[at : at + _ACROSS] for at in range(0, len(shortened), _ACROSS)]
    slots = [max(max(len(names) for _, names, _ in line), _FEWEST_SLOTS) for line in lines]
    heights = [1.3 + 0.36 * slot for slot in slots]
    figure = paper(14, sum(heights) + 0.5, title="What the dataset holds")
    axes = np.ravel(figure.subplots(len(lines), _ACROSS, squeeze=False, height_ratios=heights))
    for at, (panel, (title, names, counts)) in enumerate(zip(axes, shortened, strict=False)):
        _draw(panel, title, names, counts)
        panel.set_ylim(slots[at // _ACROSS] - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=TYPE)
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
    axes.margins(x=0.15)


def _shortened(names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> tuple[list[str], dict[str, list[int]]]:
    if len(names) <= _MOST_BARS:
        return list(names), {label: list(numbers) for label, numbers in counts.items()}
    kept = _MOST_BARS - 1
    rest = f"{len(names) - kept} others"
    return [*names[:kept], rest], {label: [*numbers[:kept], sum(numbers[kept:])] for label, numbers in counts.items()}
