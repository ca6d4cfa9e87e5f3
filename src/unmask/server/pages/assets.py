"""The files that pages load: their own, and those that they share with the self-contained report.

All lie under one address that holds a digest of them all, so browsers may keep them for good, and a module finds its
neighbours by relative names.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
SHARED = ("palette.css", "style.css", "timeline.css", "timeline.js")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        content: Its bytes.
        media_type: What it is served as.
    """

    content: bytes
    media_type: str


@functools.cache
def assets() -> Mapping[str, Asset]:
    """Read every file that pages load, by name; nothing else can be asked for."""
    shared = files("unmask.report") / "templates"
    found = {name: (shared / name).read_bytes() for name in SHARED}
    for entry in (files("unmask.server.pages") / "static").iterdir():
        found[entry.name] = entry.read_bytes()
    return {name: Asset(found[name], TYPES[name.rpartition(".")[2]]) for name in sorted(found)}


@functools.cache
def digest() -> str:
    """Name the state of all files together."""
    held = hashlib.sha256()
    for name, asset in assets().items():
        held.update(name.encode())
        held.update(asset.content)
    return held.hexdigest()[:16]
