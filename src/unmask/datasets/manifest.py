"""Manifests: one row per labelled medium, stored as CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from unmask.core.errors import ManifestInvalid

COLUMNS = ("path", "kind", "label", "source", "method", "group")
LABELS = {"real": 0, "fake": 1}


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
    """

    path: Path
    kind: str
    label: int
    source: str
    method: str
    group: str


def read_manifest(path: Path, *, kind: str | None = None) -> list[Row]:
    """Read a CSV manifest with at least the columns path, kind, label, source, method and group.

    Args:
        path: The CSV file; relative media paths are resolved against its folder.
        kind: Keep only rows of this kind.

    Returns:
        The rows, in file order. A row without a group forms a group of its own.

    Raises:
        ManifestInvalid: A column or a cell is missing, a label is neither real nor fake, or it is no CSV in UTF-8.
    """
    if not path.is_file():
        message = (
            f"{path}: no such manifest. Give a CSV file with the columns path, kind, label, source, method, group."
        )
        raise ManifestInvalid(message)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Spreadsheets write a byte order mark.
            reader = csv.DictReader(file)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                message = f"{path}: the manifest lacks the columns {', '.join(sorted(missing))}."
                raise ManifestInvalid(message)
            rows = [_row(path, number, line) for number, line in enumerate(reader, start=2)]
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: the manifest is no CSV file in UTF-8: {error}. Save it as such."
        raise ManifestInvalid(message) from error
    return [row for row in rows if kind in (None, row.kind)]


def write_manifest(rows: list[Row], path: Path) -> None:
    """Write rows as a CSV manifest that `read_manifest` reads back; paths are stored relative to it where possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {value: name for name, value in LABELS.items()}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            inside = row.path.is_relative_to(path.parent)
            stored = row.path.relative_to(path.parent) if inside else row.path
            writer.writerow([stored, row.kind, names[row.label], row.source, row.method, row.group])


def _row(manifest: Path, number: int, line: dict[str, str]) -> Row:
    if any(line[column] is None for column in COLUMNS):
        message = f"{manifest}, line {number}: fewer cells than columns."
        raise ManifestInvalid(message)
    label = LABELS.get(line["label"])
    if label is None:
        message = f"{manifest}, line {number}: the label is {line['label']!r}; expected real or fake."
        raise ManifestInvalid(message)
    return Row(
        path=manifest.parent / line["path"],
        kind=line["kind"],
        label=label,
        source=line["source"],
        method=line["method"],
        group=line["group"] or line["path"],
    )
