"""``unmask datasets check --people`` and ``--sheet``: who stands on two sides, among the findings and side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unmask.cli.console import people_console
from unmask.datasets.check import Findings, Problem
from unmask.datasets.manifest import Row
from unmask.extraction.people import Recurrence, beside

_DRAWN = 36


def in_check(findings: Findings, found: Sequence[Recurrence]) -> Findings:
    """Add people who recur to what else a check found; they are serious.

    Args:
        findings: What else was found.
        found: Those who recur.
    """
    if not found:
        return findings
    message = (
        "The same face stands on several sides under different groups. Look at both, because small children look alike "
        "to the recogniser; if it is one person, or forged from one portrait, give both one group, or split by person."
    )
    cases = [
        f"{entry.likeness:.2f}  {entry.first.split} {entry.first.path} ~ {entry.second.split} {entry.second.path}"
        for entry in found
    ]
    return replace(findings, problems=(*findings.problems, Problem("person", message, len(cases), tuple(cases))))


def draw_people(found: Sequence[Recurrence], sheet: Path) -> None:
    """Draw the likest pairs, and say where.

    Args:
        found: At least one, the likest first.
        sheet: PNG file to write.
    """
    from unmask.report.curves.sheets import Tile, save_sheet

    shown = found[:_DRAWN]
    tiles = [
        Tile(beside(pair), f"{_of(pair.first)}\n{_of(pair.second)}\nlikeness {pair.likeness:.2f}") for pair in shown
    ]
    title = f"The same face on two sides: {len(found)} pairs of groups"
    if len(found) > len(shown):
        title += f", the {len(shown)} likest"
    save_sheet(tiles, sheet, title=title, across=3)
    people_console().print(f"Look at them side by side: {sheet}", markup=False, highlight=False, soft_wrap=True)


def _of(row: Row) -> str:
    name = row.path.name if len(row.path.name) <= 26 else f"{row.path.name[:12]}...{row.path.name[-11:]}"
    return f"{row.split}: {row.source} {name}"
