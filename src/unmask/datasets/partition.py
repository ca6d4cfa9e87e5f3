"""Split a manifest by shares, without tearing apart what belongs together."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Mapping, Sequence

from unmask.core.errors import InvalidOption
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import Row

KEYS = ("group", "source", "method")
NAMES = {2: ("train", "test"), 3: ("train", "validation", "test"), 4: ("train", "holdout", "validation", "test")}
_SLACK = 0.05
_TELL_EVERY = 1000


def partition(
    rows: Sequence[Row],
    shares: Sequence[float],
    *,
    by: Sequence[str] = ("group",),
    together: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    listener: Listener = ignore,
) -> list[Row]:
    """Give each row a side, so that kinds and labels are spread by the shares.

    Groups (people, source videos) and files with the same bytes always stay together; `by` adds sources or methods
    (generators). What hangs together through any of these goes to one side as a whole.

    Args:
        rows: All rows; sides they had are dropped.
        shares: Of train and test; of train, validation and test; or with a hold-out after train. They add up to 1.
        by: What stays together, of `KEYS`.
        together: Pairs of positions in `rows` that stay together as well, for example because they show one person.
        seed: Of the order in which equally large pieces are dealt.
        listener: Hears progress.

    Returns:
        The rows in their order, with the column split filled.

    Raises:
        InvalidOption: The shares are wrong, or everything hangs together so that no split comes near them.
    """
    names = _names(shares)
    pieces = _pieces(rows, by, together)
    random.Random(seed).shuffle(pieces)  # noqa: S311 - a split, not a secret
    pieces.sort(key=len, reverse=True)
    total = Counter(_stratum(rows[at]) for piece in pieces for at in piece)
    filled: dict[str, Counter[str]] = {name: Counter() for name in names}
    sides = [""] * len(rows)
    for done, piece in enumerate(pieces, start=1):
        strata = Counter(_stratum(rows[at]) for at in piece)
        name = min(names, key=lambda name: _fullness(filled[name], strata, total, shares[names.index(name)]))
        filled[name].update(strata)
        for at in piece:
            sides[at] = name
        if done % _TELL_EVERY == 0 or done == len(pieces):
            listener(Advanced("split", done, len(pieces)))
    _check(rows, filled, shares, pieces, (*by, "person") if together else by)
    return [dataclasses.replace(row, split=side) for row, side in zip(rows, sides, strict=True)]


def _names(shares: Sequence[float]) -> tuple[str, ...]:
    if len(shares) not in NAMES or any(share <= 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        message = f"The shares are {', '.join(map(str, shares))}; expected 2 to 4 numbers above 0 that add up to 1."
        raise InvalidOption(message)
    return NAMES[len(shares)]


def _pieces(rows: Sequence[Row], by: Sequence[str], together: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Indices of rows that hang together (union-find)."""
    for key in by:
        if key not in KEYS:
            message = f"--by {key}: expected {', '.join(KEYS)} or person."
            raise InvalidOption(message)
    parents = list(range(len(rows)))

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    first: dict[tuple[str, str], int] = {}
    for at, row in enumerate(rows):
        for key in ("group", "sha256", *by):
            value = getattr(row, key)
            if value:
                parents[root(at)] = root(first.setdefault((key, value), at))
    for one, other in together:
        parents[root(one)] = root(other)
    pieces: dict[int, list[int]] = {}
    for at in range(len(rows)):
        pieces.setdefault(root(at), []).append(at)
    return list(pieces.values())


def _stratum(row: Row) -> str:
    return f"{row.kind} {row.label}"


def _fullness(filled: Counter[str], piece: Counter[str], total: Counter[str], share: float) -> float:
    """How full a side would be with one more piece, by the fullest stratum that the piece has."""
    return max((filled[key] + size) / (share * total[key]) for key, size in piece.items())


def _check(
    rows: Sequence[Row],
    filled: Mapping[str, Counter[str]],
    shares: Sequence[float],
    pieces: Sequence[Sequence[int]],
    by: Sequence[str],
) -> None:
    """Refuse a split that is nowhere near what was asked for."""
    for (name, strata), share in zip(filled.items(), shares, strict=True):
        got = strata.total() / max(len(rows), 1)
        if got < share / 2 - _SLACK or strata.total() == 0:
            biggest = max(map(len, pieces), default=0)
            message = (
                f"No split comes near the shares: {name} would hold {got:.0%} of the rows instead of {share:.0%}, "
                f"because {biggest} of {len(rows)} rows hang together by {', '.join(dict.fromkeys(('group', *by)))}. "
                "Split by group alone, or change the shares."
            )
            raise InvalidOption(message)
