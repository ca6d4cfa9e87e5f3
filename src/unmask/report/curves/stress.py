"""What damage does to a detector: one panel for each kind of damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unmask.metrics.bootstrap import Estimate
from unmask.report.curves.canvas import FAKE, INK, QUIET, REAL, TYPE, dress, paper, save


@dataclass(frozen=True, slots=True)
class StressPoint:
    """One strength of one kind of damage.

    Attributes:
        strength: In words, for example ``60``; the first point of a curve is the undamaged one.
        auc: AUC; None if a label was not answered.
        flips: Share of genuine media whose verdict differs from the one for their undamaged copy.
        turned: Share of genuine media that were likely_real undamaged and are likely_fake now.
        false_alarms: Share of genuine media called likely_fake.
        answered: Share of media that were answered.
    """

    strength: str
    auc: Estimate | None
    flips: float
    turned: float
    false_alarms: float
    answered: float


def save_stress(
    curves: Mapping[str, Sequence[StressPoint]], units: Mapping[str, str], path: Path, *, title: str
) -> Path:
    """Draw AUC with its interval, flipped verdicts and answered share against the strength of each damage.

    Args:
        curves: Points from undamaged to worst, by name of the damage.
        units: Name and unit of the strength, by name of the damage.
        path: Where to write.
        title: Heading.

    Returns:
        `path`.
    """
    across = 2 if len(curves) in (2, 4) else min(3, len(curves))
    down = -(-len(curves) // across)
    figure = paper(5.2 * across, 4.3 * down + 1.1, title=title)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(curves) :]:
        panel.set_visible(False)
    for panel, (name, points) in zip(panels, curves.items(), strict=False):
        _panel(panel, points)
        dress(panel, name, units[name], "")
        panel.set_xticks(range(len(points)), [point.strength for point in points])
        panel.set_ylim(-0.03, 1.05)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize=TYPE)
    return save(figure, path)


def _panel(panel, points: Sequence[StressPoint]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    ranked = [(at, point.auc) for at, point in enumerate(points) if point.auc is not None]
    places = list(range(len(points)))
    panel.axhline(0.5, color=QUIET, linestyle=":")
    panel.fill_between(
        [at for at, _ in ranked], [auc.low for _, auc in ranked], [auc.high for _, auc in ranked], color=REAL, alpha=0.2
    )
    panel.plot([at for at, _ in ranked], [auc.value for _, auc in ranked], "o-", color=REAL, label="AUC (95 % band)")
    flips, alarms, answers = zip(*[(point.flips, point.false_alarms, point.answered) for point in points], strict=True)
    panel.plot(places, flips, "s--", color=FAKE, label="genuine media whose verdict flips")
    panel.plot(places, alarms, "^-.", color=INK, label="genuine media called likely_fake")
    panel.plot(places, answers, ":", color="#777777", linewidth=2, label="media answered")
