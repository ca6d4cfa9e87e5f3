"""Turn a manifest of pictures and clips into one of face crops, for whoever wants to train on plain pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unmask.core.errors import DatasetInvalid
from unmask.core.events import Listener, ignore
from unmask.datasets.manifest import Row, write_manifest
from unmask.extraction.crops import cut_crops, without_faces


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was cut.

    Attributes:
        manifest: Table of the crops; each carries label, source, method, group and side of its medium.
        crops: How many there are.
        failed: Why media gave no crop, by path.
    """

    manifest: Path
    crops: int
    failed: dict[str, str]


def extract_faces(
    rows: Sequence[Row], folder: Path, *, frames: int, workers: int, listener: Listener = ignore
) -> Extraction:
    """Cut faces out of pictures and clips; a stopped run goes on where it was.

    Args:
        rows: Media; sound is passed over.
        folder: Where crops and their manifest go.
        frames: Frames a clip.
        workers: Processes.
        listener: Hears progress.

    Raises:
        DatasetInvalid: Not one face was found.
    """
    seen = {str(row.path): row for row in rows if row.kind != "audio"}
    crops = cut_crops(list(seen.values()), folder, frames=frames, workers=workers, listener=listener)
    failed = {path: reason for path, reason in without_faces(folder).items() if path in seen}
    if not crops:
        example = next(iter(failed.items()), ("", "the manifest names no picture and no clip"))
        message = f"{folder}: none of {len(seen)} media gave a face, for example {': '.join(example)}."
        raise DatasetInvalid(message)
    manifest = folder / "manifest.csv"
    cut = [dataclasses.replace(seen[crop.medium], path=crop.path, kind="image", sha256="") for crop in crops]
    write_manifest(cut, manifest)
    return Extraction(manifest, len(crops), failed)
