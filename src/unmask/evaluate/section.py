"""The section of a model card: tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from unmask.evaluate.groups import Group
from unmask.evaluate.score import OPERATING_POINTS, KindFigures, Rates
from unmask.metrics.bootstrap import Estimate
from unmask.report.curves.stress import StressPoint


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything measured on one side of a split.

    Attributes:
        metrics: Figures by name; empty if a label is missing.
        left_out: Why there are no metrics; empty if there are.
        verdicts: What people would have been told.
        refusals: Media without an answer, by reason or error.
        levels: Figures by level and metric.
        kinds: Figures of pictures and of clips, see `unmask.evaluate.score.by_kind`.
        inside: AUC and number of media of each source that holds both labels.
        groups: Groups by kind of group.
    """

    metrics: Mapping[str, Estimate]
    left_out: str
    verdicts: Rates
    refusals: Mapping[str, int]
    levels: Mapping[str, Mapping[str, Estimate]]
    kinds: Mapping[str, KindFigures]
    inside: Mapping[str, tuple[Estimate, int]]
    groups: Mapping[str, Sequence[Group]]


def section(found: Mapping[str, Findings]) -> str:
    """Markdown tables for a model card, one part for each side."""
    return "\n".join(line for name, findings in found.items() for line in _side(name, findings))


def _side(name: str, found: Findings) -> list[str]:
    lines = [f"### {name}", ""]
    if found.left_out:
        lines += [f"No metrics: {found.left_out}", ""]
    if found.metrics:
        lines += [*_head("metric", "value", "95 % interval"), *_estimates(found.metrics), ""]
    if set(OPERATING_POINTS) <= set(found.metrics):
        lines += [_operating_points(found.metrics), ""]
    lines += [_verdicts(found.verdicts), ""]
    if found.refusals:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.refusals.items())
        lines += [f"Not answered, and in no metric: {reasons}.", ""]
    for kind, own in found.kinds.items():
        lines += [*_head(f"{kind} alone", "value", "95 % interval"), *_estimates(own.metrics), ""]
        lines += [_verdicts(own.verdicts), ""]
    for level, metrics in found.levels.items():
        lines += [*_head(f"each {level}", "value", "95 % interval"), *_estimates(metrics), ""]
    if found.inside:
        inside = {f"inside {source}": estimate for source, (estimate, _) in found.inside.items()}
        lines += [*_head("sources with both labels", "AUC", "95 % interval"), *_estimates(inside), ""]
    for kind, groups in found.groups.items():
        lines += _groups(kind, groups)
    return lines


def _operating_points(metrics: Mapping[str, Estimate]) -> str:
    """Say in a sentence what a threshold of one's own would buy."""
    strict, lax, sure = (metrics[name] for name in OPERATING_POINTS)
    return (
        f"At 1 % and 5 % false alarms on genuine media of these sources, recall is {strict} and {lax}; "
        f"of the surest 70 % of the answers, {sure} are right."
    )


def _verdicts(found: Rates) -> str:
    shares = {key: value for key, value in asdict(found).items() if key != "media"}
    return f"{found.media} media. Verdicts: {_shares(shares)}."


def _groups(kind: str, groups: Sequence[Group]) -> list[str]:
    if not groups:
        return []
    head = _head(f"by {kind}", "AUC", "95 % interval", "real", "fake", "no answer", "false alarms", "found")
    rows = [
        f"| {_cell(one.name)} | {_value(one.auc)} | {_interval(one.auc)} | {one.real} | {one.fake} | {one.abstained} "
        f"| {_share(one.false_alarms, one.alarm_interval)} | {_percent(one.found)} |"
        for one in groups
    ]
    return [*head, *rows, ""]


def stress_section(curves: Mapping[str, Sequence[StressPoint]]) -> str:
    """Markdown table of a stress test."""
    lines = [
        "### Worn media",
        "",
        *_head(
            "damage", "AUC", "95 % interval", "verdicts flipped", "cleared turns forged", "false alarms", "answered"
        ),
    ]
    for name, points in curves.items():
        lines += [
            f"| {name} {point.strength} | {_value(point.auc)} | {_interval(point.auc)} | {_percent(point.flips)} "
            f"| {_percent(point.turned)} | {_percent(point.false_alarms)} | {_percent(point.answered)} |"
            for point in points
        ]
    meaning = "Shares are of genuine media; `cleared turns forged`: likely_real undamaged, likely_fake once worn."
    return "\n".join([*lines, "", meaning, ""])


def _head(*titles: str) -> list[str]:
    return [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]


def _estimates(figures: Mapping[str, Estimate]) -> list[str]:
    return [f"| {_cell(key)} | {_value(figure)} | {_interval(figure)} |" for key, figure in figures.items()]


def _value(figure: Estimate | None) -> str:
    return f"{figure.value:.3f}" if figure else ""


def _interval(figure: Estimate | None) -> str:
    return f"{figure.low:.3f} to {figure.high:.3f}" if figure else ""


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.1%}"


def _share(share: float, bounds: tuple[float, float] | None) -> str:
    return f"{_percent(share)} ({_percent(bounds[0])} to {_percent(bounds[1])})" if bounds else ""


def _cell(text: str) -> str:
    """Keep a name from breaking the table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:.1%}" for key, value in shares.items() if not math.isnan(value))
