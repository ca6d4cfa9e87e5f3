"""Leak-proof splits: whole sources to validation and test, whole groups to the in-distribution hold-out."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from unmask.core.errors import InvalidOption, LeakFound, ManifestInvalid, UnknownOption, nearest
from unmask.datasets.manifest import Row

Side = Literal["train", "holdout", "validation", "test"]
_SIDES: dict[str, Side] = {"train": "train", "holdout": "holdout", "validation": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Which rows stand on which side.

    Attributes:
        validation: Sources used for choosing and calibrating, never for training.
        test: Sources looked at only for the final figures.
        holdout: Share of the groups of a training source kept back for the in-distribution figures, by source;
            ``"*"`` is the default for all others.
        folds: Parts of the training sources that calibrate, beside validation or in its place: for each part a second
            network is trained without it, and what these networks say about the sources they have not seen gives the
            calibration.
        without: Training sources that one such network leaves out, with everybody who is in them.
        official: Whether the column ``split`` of the manifest decides where it is filled; sources named above and
            the hold-out decide about the rest.
        holdout_calibrates: Whether the hold-out calibrates the answers besides `validation` or `folds`: for detectors
            that do no better on its people than on sources they never saw, and whose few left-out sources say too
            little about the rest of the world.
    """

    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    holdout: Mapping[str, float] = field(default_factory=dict)
    folds: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()
    official: bool = False
    holdout_calibrates: bool = False


def read_rule(path: Path) -> SplitRule:
    """Read the table ``[split]`` of a recipe; the rest of the recipe is not looked at.

    Args:
        path: A TOML file.

    Returns:
        The rule; an empty one if the recipe has no such table.

    Raises:
        InvalidOption: The file is missing or no TOML, or a value is of the wrong kind.
        UnknownOption: A key is unknown; the message lists the nearest.
    """
    if not path.is_file():
        message = f"{path}: no such recipe. The recipes that come with unmask lie in the folder recipes/."
        raise InvalidOption(message)
    try:
        return split_rule(tomllib.loads(path.read_text(encoding="utf-8")).get("split", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: the recipe cannot be read: {error}"
        raise InvalidOption(message) from error


def split_rule(values: Mapping[str, Any]) -> SplitRule:
    """Make a rule from the keys of a recipe's table ``[split]``.

    Raises:
        InvalidOption: A value is of the wrong kind.
        UnknownOption: A key is unknown; the message lists the nearest.
    """
    if not isinstance(values, Mapping):
        message = f"The recipe's split is {values!r}; expected a table [split]."
        raise InvalidOption(message)
    known = {entry.name for entry in fields(SplitRule)}
    for key, value in values.items():
        if key not in known:
            message = f"The recipe has an unknown key {key!r} for SplitRule. {nearest(key, known)}"
            raise UnknownOption(message)
        fits, wanted = _expected(key, value)
        if not fits:
            message = f"The recipe's split.{key} is {value!r}; expected {wanted}."
            raise InvalidOption(message)
    return SplitRule(**{key: _settled(value) for key, value in values.items()})


def _settled(value: object) -> Any:  # noqa: ANN401 - values of fields of several kinds
    return tuple(_settled(entry) for entry in value) if isinstance(value, list) else value


def _expected(key: str, value: object) -> tuple[bool, str]:
    """Whether the value of a key is of the right kind, and what is."""
    if key == "holdout":
        shares = isinstance(value, Mapping) and all(isinstance(share, (int, float)) for share in value.values())
        return shares, "shares by source"
    if key in {"official", "holdout_calibrates"}:
        return isinstance(value, bool), "true or false"
    if key == "folds":
        return isinstance(value, list) and all(_names(part) for part in value), "lists of sources"
    return _names(value), "a list of sources"


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def split(rows: Sequence[Row], rule: SplitRule) -> dict[Side, list[Row]]:
    """Put each row on one side.

    A group goes with its source; inside a training source, a hash of the group's name decides between train and
    hold-out, so the answer does not depend on the order of the rows or on a seed.

    Args:
        rows: All rows.
        rule: The rule.

    Returns:
        Rows by side.

    Raises:
        ManifestInvalid: The rule names a source that no row has.
        LeakFound: A source stands in both validation and test, or a group on two sides.
    """
    _check_rule({row.source for row in rows}, rule)
    sides: dict[Side, list[Row]] = {"train": [], "holdout": [], "validation": [], "test": []}
    strangers = {row.group for row in rows if row.source in rule.without}
    for row in rows:
        sides["test" if row.group in strangers else side_of(row, rule)].append(row)
    check_leaks(sides)
    return sides


def side_of(row: Row, rule: SplitRule) -> Side:
    """The side on which a row stands by itself, whatever becomes of the rest of its group.

    Args:
        row: The row.
        rule: The rule; its `without` is not looked at, since that is about whole groups.
    """
    if rule.official and row.split:
        return _SIDES[row.split]
    if row.source in rule.test:
        return "test"
    if row.source in rule.validation:
        return "validation"
    share = rule.holdout.get(row.source, rule.holdout.get("*", 0.0))
    return "holdout" if _fraction(row.group) < share else "train"


def check_leaks(sides: Mapping[Side, Iterable[Row]]) -> None:
    """Refuse a split in which a group or a file stands on two sides.

    Raises:
        LeakFound: Naming the first such group and both sides.
    """
    seen: dict[str, Side] = {}
    for side, rows in sides.items():
        for row in rows:
            for key in (f"group {row.group}", f"file {row.path}"):
                if seen.setdefault(key, side) != side:
                    message = f"{key} stands in {seen[key]} and in {side}. Put its whole source on one side."
                    raise LeakFound(message)


def _check_rule(sources: set[str], rule: SplitRule) -> None:
    both = set(rule.validation) & set(rule.test)
    if both:
        message = f"The sources {', '.join(sorted(both))} are in validation and in test."
        raise LeakFound(message)
    parts = [source for part in rule.folds for source in part]
    twice = {source for source in parts if source in rule.validation or source in rule.test or parts.count(source) > 1}
    if twice:
        message = f"The sources {', '.join(sorted(twice))} of split.folds stand in another part, or in another side."
        raise LeakFound(message)
    for source in (*rule.validation, *rule.test, *rule.holdout, *parts, *rule.without):
        if source != "*" and source not in sources:
            message = f"The split names the source {source!r}, which the manifest lacks. {nearest(source, sources)}"
            raise ManifestInvalid(message)


def _fraction(text: str) -> float:
    """Map a text to [0, 1) evenly, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
