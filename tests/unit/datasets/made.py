"""Rows made in code."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from unmask.datasets.manifest import Row


def row(name: str = "a.png", label: int = 0, **more: Any) -> Row:
    base = Row(Path(name), "image", label, "s", "gan" if label else "", name)
    return dataclasses.replace(base, **more)
