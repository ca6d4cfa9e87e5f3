"""``unmask datasets check --people``: who stands on two sides, in the findings and on a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.core.events import Listener
from unmask.datasets.check import Findings
from unmask.datasets.manifest import Row
from unmask.extraction.people import Recurrence, beside, in_check, recurring_people

_DRAWN = 36


def look_for_people(
    rows: Sequence[Row], findings: Findings, *, sheet: Path | None, workers: int, listener: Listener
) -> Findings:
    """Add people on two sides to what a check found.

    Args:
        rows: The rows that were checked.
        findings: What was found so far.
        sheet: Where to draw the likest pairs; nothing is drawn for None, or where nobody recurs.
        workers: Processes.
        listener: Hears progress.
    """
    found = recurring_people(rows, workers=workers, listener=listener)
    if found and sheet is not None:
        _draw(found, sheet)
    return in_check(findings, found)


def _draw(found: Sequence[Recurrence], sheet: Path) -> None:
    from unmask.report.curves.sheets import Tile, save_sheet

    shown = found[:_DRAWN]
    tiles = [
        Tile(beside(pair), f"{_of(pair.first)}\n{_of(pair.second)}\nlikeness {pair.likeness:.2f}") for pair in shown
    ]
    title = f"The same face on two sides: {len(found)} pairs of groups"
    if len(found) > len(shown):
        title += f", the {len(shown)} likest"
    save_sheet(tiles, sheet, title=title, across=3)


def _of(row: Row) -> str:
    name = row.path.name if len(row.path.name) <= 26 else f"{row.path.name[:12]}...{row.path.name[-11:]}"
    return f"{row.split}: {row.source} {name}"
