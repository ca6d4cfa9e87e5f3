"""``unmask scan``: verdicts for files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli import exits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.core.evidence import ScanFailure, ScanReport
    from unmask.scanning.plan import ScanPlan

FRAMES = 32
Verdicts = ("likely_fake", "likely_real", "inconclusive")


def scan(  # noqa: PLR0913 - one parameter for each flag that people see
    paths: Annotated[list[str], typer.Argument(help="Pictures, videos, recordings, or folders of them.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file on stdout.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write one page per file and an index into this folder.", metavar="DIR")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write one PDF per file into this folder.", metavar="DIR")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a table: .parquet, .csv or .jsonl.", metavar="FILE")] = None,
    frames: Annotated[
        int | None, typer.Option(help="Frames of a video to look at, evenly over time; 32 by default.", min=1)
    ] = None,
    every: Annotated[int, typer.Option(help="Look at every n-th frame instead of --frames.", min=0)] = 0,
    tier: Annotated[str, typer.Option(help="Detectors: fast, accurate, or auto: the best that is installed.")] = "auto",
    model: Annotated[str, typer.Option(help="Card (or its path) of another face, speech or picture detector.")] = "",
    engine: Annotated[str, typer.Option(help="auto, onnxruntime or openvino.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes; 0 chooses.", min=0)] = 0,
    fail_on: Annotated[
        str, typer.Option("--fail-on", help="Exit with 3 if a file gets this verdict: " + ", ".join(Verdicts) + ".")
    ] = "",
) -> None:
    """Say how likely each file is forged, and why.

    Exit codes: 0 all scanned; 1 a file could not be examined (the others were), whatever --fail-on says; 2 wrong
    usage; 3 --fail-on matched; 4 a model is missing or damaged.
    """
    from unmask.core.errors import InvalidOption, nearest
    from unmask.scanning.many import choose_executor, scan_many
    from unmask.scanning.walk import files

    if fail_on and fail_on not in Verdicts:
        message = f"--fail-on: there is no verdict {fail_on!r}. {nearest(fail_on, Verdicts)}"
        raise InvalidOption(message)
    if every and frames is not None:
        message = "--frames and --every exclude each other. Give one of them."
        raise InvalidOption(message)
    _check_outputs(html, pdf, out)
    found = list(files(map(_path, paths)))
    if not found:
        message = "There is no file below " + ", ".join(paths) + ". Name a picture, video or sound."
        raise InvalidOption(message)
    plan = _plan(tier, model, frames=frames or FRAMES, every=every, engine=engine, exhibits=4 if html or pdf else 0)
    executor, plan = choose_executor(workers, len(found), plan)
    results = scan_many(found, plan, executor=executor)
    results = _shown(results, len(found), as_json=json, alone=not (html or pdf or out))
    if pdf:
        results = _printed(results, pdf)
    raise typer.Exit(_finish(results, html, out, fail_on))


def _path(name: str) -> Path:
    """The file or folder that people named.

    Raises:
        InvalidOption: It is empty, an address or a dash, none of which names one.
    """
    from unmask.core.errors import InvalidOption

    if not name.strip():
        message = "One of the names is empty. Name a file or a folder; for this one, write a dot."
    elif "://" in name and not Path(name).exists():
        message = f"{name} is an address. Scans use no network: save the file first and name it."
    elif name == "-":
        message = "A scan reads files, not its standard input. Save what comes from there first and name the file."
    else:
        return Path(name)
    raise InvalidOption(message)


def _check_outputs(html: Path | None, pdf: Path | None, out: Path | None) -> None:
    """Refuse outputs that cannot be written before hours are spent on the scan."""
    from unmask.core.errors import InvalidOption

    if out:
        from unmask.report.to_table import check_suffix

        check_suffix(out)
        if out.is_dir():
            message = f"--out: {out} is a folder. Name a file, for example {out / 'results.csv'}."
            raise InvalidOption(message)
    for flag, folder in (("--html", html), ("--pdf", pdf), ("--out", out.parent if out else None)):
        try:
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{flag}: the folder {folder} cannot be made ({error.strerror}). Name another one."
            raise InvalidOption(message) from error


def _plan(tier: str, model: str, *, frames: int, every: int, engine: str, exhibits: int) -> ScanPlan:
    from unmask.core.errors import InvalidOption
    from unmask.models import catalogue
    from unmask.scanning.plan import ScanPlan, tier_models

    chosen = dict(zip(("face", "speech", "picture"), tier_models(tier), strict=True))
    if model:
        family = catalogue.find(model).family
        if family not in chosen:
            message = f"--model: {model} is a {family} model; expected one of family face, speech or picture."
            raise InvalidOption(message)
        chosen[family] = model
    return ScanPlan(
        frames=frames,
        every=every,
        face=chosen["face"],
        speech=chosen["speech"],
        picture=chosen["picture"],
        engine=engine,
        exhibits=exhibits,
    )


def _shown(
    results: Iterator[ScanReport | ScanFailure], total: int, *, as_json: bool, alone: bool
) -> Iterator[ScanReport | ScanFailure]:
    """Pass results on, each shown as soon as it is there: JSON or a line on stdout, the bar on stderr.

    Where nobody reads stdout any more, the scan ends if that was all it was for (`alone`), and else goes on unseen.
    """
    from unmask.cli.console import Lines, progress, verdict_line
    from unmask.core.events import Advanced
    from unmask.report.to_json import to_json

    lines = Lines()
    with progress() as listen:
        for done, result in enumerate(results, start=1):
            try:
                if as_json:
                    typer.echo(to_json(result))
                else:
                    lines.print(verdict_line(result))
            except BrokenPipeError:
                _hush()
                if alone:
                    raise typer.Exit(exits.OK) from None
            listen(Advanced("scanning", done, total))
            yield result


def _hush() -> None:
    """Send what is still to be printed nowhere, so that neither the scan nor the end of the process trips over it."""
    import os
    import sys

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _printed(results: Iterator[ScanReport | ScanFailure], folder: Path) -> Iterator[ScanReport | ScanFailure]:
    """Pass results on, and save the report of each as PDF, named like its page."""
    from unmask.cli.console import people_console
    from unmask.core.evidence import ScanReport
    from unmask.report.to_html import page_name
    from unmask.report.to_pdf import save_pdf

    for number, result in enumerate(results, start=1):
        if isinstance(result, ScanReport):
            save_pdf(result, folder / Path(page_name(number, result.media.path)).with_suffix(".pdf"))
        yield result
    people_console().print(f"PDF: {folder}", soft_wrap=True)


def _finish(results: Iterator[ScanReport | ScanFailure], html: Path | None, out: Path | None, fail_on: str) -> int:
    """Write the wanted files from one pass over the results; returns the exit code."""
    from unmask.core.evidence import ScanReport

    failed = matched = False

    def watched() -> Iterator[ScanReport | ScanFailure]:
        nonlocal failed, matched
        for result in results:
            if isinstance(result, ScanReport):
                matched = matched or result.verdict == fail_on
            else:
                failed = True
            yield result

    _write(watched(), html, out)
    if failed:
        return exits.SOME_FAILED
    return exits.MATCHED if matched else exits.OK


def _write(results: Iterator[ScanReport | ScanFailure], html: Path | None, out: Path | None) -> None:
    from unmask.cli.console import people_console

    slim: list[ScanReport | ScanFailure] = []
    if html:
        from unmask.report.to_html import save_index

        index = save_index(_slimmed(results, slim) if out else results, html)
        people_console().print(f"Report: {index}", soft_wrap=True)
        results = iter(slim)
    if out:
        from unmask.report.to_table import save_table

        people_console().print(f"Table: {save_table(results, out)}", soft_wrap=True)
    for _ in results:
        pass


def _slimmed(
    results: Iterator[ScanReport | ScanFailure], kept: list[ScanReport | ScanFailure]
) -> Iterator[ScanReport | ScanFailure]:
    """Pass results on and keep copies without pictures, so that a long batch stays small in memory."""
    from dataclasses import replace

    from unmask.core.evidence import ScanReport

    for result in results:
        kept.append(replace(result, exhibits=(), sound=None) if isinstance(result, ScanReport) else result)
        yield result
