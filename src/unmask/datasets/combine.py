"""Put several manifests into one tree of train, valid, test x real, fake, as most training scripts expect it."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from unmask.core.errors import DatasetInvalid, InvalidOption
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import LABEL_NAMES, Row

_FOLDERS = {"train": "train", "holdout": "holdout", "validation": "valid", "test": "test"}


def combine(rows: Sequence[Row], folder: Path, listener: Listener = ignore) -> list[Row]:
    """Link every file into the tree (copy where the disk knows no hard links); names that clash get a number.

    Args:
        rows: Rows with a side each.
        folder: Where the tree goes; what is already there is kept, so a stopped run goes on.
        listener: Hears progress.

    Returns:
        The rows with their new paths; files that are gone are left out.

    Raises:
        InvalidOption: A row has no side.
        DatasetInvalid: Not one file is there.
    """
    taken: set[Path] = set()
    kept = []
    for done, row in enumerate(rows, start=1):
        if not row.split:
            message = f"{row.path} has no side; split the manifest first."
            raise InvalidOption(message)
        place = folder / _FOLDERS[row.split] / LABEL_NAMES[row.label]
        path = _free(place / row.path.name, taken)
        taken.add(path)
        if row.path.is_file():
            _link(row.path, path)
            kept.append(dataclasses.replace(row, path=path))
        listener(Advanced("combine", done, len(rows), path.name))
    if not kept:
        message = f"{folder}: none of the {len(rows)} files is there, so nothing was combined. Check the manifests."
        raise DatasetInvalid(message)
    return kept


def _free(path: Path, taken: set[Path]) -> Path:
    """The path, with a number where another row of this run has it."""
    wanted, number = path, 2
    while path in taken:
        path = wanted.with_stem(f"{wanted.stem}-{number}")
        number += 1
    return path


def _link(old: Path, new: Path) -> None:
    if new.exists():
        return
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old.resolve(), new)
    except OSError:
        half = new.with_suffix(".part")
        shutil.copyfile(old, half)
        half.replace(new)  # A copy is there as a whole or not at all.
