"""Any CSV table: one column of files, one of labels; others by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from unmask.core.errors import InvalidOption, ManifestInvalid
from unmask.datasets.found import KIND_OF, Found
from unmask.datasets.layouts.folders import LABEL_WORDS, SPLIT_WORDS
from unmask.datasets.manifest import COLUMNS, KINDS, MORE_COLUMNS, SIDES, Row, read_table

_KNOWN = (*COLUMNS, *MORE_COLUMNS)


def read(found: Found) -> None:
    """Read a table; columns that people did not map keep their names, those that are not there stay empty.

    Raises:
        InvalidOption: A mapping names no column of a manifest.
        ManifestInvalid: The table lacks the column of files or of labels, or a label is no known word.
    """
    path = found.root
    for name in found.wish.columns:
        if name not in _KNOWN:
            message = f"A manifest has no column {name!r}; it has {', '.join(_KNOWN)}."
            raise InvalidOption(message)
    columns = {name: found.wish.columns.get(name, name) for name in _KNOWN}
    asked = {column for name, column in columns.items() if name in (*found.wish.columns, "path", "label")}
    words = LABEL_WORDS | dict.fromkeys(found.wish.real, 0) | dict.fromkeys(found.wish.fake, 1)
    for number, line in enumerate(read_table(path, sorted(asked))[1], start=2):
        cells = {name: (line.get(column) or "").strip() for name, column in columns.items()}
        label = words.get(cells["label"], words.get(cells["label"].lower()))
        if label is None:
            message = (
                f"{path}, line {number}: the label {cells['label']!r} is no known word. Say what it means: "
                "--real VALUE --fake VALUE."
            )
            raise ManifestInvalid(message)
        row = _row(found, path.parent / cells["path"], label, cells)
        if row is not None:
            found.rows.append(row)


def _row(found: Found, path: Path, label: int, cells: dict[str, str]) -> Row | None:
    if not path.is_file():
        found.miss("The table", cells["path"])
        return None
    kind = cells["kind"] if cells["kind"] in KINDS else KIND_OF.get(path.suffix.lower())
    if kind is None:
        found.note(f"{cells['path']}: neither kind nor suffix tells what it is; it was left out.")
        return None
    source = found.wish.source or cells["source"] or found.source
    split = SPLIT_WORDS.get(cells["split"].lower(), cells["split"].lower())
    row = Row(path, kind, label, source, cells["method"], cells["group"] or f"{source}:{cells['path']}")
    return dataclasses.replace(
        row, split=split if split in SIDES else "", compression=cells["compression"], sha256=cells["sha256"]
    )
