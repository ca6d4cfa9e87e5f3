"""Plain JSON: NaN becomes null, since strict readers refuse the word."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path


def save_json(value: object, path: Path) -> Path:
    """Write a value of mappings, sequences, texts and numbers; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(value), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
