"""Estimates with their intervals, one below the other: groups of media, differences of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unmask.metrics.bootstrap import Estimate
from unmask.report.curves.canvas import FAKE, INK, QUIET, REAL, TYPE, dress, paper, save

MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a forest.

    Attributes:
        name: What was measured.
        estimate: The figure; None draws the name alone.
        note: Numbers of media, written at the right.
        heading: Whether it is the title of the lines below it.
    """

    name: str
    estimate: Estimate | None = None
    note: str = ""
    heading: bool = False


def save_forest(
    lines: Sequence[Line], path: Path, *, title: str, across: str, reference: float, limits: tuple[float, float] | None
) -> Path:
    """Draw estimates as points with 95 % intervals.

    Args:
        lines: From top to bottom; at most `MOST_LINES` are drawn, and the heading says so; give the lowest first.
        path: Where to write.
        title: Heading.
        across: Name of the axis.
        reference: Where a dotted line stands: guessing, or no difference.
        limits: Ends of the axis; chosen by the data when None.

    Returns:
        `path`.
    """
    shown = lines[:MOST_LINES]
    cut = f"\n(the lowest {MOST_LINES} of {len(lines)}; all are in metrics.json)" if len(lines) > len(shown) else ""
    figure = paper(11, 1.6 + 0.36 * len(shown), title=title + cut)
    axes = figure.subplots()
    axes.axvline(reference, color=QUIET, linestyle=":")
    for place, line in enumerate(shown):
        if line.estimate is not None:
            value, low, high = line.estimate.value, line.estimate.low, line.estimate.high
            colour = REAL if low > reference else FAKE if high < reference else INK
            axes.plot([low, high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
            axes.plot(
                value, place, marker="o" if low <= reference <= high else "D", markersize=7, color=colour, clip_on=False
            )
        note = f"{line.estimate.value:.3f}   {line.note}" if line.estimate else line.note
        axes.annotate(
            note, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=TYPE - 1, color="#444444"
        )
    dress(axes, "", across, "")
    axes.set_yticks(range(len(shown)), [_short(line.name) for line in shown], fontsize=TYPE)
    for text, line in zip(axes.get_yticklabels(), shown, strict=True):
        text.set_fontweight("bold" if line.heading else "normal")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    if limits:
        axes.set_xlim(*limits)
    return save(figure, path)


def _short(name: str, most: int = 46) -> str:
    return name if len(name) <= most else name[: most - 1] + "\u2026"
