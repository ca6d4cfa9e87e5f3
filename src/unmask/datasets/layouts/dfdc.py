"""DFDC (Dolhansky et al. 2020): ``dfdc_train_part_0`` to ``_49``, each with ``metadata.json``.

The metadata map a name to ``{"label": "FAKE", "split": "train", "original": "qzimuostzs.mp4"}``; genuine clips have no
original. A clip and all its forgeries form one group. How each was forged is not published.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from unmask.core.errors import ManifestInvalid
from unmask.datasets.found import Found
from unmask.datasets.layouts.folders import SPLIT_WORDS

_PART = re.compile(r"dfdc_train_part_(\d+)")
_PARTS = 50
_LABELS = {"REAL": 0, "FAKE": 1}


def read(found: Found) -> None:
    """Read each metadata.json and what lies beside it."""
    parts = set()
    clips = found.files(found.root, "video")
    folders: dict[Path, dict[str, Path]] = {}
    for path in clips:
        folders.setdefault(path.parent, {})[path.name] = path
    for folder, here in folders.items():
        if not (folder / "metadata.json").is_file():
            found.note(f"{folder.name} has clips but no metadata.json; they were left out.")
            continue
        _read_part(found, folder, here)
        named = _PART.fullmatch(folder.name)
        parts |= {int(named.group(1))} if named else set()
    absent = sorted(set(range(_PARTS)) - parts)
    if parts and absent:
        found.note(f"Of the {_PARTS} parts these are missing: {', '.join(map(str, absent))}.")


def _read_part(found: Found, folder: Path, here: dict[str, Path]) -> None:
    for name, facts in _metadata(folder / "metadata.json").items():
        if name not in here:
            found.miss(f"{folder.name}/metadata.json", name)
            continue
        label = _LABELS.get(str(facts.get("label")))
        if label is None:
            found.note(f"{folder.name}/metadata.json: {name} is neither REAL nor FAKE and was left out.")
            continue
        original = Path(facts.get("original") or name).stem
        split = SPLIT_WORDS.get(str(facts.get("split", "")), "")
        found.add(here[name], label, method="dfdc" if label else "", group=original, split=split)


def _metadata(path: Path) -> dict[str, dict[str, Any]]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): dict(entry) for name, entry in facts.items()}
    except (ValueError, TypeError, AttributeError) as error:
        message = f"{path}: expected an object of clips; it may be cut off, download it again ({error})."
        raise ManifestInvalid(message) from error
