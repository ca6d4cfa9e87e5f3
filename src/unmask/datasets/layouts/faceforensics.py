"""FaceForensics++ (Roessler et al. 2019): 1,000 clips and their manipulations at several compressions.

Tree: ``original_sequences/youtube/c23/videos/071.mp4``, ``manipulated_sequences/Deepfakes/c23/videos/071_054.mp4``
(face of 054 in clip 071), and the official split as ``train.json``, ``val.json``, ``test.json``: lists of id pairs.
Both clips of a pair and all their manipulations form one group. DeepFakeDetection lies in the same tree but has
other names and no official split: layout ``dfd``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from unmask.core.errors import ManifestInvalid
from unmask.datasets.found import Found

COMPRESSIONS = ("raw", "c0", "c23", "c40")
_SIDES = {"train.json": "train", "val.json": "validation", "test.json": "test"}
_NAME = re.compile(r"(\d{3})(?:_(\d{3}))?")


def read(found: Found) -> None:
    """Read the split, then every clip whose name has its form."""
    partners, sides = _split(found)
    clips: list[tuple[Path, int, str, re.Match[str]]] = []
    for folder, label in (("original_sequences", 0), ("manipulated_sequences", 1)):
        place = found.folder(folder)
        if place is None:
            found.note(f"The folder {folder} is missing.")
            continue
        for path in found.files(place, "video"):
            named = _NAME.fullmatch(path.stem)
            method = path.relative_to(place).parts[0]
            if named and bool(named.group(2)) == bool(label):
                clips.append((path, label, method if label else "", named))
                if named.group(2):
                    partners.setdefault(named.group(1), named.group(2))
                    partners.setdefault(named.group(2), named.group(1))
    for path, label, method, named in clips:
        first = named.group(1)
        group = "_".join(sorted({first, partners.get(first, first)}))
        compression = compression_of(path)
        found.add(path, label, method=method, group=group, split=sides.get(first, ""), compression=compression)


def compression_of(path: Path) -> str:
    """The lowest folder that names a compression; empty if none does."""
    return next((part for part in reversed(path.parts) if part in COMPRESSIONS), "")


def _split(found: Found) -> tuple[dict[str, str], dict[str, str]]:
    """Partner and side of each clip; without one of the lists no clip has a side."""
    partners: dict[str, str] = {}
    sides: dict[str, str] = {}
    missing = []
    for name, side in _SIDES.items():
        path = found.file(name)
        if path is None:
            missing.append(name)
            continue
        for first, second in _pairs(path):
            partners |= {first: second, second: first}
            sides |= {first: side, second: side}
    if missing:
        found.note(
            f"The official split is incomplete: {', '.join(missing)} missing. Take them from the folder dataset/splits "
            "of the FaceForensics repository; until then clips outside the other lists carry no split."
        )
    return partners, sides


def _pairs(path: Path) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"))
        return [(str(first), str(second)) for first, second in pairs]
    except (ValueError, TypeError) as error:
        message = f'{path}: expected a list of pairs of ids such as [["071", "054"]]; download it again ({error}).'
        raise ManifestInvalid(message) from error
