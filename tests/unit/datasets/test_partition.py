"""Splits by shares: nothing is torn apart, labels are spread."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.datasets.made import row
from unmask.core.errors import InvalidOption
from unmask.core.events import Advanced
from unmask.datasets.manifest import Row
from unmask.datasets.partition import partition

THIRDS = (0.7, 0.15, 0.15)


def people(count: int) -> list[Row]:
    """Two genuine and one forged picture of each person, in turns from three sources and by four methods."""
    return [
        row(
            f"{person}-{at}",
            at // 2,
            group=f"p{person}",
            source=f"s{person % 3}",
            method=f"m{person % 4}" if at == 2 else "",
        )
        for person in range(count)
        for at in range(3)
    ]


def test_shares_are_met_for_every_label() -> None:
    heard: list[Advanced] = []
    rows = partition(people(100), THIRDS, listener=heard.append)
    assert heard == [Advanced("split", 100, 100)]
    assert [r.path for r in rows] == [r.path for r in people(100)]
    for label, total in ((0, 200), (1, 100)):
        counts = Counter(r.split for r in rows if r.label == label)
        assert {side: round(number / total, 2) for side, number in counts.items()} == {
            "train": 0.7,
            "validation": 0.15,
            "test": 0.15,
        }


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1), st.integers(0, 3)), min_size=40, max_size=80))
def test_groups_and_equal_bytes_are_never_torn_apart(facts: list[tuple[int, int, int]]) -> None:
    rows = [
        row(f"{at}", label, group=f"g{group}-{at % 5}", sha256=f"{at // 2}" if digest == 0 else "")
        for at, (group, label, digest) in enumerate(facts)
    ]
    try:
        done = partition(rows, (0.5, 0.5))
    except InvalidOption:
        return
    for key in ("group", "sha256"):
        sides: dict[str, set[str]] = {}
        for each in done:
            if getattr(each, key):
                sides.setdefault(getattr(each, key), set()).add(each.split)
        assert all(len(names) == 1 for names in sides.values())


@pytest.mark.parametrize("key", ["source", "method"])
def test_by_keeps_sources_and_generators_together(key: str) -> None:
    rows = partition(people(120), (0.5, 0.5), by=["group", key])
    sides: dict[str, set[str]] = {}
    for each in rows:
        if getattr(each, key):
            sides.setdefault(getattr(each, key), set()).add(each.split)
    assert all(len(names) == 1 for names in sides.values())
    assert {name for names in sides.values() for name in names} == {"train", "test"}


def test_pairs_that_are_named_stay_together() -> None:
    rows = people(60)
    together = [(3 * person, 3 * (person + 30)) for person in range(30)]
    for seed in range(3):
        sides = [r.split for r in partition(rows, THIRDS, together=together, seed=seed)]
        assert set(sides) == {"train", "validation", "test"}
        assert all(len({*sides[a : a + 3], *sides[b : b + 3]}) == 1 for a, b in together)
    everybody = [(0, 3 * person) for person in range(60)]
    with pytest.raises(InvalidOption, match="180 of 180 rows hang together by group, person"):
        partition(rows, THIRDS, together=everybody)


def test_the_seed_decides_and_repeats() -> None:
    first = [each.split for each in partition(people(50), THIRDS, seed=1)]
    assert first == [each.split for each in partition(people(50), THIRDS, seed=1)]
    assert first != [each.split for each in partition(people(50), THIRDS, seed=2)]


def test_what_hangs_together_as_a_whole_is_refused() -> None:
    tied = [row(f"{at}", at % 2, group=f"g{at // 2}", source="only") for at in range(20)]
    with pytest.raises(InvalidOption, match=r"20 of 20 rows hang together by group, source"):
        partition(tied, THIRDS, by=["source"])


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.4), (0.5, 0.5, 0.0), (0.2,) * 5])
def test_wrong_shares(shares: tuple[float, ...]) -> None:
    with pytest.raises(InvalidOption, match="add up to 1"):
        partition(people(5), shares)


def test_an_unknown_key() -> None:
    with pytest.raises(InvalidOption, match="--by persn: expected group, source, method"):
        partition(people(5), THIRDS, by=["persn"])
