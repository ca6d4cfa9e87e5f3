"""Turn what people name on the command line into files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """List files: a file as it is, a folder with everything below it.

    Hidden files and folders are passed over inside folders; links to folders are followed, but no folder is entered
    twice, so that loops end. A path that does not exist is listed as well: scanning it gives the error.

    Args:
        paths: Files and folders.

    Yields:
        Files in order of their names, each once.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _below(path, set()) if _is_folder(path) else (path,):
            key = Path(os.path.realpath(file))
            if key not in seen:
                seen.add(key)
                yield file


def _below(folder: Path, entered: set[Path]) -> Iterator[Path]:
    key = Path(os.path.realpath(folder))
    if key in entered:
        return
    entered.add(key)
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        yield folder  # Scanning it reports why it cannot be read.
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _below(entry, entered)
        else:
            yield entry


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder; False where it cannot be looked at, so that scanning it gives the error."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a name is too long or a parent is closed
