"""Let a manifest grow: new labelled files come in, what is already there stays out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from unmask.core.errors import InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import Row
from unmask.media.file import digest, require_file

_THREADS = 4
_LEFT_OUT = {
    "duplicates": "already there",
    "conflicts": "already there under the other label; settle which is right",
    "unreadable": "missing, empty or unreadable",
}


@dataclass(frozen=True, slots=True)
class Growth:
    """What came of adding files.

    Attributes:
        rows: Old rows and the new ones that were taken in, with their digests.
        added: How many were taken in.
        duplicates: New files whose bytes are already there under the same label.
        conflicts: New files whose bytes are already there under the other label.
        unreadable: New files that are missing, empty or cannot be read.
    """

    rows: list[Row]
    added: int
    duplicates: list[Path]
    conflicts: list[Path]
    unreadable: list[Path]

    @property
    def changes(self) -> dict[str, int]:
        """Counts for the version record."""
        return {"added": self.added} | {name: len(getattr(self, name)) for name in _LEFT_OUT}

    @property
    def notes(self) -> list[str]:
        """What was left out, and why, for people."""
        return [
            f"Left out, {why}: {len(paths):,}, for example {paths[0]}."
            for name, why in _LEFT_OUT.items()
            if (paths := getattr(self, name))
        ]


def grow(old: Sequence[Row], new: Sequence[Row], listener: Listener = ignore) -> Growth:
    """Add rows, leaving out those whose bytes are already there.

    Args:
        old: The manifest so far; files that are gone keep their rows.
        new: Rows to take in.
        listener: Hears progress.
    """
    total = len(old) + len(new)
    hashed = _hashed(old, listener, 0, total)
    labels = {row.sha256: row.label for row in hashed if row.sha256}
    growth = Growth(hashed, 0, [], [], [])
    for row in _hashed(new, listener, len(old), total):
        if not row.sha256:
            growth.unreadable.append(row.path)
        elif row.sha256 in labels:
            (growth.duplicates if labels[row.sha256] == row.label else growth.conflicts).append(row.path)
        else:
            labels[row.sha256] = row.label
            growth.rows.append(row)
    return dataclasses.replace(growth, added=len(growth.rows) - len(old))


def _hashed(rows: Sequence[Row], listener: Listener, done: int, total: int) -> list[Row]:
    with ThreadPoolExecutor(_THREADS) as pool:  # Hashing lets other threads run.
        found = []
        for at, (row, sha256) in enumerate(zip(rows, pool.map(_sha256, rows), strict=True), start=done + 1):
            found.append(dataclasses.replace(row, sha256=sha256))
            listener(Advanced("hash", at, total, row.path.name))
        return found


def _sha256(row: Row) -> str:
    if row.sha256:
        return row.sha256
    try:
        require_file(row.path)
        return digest(row.path)
    except InputError:
        return ""
