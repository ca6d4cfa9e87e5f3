"""Which media can be trained on, and what is said about those that cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unmask.core.errors import ManifestInvalid
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import Row
from unmask.datasets.split import Side
from unmask.extraction.crops import CachedCrop
from unmask.training.recipe import Recipe

CHECKED: tuple[Side, ...] = ("holdout", "validation")
"""Sides that choose the best weights."""


def present(rows: Sequence[Row], listener: Listener = ignore) -> tuple[list[Row], tuple[str, ...]]:
    """Leave out rows whose file is not there.

    Args:
        rows: All rows.
        listener: Hears at once how many files are missing.

    Returns:
        The rows that can be used, and a note for people if some cannot.

    Raises:
        ManifestInvalid: Not one file is there.
    """
    found = [row for row in rows if row.path.is_file()]
    gone = [row for row in rows if not row.path.is_file()]
    if not gone:
        return found, ()
    names = ", ".join(str(row.path) for row in gone[:3]) + (" ..." if len(gone) > 3 else "")
    if not found:
        message = (
            f"Not one of the {len(gone)} files of the manifest is there: {names}. Give the manifest with its media."
        )
        raise ManifestInvalid(message)
    listener(Advanced("missing files", len(gone), len(rows), "trained without them"))
    return found, (f"{len(gone)} of {len(rows)} files are missing and were left out: {names}",)


def require_labels(examples: Sequence[Row] | Sequence[CachedCrop], recipe: Recipe) -> None:
    """Refuse to train with one label alone; fakes may also be forged on the spot.

    Raises:
        ManifestInvalid: Saying which label is missing, and what is there.
    """
    counts = {label: sum(example.label == label for example in examples) for label in (0, 1)}
    forges = any(recipe.forge.shares().values()) or "self-blend" in recipe.shares.get("fake", {})
    if not counts[0] or not (counts[1] or forges):
        what = "faces" if examples and isinstance(examples[0], CachedCrop) else "media"
        sources = ", ".join(sorted({example.source for example in examples})) or "none"
        message = (
            f"Training needs genuine and forged media with faces; its side of the split has {counts[0]} genuine and "
            f"{counts[1]} forged {what} (sources: {sources}). Add media, change [split], or forge fakes with [forge]."
        )
        raise ManifestInvalid(message)


def require_checks(crops: Mapping[Side, Sequence[CachedCrop]]) -> None:
    """Refuse to train where nothing could tell good weights from bad ones.

    Raises:
        ManifestInvalid: Neither hold-out nor validation side has faces of both labels.
    """
    if not any({crop.label for crop in crops[side]} == {0, 1} for side in CHECKED):
        message = (
            "Nothing to choose the best weights by: neither hold-out nor validation side has genuine and forged "
            'faces. Set for example split.holdout = { "*" = 0.1 }, or name whole sources in split.validation.'
        )
        raise ManifestInvalid(message)


def faceless(rows: Sequence[Row], crops: Sequence[CachedCrop]) -> tuple[str, ...]:
    """A note for people if some media gave no crop."""
    without = len(rows) - len({crop.medium for crop in crops})
    return (f"{without} of {len(rows)} training media gave no face and were left out.",) if without else ()
