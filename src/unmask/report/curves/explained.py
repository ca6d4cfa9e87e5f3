"""One medium, explained in pictures: its moments over time, and the spectra of its faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unmask.core.evidence import ScanReport, TimelinePoint
from unmask.core.records import U8Array
from unmask.report.curves.canvas import FAKE, INK, QUIET, REAL, THIRD, TYPE, dress, paper, save
from unmask.report.overlay import HEAT_STOPS, ramp
from unmask.report.words import person_name

F64 = NDArray[np.float64]
_MARKS = ("o", "s", "^", "D", "v", "P")
_COLOURS = (REAL, FAKE, THIRD, "#cc79a7", "#56b4e9", "#e69f00")


def save_moments(report: ScanReport, marked: Sequence[TimelinePoint], path: Path, *, title: str) -> Path:
    """Draw the probability of every scored moment, one line for each person and for the voice.

    Args:
        report: Has at least one scored moment.
        marked: The moments that mattered, which get a ring.
        path: Where to write.
        title: Heading.

    Returns:
        `path`.
    """
    figure = paper(12, 4.6, title=title)
    axes = figure.subplots()
    lines: dict[str, list[TimelinePoint]] = {}
    for point in report.timeline:
        lines.setdefault("voice" if point.person is None else person_name(point.person), []).append(point)
    for place, (name, points) in enumerate(lines.items()):
        colour, mark = _COLOURS[place % len(_COLOURS)], _MARKS[place % len(_MARKS)]
        axes.plot([one.t_s for one in points], [one.p_fake for one in points], f"{mark}-", color=colour, label=name)
    axes.plot(
        [one.t_s for one in marked], [one.p_fake for one in marked], "o", markersize=15, markerfacecolor="none",
        markeredgecolor=INK, markeredgewidth=1.8, label="moments that mattered", clip_on=False,
    )  # fmt: skip
    for entry in report.evidence:
        if entry.p_fake is not None:
            for limit in (entry.likely_real_below, entry.likely_fake_above):
                axes.axhline(limit, color=QUIET, linestyle=":")
    dress(axes, "Each scored moment (dotted: the detectors' thresholds)", "time (s)", "p_fake")
    axes.set_ylim(-0.03, 1.03)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=TYPE - 1)
    return save(figure, path)


def save_spectra(spectra: Mapping[str, tuple[F64, F64]], path: Path, *, title: str) -> Path:
    """Draw power against spatial frequency, one line for each face.

    Args:
        spectra: Frequencies in cycles a pixel and power in decibels, by name; at least one.
        path: Where to write.
        title: Heading.

    Returns:
        `path`.
    """
    figure = paper(9, 4.8, title=title)
    axes = figure.subplots()
    for place, (name, (across, up)) in enumerate(spectra.items()):
        axes.plot(across, up, color=_COLOURS[place % len(_COLOURS)], linewidth=1.8, label=name)
    dress(axes, "Mean over all directions; peaks near 0.25 and 0.5 can come from up-sampling", "cycles a pixel", "dB")
    axes.set_xlim(0, 0.5)
    axes.legend(frameon=False, fontsize=TYPE - 1)
    return save(figure, path)


def painted(values: NDArray[np.float32], *, top: float) -> U8Array:
    """Paint a map for a sheet, dark to light.

    Args:
        values: Shape (h, w), from 0.
        top: Drawn as the lightest colour.

    Returns:
        Shape (h, w, 3), uint8, RGB.
    """
    place = (np.clip(values / max(top, 1e-9), 0, 1) * 255).astype(np.uint8)
    return np.asarray(ramp(HEAT_STOPS)[place], np.uint8)
