"""What the options of ``unmask datasets`` mean: rows, sides, shares, days."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from unmask.core.errors import InvalidOption, ManifestInvalid
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import read_rule, split


def rows(manifest: Path) -> list[Row]:
    """Read a manifest that must hold rows."""
    rows = read_manifest(manifest)
    if not rows:
        message = (
            f"{manifest}: the manifest holds no row. Index a dataset with unmask datasets index, or add to another."
        )
        raise ManifestInvalid(message)
    return rows


def with_sides(rows: list[Row], recipe: Path) -> list[Row]:
    """Give rows the sides of a recipe."""
    sides = split(rows, read_rule(recipe))
    return [replace(row, split=side) for side, same in sides.items() for row in same]


def refuse_overwriting(path: Path, *, force: bool) -> None:
    """Refuse to replace a file unasked."""
    if path.exists() and not force:
        message = f"{path} is already there; give another --out, or --force to replace it."
        raise InvalidOption(message)


def check_drawing(path: Path | None) -> None:
    """Refuse a drawing that could not be written before hours of work go into it."""
    if path is None:
        return
    if path.suffix.lower() != ".png":
        message = f"{path}: expected the name of a PNG file, such as {path.with_suffix('.png').name}."
        raise InvalidOption(message)
    path.parent.mkdir(parents=True, exist_ok=True)


def pairs(entries: Sequence[str]) -> dict[str, str]:
    """Read MANIFEST_COLUMN=THEIR_COLUMN."""
    pairs = dict(entry.split("=", 1) for entry in entries if "=" in entry)
    if len(pairs) < len(entries):
        message = "--column expects MANIFEST_COLUMN=THEIR_COLUMN once for each column, for example --column path=file."
        raise InvalidOption(message)
    return pairs


def shares(text: str) -> list[float]:
    """Read shares such as 0.7,0.15,0.15."""
    try:
        return [float(share) for share in text.split(",")]
    except ValueError as error:
        message = f"--shares {text}: expected numbers such as 0.7,0.15,0.15."
        raise InvalidOption(message) from error


def day(text: str) -> date:
    """Read a day; today when empty."""
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"--date {text}: expected a day such as 2026-11-21."
        raise InvalidOption(message) from error


def processes(workers: int) -> int:
    """Number of processes; 0 takes one per processor."""
    return workers or os.cpu_count() or 1
