"""Versions of a manifest: a file beside it says what it is, what it grew from and what came in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from unmask.core.errors import ManifestInvalid
from unmask.datasets.manifest import LABEL_NAMES, Row, write_manifest
from unmask.media.file import digest


@dataclass(frozen=True, slots=True)
class ManifestVersion:
    """What a model card quotes of the manifest that a training saw.

    Attributes:
        name: Of the dataset.
        version: From 1; None where no version was written, or the file was changed by hand since.
        sha256: Of the manifest's bytes as they are now.
    """

    name: str
    version: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """What stands in the file beside a manifest.

    Attributes:
        name: Of the dataset.
        version: From 1.
        sha256: Of the manifest.
        date: ISO 8601.
        parent: Version and digest of the manifest it grew from; empty for the first.
        rows: Rows by kind and label, for example ``image real``.
        changes: What happened to the rows on the way here, for example ``added``, ``duplicates``.
        notes: For people.
    """

    name: str
    version: int
    sha256: str
    date: str
    parent: Mapping[str, str | int | None] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def record_path(manifest: Path) -> Path:
    """Where the record of a manifest lies."""
    return manifest.with_suffix(".version.json")


def manifest_version(manifest: Path) -> ManifestVersion:
    """Tell which version a manifest is; what a training or a model card should quote.

    Args:
        manifest: A CSV manifest.

    Raises:
        InputError: It cannot be read.
        ManifestInvalid: The record beside it is damaged.
    """
    sha256 = digest(manifest)
    record = read_record(manifest)
    if record is None:
        return ManifestVersion(manifest.stem, None, sha256)
    return ManifestVersion(record.name, record.version if record.sha256 == sha256 else None, sha256)


def read_record(manifest: Path) -> VersionRecord | None:
    """Read the record beside a manifest; None if there is none.

    Raises:
        ManifestInvalid: It is damaged.
    """
    path = record_path(manifest)
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return VersionRecord(**facts | {"notes": tuple(facts.get("notes", ()))})
    except (ValueError, TypeError, AttributeError) as error:
        message = f"{path}: the version record is damaged ({error}). Restore it, or delete it to start at version 1."
        raise ManifestInvalid(message) from error


def write_version(
    rows: Sequence[Row],
    manifest: Path,
    *,
    day: date,
    parent: Path | None = None,
    changes: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> VersionRecord:
    """Write a manifest and its record.

    Args:
        rows: All rows.
        manifest: Where to write; the record goes beside it.
        day: The day that the record shows.
        parent: The manifest it grew from.
        changes: What happened to the rows on the way.
        notes: For people.

    Returns:
        The record. Its version follows the parent's (a parent without a record counts as version 1).
    """
    name, version = manifest.stem, 1
    origin: dict[str, str | int | None] = {}
    if parent is not None:
        before = manifest_version(parent)
        name = before.name
        version = next_version(parent)
        origin = {"file": parent.name, "version": before.version, "sha256": before.sha256}
    write_manifest(rows, manifest)
    record = VersionRecord(
        name, version, digest(manifest), day.isoformat(), origin, count(rows), dict(changes or {}), tuple(notes)
    )
    record_path(manifest).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return record


def next_version(parent: Path) -> int:
    """Number of the version that grows from a manifest."""
    record = read_record(parent)
    return (record.version if record else 1) + 1


def count(rows: Sequence[Row]) -> dict[str, int]:
    """Rows by kind and label."""
    counts: dict[str, int] = {}
    for row in rows:
        key = f"{row.kind} {LABEL_NAMES[row.label]}"
        counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items()))
