"""Manifests: one row per labelled medium, stored as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from unmask.core.errors import ManifestInvalid

COLUMNS = ("path", "kind", "label", "source", "method", "group")
MORE_COLUMNS = ("split", "compression", "sha256")
"""Columns that a manifest may lack."""

LABELS = {"real": 0, "fake": 1}
LABEL_NAMES = {value: name for name, value in LABELS.items()}
KINDS = ("image", "video", "audio")
SIDES = ("train", "holdout", "validation", "test")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled medium.

    Attributes:
        path: Absolute, or relative to the manifest's folder as resolved at reading.
        kind: image, video or audio.
        label: 0 real, 1 fake.
        source: Collection it comes from, for example a dataset or a demo page.
        method: Generator or manipulation; empty for genuine media.
        group: Person, source video or recording; a group never stands on two sides of a split.
        split: train, holdout, validation or test where somebody has decided (an official split); else empty.
        compression: As the dataset names it, for example ``c23``, ``ulaw``; else empty.
        sha256: Digest of the bytes where it has been taken; else empty.
        extra: Cells of further columns that were asked for, by column, for example ``age``; never written.
    """

    path: Path
    kind: str
    label: int
    source: str
    method: str
    group: str
    split: str = ""
    compression: str = ""
    sha256: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, compare=False)


def read_manifest(path: Path, *, kind: str | None = None, extra: Sequence[str] = ()) -> list[Row]:
    """Read a CSV manifest with at least the columns path, kind, label, source, method and group.

    Args:
        path: The CSV file; relative media paths are resolved against its folder.
        kind: Keep only rows of this kind.
        extra: Further columns that must be there and are kept.

    Returns:
        The rows, in file order. A row without a group forms a group of its own.

    Raises:
        ManifestInvalid: A column or a cell is missing, a label is neither real nor fake, a kind or a split is
            unknown, or it is no CSV in UTF-8.
    """
    _, lines = read_table(path, (*COLUMNS, *extra))
    rows = [
        replace(_row(path, number, line), extra={column: line[column] for column in extra})
        for number, line in enumerate(lines, start=2)
    ]
    return [row for row in rows if kind in (None, row.kind)]


def read_table(path: Path, columns: Sequence[str]) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Read any CSV table with a header; used for manifests and for the tables that datasets bring along.

    Args:
        path: A CSV file in UTF-8, with or without byte order mark.
        columns: Columns that must be there.

    Returns:
        The header, and one dictionary a line.

    Raises:
        ManifestInvalid: The file is missing or no CSV in UTF-8, it lacks a column, or a line has too few cells.
    """
    if not path.is_file():
        message = f"{path}: no such file. Expected a CSV file with the columns {', '.join(columns)}."
        raise ManifestInvalid(message)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Spreadsheets write a byte order mark.
            reader = csv.DictReader(file)
            header = tuple(reader.fieldnames or ())
            missing = sorted(set(columns) - set(header))
            if missing:
                there = ", ".join(header) or "none"
                message = f"{path}: the table lacks the columns {', '.join(missing)}; it has {there}."
                raise ManifestInvalid(message)
            lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: this is no CSV file in UTF-8: {error}. Save it as such."
        raise ManifestInvalid(message) from error
    for number, line in enumerate(lines, start=2):
        if any(line[column] is None for column in columns):
            message = f"{path}, line {number}: fewer cells than columns."
            raise ManifestInvalid(message)
    return header, lines


def write_manifest(rows: Sequence[Row], path: Path) -> None:
    """Write rows as a CSV manifest that `read_manifest` reads back.

    Paths below the manifest's folder are stored relative to it, so that both can move together; others are stored as
    absolute. Columns that no row needs are left out.
    """
    folder = path.parent.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    more = [column for column in MORE_COLUMNS if any(getattr(row, column) for row in rows)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, *more))
        for row in rows:
            full = row.path.absolute()
            stored = full.relative_to(folder) if full.is_relative_to(folder) else full
            cells = [stored.as_posix(), row.kind, LABEL_NAMES[row.label], row.source, row.method, row.group]
            writer.writerow(cells + [getattr(row, column) for column in more])


def _row(manifest: Path, number: int, line: dict[str, str]) -> Row:
    split = line.get("split") or ""
    split = {"val": "validation", "valid": "validation", "dev": "validation"}.get(split, split)
    label = LABELS.get(line["label"])
    if label is None:
        message = f"{manifest}, line {number}: the label is {line['label']!r}; expected real or fake."
        raise ManifestInvalid(message)
    if line["kind"] not in KINDS:
        message = f"{manifest}, line {number}: the kind is {line['kind']!r}; expected {', '.join(KINDS)}."
        raise ManifestInvalid(message)
    if split and split not in SIDES:
        message = f"{manifest}, line {number}: the split is {split!r}; expected {', '.join(SIDES)} or nothing."
        raise ManifestInvalid(message)
    return Row(
        path=manifest.parent / line["path"],
        kind=line["kind"],
        label=label,
        source=line["source"],
        method=line["method"],
        group=line["group"] or line["path"],
        split=split,
        compression=line.get("compression") or "",
        sha256=line.get("sha256") or "",
    )
