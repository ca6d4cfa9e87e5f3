"""What the commands of ``unmask datasets`` show: tables on stdout, remarks on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from unmask.cli.console import people_console
from unmask.datasets.manifest import LABEL_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.datasets.check import Findings
    from unmask.datasets.describe import Description, Histogram, Tally
    from unmask.datasets.manifest import Row

_BAR = 24
_EXAMPLES = 5


def show_table(title: str, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Print a table; columns after the first two are numbers where their heading is one of counts."""
    console, table = Console(highlight=False), Table(box=box.SIMPLE)
    for column in header:
        numbers = column in {"real", "fake", "groups", "count", "media", "AUC"}
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for line in lines:
        table.add_row(*(escape(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in line))
    console.print(f"[bold]{escape(title)}[/]", soft_wrap=True)  # A table's own title is broken at the table's width.
    console.print(table)


def show_rows(rows: Sequence[Row], title: str) -> None:
    """Print counts of rows by kind and side."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.kind, row.split or "-"), []).append(row)
    lines = [
        (kind, side, sum(not r.label for r in same), sum(r.label for r in same), len({r.group for r in same}))
        for (kind, side), same in found.items()
    ]
    show_table(title, ("kind", "side", "real", "fake", "groups"), lines)


def gaps(rows: Sequence[Row]) -> list[str]:
    """Say which side lacks which kind and label that another side has."""
    strata = {(row.kind, row.label) for row in rows}
    filled = {(row.split, row.kind, row.label) for row in rows}
    return [
        f"{side} holds no {LABEL_NAMES[label]} {kind}: too few pieces can be told apart."
        for side in dict.fromkeys(row.split for row in rows)
        for kind, label in sorted(strata)
        if (side, kind, label) not in filled
    ]


def show_notes(notes: Iterable[str]) -> None:
    """Print remarks on stderr."""
    for note in notes:
        people_console().print(f"[yellow]note[/] {escape(note)}", soft_wrap=True)


def show_findings(findings: Findings, sides: Mapping[str, int], *, as_json: bool = False) -> None:
    """Print what a check found, the serious first."""
    if as_json:
        typer.echo(json.dumps({"clean": findings.is_clean, **asdict(findings)}, indent=2))
        return
    console = Console(highlight=False)
    told = ", ".join(f"{name or 'undecided'} {count:,}" for name, count in sides.items())
    console.print(f"{findings.media:,} media ({told})")
    if set(sides) == {""}:
        console.print("[dim]No row has a side, so nothing could be checked for leaks between sides.[/]")
    for problem in sorted(findings.problems, key=lambda problem: not problem.is_serious):
        style = "bold red" if problem.is_serious else "yellow"
        console.print(f"[{style}]{problem.name}[/] {problem.count:,}: {escape(problem.message)}", soft_wrap=True)
        for example in problem.examples[:_EXAMPLES]:
            console.print(f"    {_printable(example)}", soft_wrap=True)
        if len(problem.examples) > _EXAMPLES:
            console.print(f"    [dim]and {len(problem.examples) - _EXAMPLES:,} more; --json lists all[/]")
    lines = [
        (found.kind, found.media, str(found.together), ", ".join(f"{k} {v:.2f}" for k, v in [*found.alone.items()][:4]))
        for found in findings.confounds
    ]
    if lines:
        header = ("kind", "media", "AUC of all together [95 % interval]", "the most telling alone")
        show_table("What the form of files alone tells about the label (0.5 is chance)", header, lines)
    console.print("[bold green]No problem was found.[/]" if findings.is_clean else "[bold red]Problems were found.[/]")


def show_description(found: Description) -> None:
    """Print counts and histograms."""
    remark = f"; {found.unreadable:,} cannot be read: unmask datasets check" if found.unreadable else ""
    Console(highlight=False).print(f"{found.media:,} media, {found.bytes / 1e9:.2f} GB{remark}")
    for title, tallies in (("sources", found.sources), ("methods", found.methods), ("sides", found.sides)):
        header = ("kind", title[:-1], "real", "fake", "groups")
        show_table(title, header, [_cells(tally) for tally in tallies])
    for histogram in found.histograms:
        show_table(f"{histogram.kind}: {histogram.what}", (histogram.what, "real", "fake", ""), _bars(histogram))


def panels(found: Description) -> list[tuple[str, list[str], dict[str, Sequence[int]]]]:
    """The same as input of `unmask.report.curves.holdings.save_holdings`."""
    drawn: list[tuple[str, list[str], dict[str, Sequence[int]]]] = []
    for title, tallies in (("source", found.sources), ("method", found.methods)):
        for kind in dict.fromkeys(tally.kind for tally in tallies):
            same = [tally for tally in tallies if tally.kind == kind]
            counts: dict[str, Sequence[int]] = {
                "real": [tally.real for tally in same],
                "fake": [tally.fake for tally in same],
            }
            drawn.append((f"{kind} by {title}", [tally.name for tally in same], counts))
    return drawn + [(f"{each.kind}: {each.what}", bin_names(each), dict(each.counts)) for each in found.histograms]


def bin_names(histogram: Histogram) -> list[str]:
    """For example ``under 64``, ``64 to 128``, ``2048 and more``."""
    edges = histogram.edges
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"under {edges[0]}", *between, f"{edges[-1]} and more"]


def _cells(tally: Tally) -> tuple[object, ...]:
    return (tally.kind, tally.name, tally.real, tally.fake, tally.groups)


def _bars(histogram: Histogram) -> list[tuple[object, ...]]:
    real, fake = histogram.counts["real"], histogram.counts["fake"]
    most = max(max(map(sum, zip(real, fake, strict=True))), 1)
    return [
        (name, r, f, f"{'▒' * round(_BAR * r / most)}{'█' * round(_BAR * f / most)}")
        for name, r, f in zip(bin_names(histogram), real, fake, strict=True)
        if r or f
    ]


def _printable(text: str) -> str:
    return escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))
