"""What people see: progress bars and verdict lines. Bars only on a terminal, and only on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from unmask.core.events import Advanced, Listener
from unmask.core.evidence import ScanFailure, ScanReport
from unmask.report import lips, provenance

_STYLE = {"likely_fake": "bold red", "likely_real": "bold green", "inconclusive": "bold yellow"}
_WORDS = {"likely_fake": "likely forged ", "likely_real": "likely genuine", "inconclusive": "cannot tell   "}


def people_console() -> Console:
    """Console for people, on stderr."""
    return Console(stderr=True, highlight=False)


class Lines(Console):
    """Stdout for people; where nobody reads it any more, that is said to the caller instead of ending the process."""

    def __init__(self) -> None:
        super().__init__(highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Pass on what rich would answer with exit code 1, which means a failed file here."""
        raise BrokenPipeError


@contextmanager
def progress() -> Iterator[Listener]:
    """Show a bar for each stage that announces itself; nothing when stderr is no terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        console=people_console(),
        transient=True,
        disable=not people_console().is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def listen(event: Advanced) -> None:
        if event.stage not in tasks:
            tasks[event.stage] = bar.add_task(event.stage, total=event.total or None, detail="")
        bar.update(
            tasks[event.stage], completed=event.done, total=event.total or None, detail=escape(event.detail[:40])
        )

    with bar:
        yield listen


def verdict_line(result: ScanReport | ScanFailure) -> str:
    """One line for people, in rich markup; names of files are escaped, what is no plain text in them spelt out."""
    if isinstance(result, ScanFailure):
        return f"[bold magenta]not examined  [/]  {_printable(result.message)}"
    style, words = _STYLE[result.verdict], _WORDS[result.verdict]
    figures = "no probability"
    if result.p_fake is not None and result.interval is not None:
        low, high = result.interval
        figures = f"p(fake) {result.p_fake:4.0%} ({low:.0%}-{high:.0%})"
    why = f"\n{'':16}[dim]{escape(result.reasons[0])}[/]" if result.reasons else ""
    for beside in (*result.warnings, lips.line(result.lips), provenance.line(result.provenance)):
        why += f"\n{'':16}[dim]{_printable(beside)}[/]" if beside else ""
    return f"[{style}]{words}[/]  {figures}  covers {result.coverage:.0%}  {_printable(str(result.media.path))}{why}"


def _printable(text: str) -> str:
    """Spell out whatever could move the cursor, change colours, turn the direction of writing or begin a line."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return escape("".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in whole))
