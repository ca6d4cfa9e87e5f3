"""Trees of empty files with the names that datasets are published with; layouts never open media."""

from __future__ import annotations

import json
from pathlib import Path

from unmask.datasets.found import Found, Wish
from unmask.datasets.index import index_dataset


def plant(root: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def write(path: Path, text: str | object) -> Path:
    """Write text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def read(layout: str, root: Path, wish: Wish | None = None) -> Found:
    return index_dataset(layout, root, wish=wish)


def table(found: Found, *columns: str) -> dict[str, tuple[object, ...]]:
    """Chosen columns by file name relative to the root."""
    return {
        row.path.relative_to(found.root).as_posix(): tuple(getattr(row, column) for column in columns)
        for row in found.rows
    }


def notes(found: Found) -> str:
    return " ".join(found.notes)
