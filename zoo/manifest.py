"""Prepare labelled media for the zoo: a group that stands on two sides of the split stays on one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unmask.datasets.manifest import Row, read_manifest, write_manifest
from unmask.datasets.split import Side, SplitRule, side_of, split
from unmask.training.recipe import Recipe

KINDS = {"face": ("image", "video"), "speech": ("audio",)}
"""Kinds of media that the recipes of a family see."""
_ORDER: tuple[Side, ...] = ("train", "holdout", "validation", "test")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What all recipes of a family are trained and judged on.

    Attributes:
        manifest: CSV of the rows that are left.
        gone: Sources of which no row is left.
        notes: What was left out and why, a line each.
    """

    manifest: Path
    gone: tuple[str, ...]
    notes: tuple[str, ...]

    def fitted(self, recipe: Recipe) -> Recipe:
        """The recipe with a split that does not name the sources that are gone."""
        return replace(recipe, split=without(recipe.split, self.gone))


def prepared(data: Path, out: Path, rule: SplitRule, *, kinds: Sequence[str]) -> Prepared:
    """Write the rows of a manifest that a split does not refuse.

    Args:
        data: The manifest; it stays as it is.
        out: Where the rows that are left go.
        rule: The split that all recipes share.
        kinds: The media that are wanted.

    Returns:
        What is left.

    Raises:
        ManifestInvalid: The manifest cannot be read, or lacks a source of the split.
        LeakFound: A file stands on two sides under two groups.
    """
    rows = [row for row in read_manifest(data) if row.kind in kinds]
    kept = one_side(rows, rule)
    gone = tuple(sorted({row.source for row in rows} - {row.source for row in kept}))
    split(kept, without(rule, gone))
    write_manifest(kept, out)
    return Prepared(out, gone, _notes(data, rows, kept, gone))


def one_side(rows: Sequence[Row], rule: SplitRule) -> list[Row]:
    """Leave out rows until every group stands on one side.

    Training comes before the hold-out, then validation, then test. But where that would take the last row of a source,
    the side stays that costs the fewest sources, and the fewest rows among those.

    Args:
        rows: All rows.
        rule: The split.

    Returns:
        The rows that are left, in their order.
    """
    groups: dict[str, dict[Side, list[Row]]] = {}
    for row in rows:
        groups.setdefault(row.group, {}).setdefault(side_of(row, rule), []).append(row)
    left, stays = Counter(row.source for row in rows), dict[str, Side]()
    for group, sides in groups.items():
        losses = {side: Counter(row.source for other in sides if other != side for row in sides[other])
                  for side in _ORDER if side in sides}  # fmt: skip
        stays[group] = min(losses, key=lambda side: _cost(losses[side], left))
        left -= losses[stays[group]]
    return [row for row in rows if side_of(row, rule) == stays[row.group]]


def without(rule: SplitRule, gone: Sequence[str]) -> SplitRule:
    """The same rule, naming none of some sources."""

    def rest(sources: Sequence[str]) -> tuple[str, ...]:
        return tuple(source for source in sources if source not in gone)

    return replace(
        rule,
        validation=rest(rule.validation),
        test=rest(rule.test),
        holdout={source: share for source, share in rule.holdout.items() if source not in gone},
        folds=tuple(filter(None, map(rest, rule.folds))),
        without=rest(rule.without),
    )


def _cost(loss: Mapping[str, int], left: Mapping[str, int]) -> tuple[int, int]:
    """Sources that would be gone, and how many rows that would take; equal costs go by the order of the sides."""
    emptied = sum(left[source] == count for source, count in loss.items())
    return emptied, sum(loss.values()) if emptied else 0


def _notes(data: Path, rows: Sequence[Row], kept: Sequence[Row], gone: Sequence[str]) -> tuple[str, ...]:
    lost = Counter(row.source for row in rows) - Counter(row.source for row in kept)
    if not lost:
        return ()
    shares = ", ".join(f"{source} {count}" for source, count in lost.most_common())
    notes = [f"{data}: {lost.total()} of {len(rows)} rows were left out, because their group (the same person, picture "
             f"or recording) also stands on another side of the split: {shares}."]  # fmt: skip
    if gone:
        notes.append(f"Nothing is left of {', '.join(gone)}; this run's split does not name them.")
    return tuple(notes)
