"""``unmask datasets``: from a downloaded dataset to a manifest that can be trusted, and on through the years."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli.datasets import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unmask.datasets.manifest import Row

app = typer.Typer(help="Index, split, check, combine, extend and describe labelled datasets.", no_args_is_help=True)

Manifest = Annotated[Path, typer.Argument(help="CSV manifest: path, kind, label, source, method, group.")]
Out = Annotated[Path, typer.Option(help="CSV manifest to write; its version record goes beside it.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a manifest that is already there.")]
Workers = Annotated[int, typer.Option(help="Processes; 0 takes one per processor.", min=0)]
Frames = Annotated[int, typer.Option(help="Frames to take from each clip.", min=1)]
Day = Annotated[str, typer.Option("--date", help="Date for the version record, YYYY-MM-DD; today by default.")]


@app.command()
def layouts() -> None:
    """List the layouts that `unmask datasets index` reads."""
    from unmask.cli.datasets.tables import show_table
    from unmask.datasets.index import LAYOUTS

    show_table("", ("layout", "what it is"), [(name, layout.about) for name, layout in LAYOUTS.items()])


@app.command()
def index(  # noqa: PLR0913 - each is a flag that people may set
    layout: Annotated[str, typer.Argument(help="A layout, see `unmask datasets layouts`.")],
    path: Annotated[Path, typer.Argument(help="The dataset's folder as downloaded; a CSV file for the layout csv.")],
    *,
    out: Out,
    extract_to: Annotated[
        Path | None, typer.Option("--extract", help="Also cut face crops into this folder; goes on where it stopped.")
    ] = None,
    frames: Frames = 32,
    workers: Workers = 0,
    source: Annotated[str, typer.Option(help="Name of the collection; the layout's own by default.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="For csv: MANIFEST_COLUMN=THEIR_COLUMN, for example path=file.")
    ] = None,
    real: Annotated[
        list[str] | None, typer.Option(help="For csv: what their label column says of genuine media.")
    ] = None,
    fake: Annotated[list[str] | None, typer.Option(help="For csv: what it says of forged media.")] = None,
    day: Day = "",
    force: Force = False,
) -> None:
    """Write a manifest of a dataset as it was downloaded, with its official split; media are not opened."""
    from unmask.cli.console import people_console, progress
    from unmask.cli.datasets.tables import show_notes, show_rows
    from unmask.datasets.found import Wish
    from unmask.datasets.index import index_dataset
    from unmask.datasets.versions import write_version

    options.refuse_overwriting(out, force=force)
    wish = Wish(source, options.pairs(column or ()), tuple(real or ()), tuple(fake or ()))
    with progress() as listen:
        found = index_dataset(layout, path, wish=wish, listener=listen)
    write_version(found.rows, out, day=options.day(day), notes=found.notes)
    show_rows(found.rows, f"{out} (version 1)")
    show_notes(found.notes)
    if extract_to is not None:
        _extract(found.rows, extract_to, frames, workers)
    people_console().print(f"Next: unmask datasets check {out}", soft_wrap=True)


@app.command()
def extract(
    manifest: Manifest,
    *,
    out: Annotated[Path, typer.Option(help="Folder for crops and their manifest.")],
    frames: Frames = 32,
    workers: Workers = 0,
) -> None:
    """Cut face crops with the scanner's own cropper, in parallel; goes on where it stopped."""
    _extract(options.rows(manifest), out, frames, workers)


@app.command()
def split(  # noqa: PLR0913 - each is a flag that people may set
    manifest: Manifest,
    *,
    out: Out,
    by: Annotated[
        list[str] | None, typer.Option(help="What stays together besides groups: source, method, person.")
    ] = None,
    shares: Annotated[str, typer.Option(help="Of train,validation,test; or of train,test.")] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(help="Another seed deals groups in another order.")] = 0,
    workers: Workers = 0,
    day: Day = "",
    force: Force = False,
) -> None:
    """Give every row a side; people, source videos and equal files are never torn apart, labels are spread evenly."""
    from unmask.cli.console import progress
    from unmask.cli.datasets.tables import gaps, show_notes, show_rows
    from unmask.datasets.partition import partition
    from unmask.datasets.versions import write_version

    options.refuse_overwriting(out, force=force)
    wanted, found = options.shares(shares), options.rows(manifest)
    keys = [key for key in by or ["group"] if key != "person"]
    with progress() as listen:
        together: list[tuple[int, int]] = []
        if "person" in (by or []):
            from unmask.extraction.people import same_people

            together = same_people(found, workers=options.processes(workers), listener=listen)
        rows = partition(found, wanted, by=keys, together=together, seed=seed, listener=listen)
    record = write_version(
        rows, out, day=options.day(day), parent=manifest, notes=[f"split by {by or ['group']}, seed {seed}"]
    )
    show_rows(rows, f"{out} (version {record.version})")
    show_notes(gaps(rows))


@app.command()
def check(
    manifest: Manifest,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print everything that was found as JSON.")] = False,
    recipe: Annotated[Path | None, typer.Option(help="Take the sides from the split of this recipe.")] = None,
    people: Annotated[
        bool,
        typer.Option(
            "--people", help="Look for the same face on several sides, too: some 30 pictures a second on two cores."
        ),
    ] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Look for people, and draw the likest pairs side by side (PNG).")
    ] = None,
    workers: Workers = 0,
) -> None:
    """Look for missing and broken files, leaks, duplicates, contradictions and give-aways; exit code 1 if there are."""
    from unmask.cli import exits
    from unmask.cli.console import progress
    from unmask.cli.datasets.tables import show_findings
    from unmask.core.errors import ProviderUnavailable

    options.check_drawing(sheet)
    rows = options.rows(manifest)
    if recipe is not None:
        rows = options.with_sides(rows, recipe)
    try:
        from unmask.datasets.check import check as examine

        with progress() as listen:
            findings = examine(rows, workers=options.processes(workers), listener=listen)
            found = []
            if people or sheet is not None:
                from unmask.cli.datasets.people import in_check
                from unmask.extraction.people import recurring_people

                found = recurring_people(rows, workers=options.processes(workers), listener=listen)
                findings = in_check(findings, found)
    except ImportError as error:
        message = f"Checking needs more packages ({error}). Run: pip install 'unmask[datasets]'."
        raise ProviderUnavailable(message) from error
    show_findings(findings, findings.sides, as_json=json)
    if found and sheet is not None:
        from unmask.cli.datasets.people import draw_people

        draw_people(found, sheet)
    if not findings.is_clean:
        raise typer.Exit(exits.SOME_FAILED)


@app.command()
def add(  # noqa: PLR0913 - each is a flag that people may set
    manifest: Manifest,
    new: Annotated[list[Path], typer.Argument(help="Manifests, folders or media to take in.")],
    *,
    label: Annotated[str, typer.Option(help="For folders and media: real or fake.")] = "",
    source: Annotated[str, typer.Option(help="Name of the collection that they come from.")] = "",
    method: Annotated[str, typer.Option(help="How forged media were made.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="The new version; NAME-vN.csv beside the old one by default.")
    ] = None,
    day: Day = "",
    force: Force = False,
) -> None:
    """Take in new labelled files, leave out those that are already there, and write the next version."""
    from unmask.cli.console import progress
    from unmask.cli.datasets.tables import show_notes, show_rows
    from unmask.datasets.grow import grow
    from unmask.datasets.labelled import read_labelled
    from unmask.datasets.versions import next_version, write_version

    old = options.rows(manifest)
    version = next_version(manifest)
    target = out or manifest.with_name(f"{manifest.stem.rpartition('-v')[0] or manifest.stem}-v{version}.csv")
    options.refuse_overwriting(target, force=force)
    with progress() as listen:
        brought = [read_labelled(path, label=label, source=source, method=method, listener=listen) for path in new]
        growth = grow(old, [row for found in brought for row in found.rows], listen)
    notes = [note for found in brought for note in found.notes if "one class" not in note]
    write_version(growth.rows, target, day=options.day(day), parent=manifest, changes=growth.changes)
    show_rows(growth.rows, f"{target} (version {version}, {growth.added:,} added)")
    show_notes([*notes, *growth.notes])


@app.command()
def combine(
    manifests: Annotated[list[Path], typer.Argument(help="CSV manifests.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the tree and its manifest.csv.")],
    shares: Annotated[str, typer.Option(help="Of train,validation,test, for rows without a side.")] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(help="Of that split.")] = 0,
    day: Day = "",
) -> None:
    """Put several datasets into one tree of train, valid, test x real, fake; files are linked, not copied."""
    from unmask.cli.console import progress
    from unmask.cli.datasets.tables import show_rows
    from unmask.datasets.combine import combine as link
    from unmask.datasets.partition import partition
    from unmask.datasets.versions import write_version

    rows = [row for path in manifests for row in options.rows(path)]
    undecided = [row for row in rows if not row.split]
    with progress() as listen:
        if undecided:
            undecided = partition(undecided, options.shares(shares), seed=seed, listener=listen)
        kept = link([row for row in rows if row.split] + undecided, out, listen)
    names = ", ".join(path.name for path in manifests)
    write_version(kept, out / "manifest.csv", day=options.day(day), notes=[f"combined from {names}"])
    show_rows(kept, str(out / "manifest.csv"))


@app.command()
def describe(
    manifest: Manifest,
    *,
    plot: Annotated[Path | None, typer.Option(help="Also draw it into this PNG file.")] = None,
    workers: Workers = 0,
) -> None:
    """Count media by source, method, side, size and length."""
    from unmask.cli.console import people_console, progress
    from unmask.cli.datasets.tables import panels, show_description
    from unmask.datasets.describe import describe as tell
    from unmask.datasets.versions import manifest_version

    options.check_drawing(plot)
    known = manifest_version(manifest)
    people_console().print(f"{known.name}, version {known.version or 'unrecorded'}, sha256 {known.sha256[:16]}")
    with progress() as listen:
        found = tell(options.rows(manifest), workers=options.processes(workers), listener=listen)
    show_description(found)
    if plot is not None:
        from unmask.report.curves.holdings import save_holdings

        save_holdings(panels(found), plot)
        people_console().print(f"Drawn to {plot}", soft_wrap=True)


def _extract(rows: Sequence[Row], folder: Path, frames: int, workers: int) -> None:
    from unmask.cli.console import people_console, progress
    from unmask.cli.datasets.tables import show_notes
    from unmask.extraction.faces import extract_faces

    with progress() as listen:
        done = extract_faces(rows, folder, frames=frames, workers=options.processes(workers), listener=listen)
    failed = [f"Media without a crop: {len(done.failed):,}; see {folder / 'crops.csv'}."] if done.failed else []
    show_notes([*failed, *(f"{path}: {reason}" for path, reason in [*done.failed.items()][:5])])
    people_console().print(f"{done.crops:,} crops, listed in {done.manifest}", soft_wrap=True)
