from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.core.errors import InvalidOption, LeakFound, ManifestInvalid, UnknownOption
from unmask.datasets.manifest import Row
from unmask.datasets.split import SplitRule, check_leaks, read_rule, split, split_rule

SOURCES = ("red", "green", "blue", "grey")


def row(name: str, source: str = "red", group: str = "") -> Row:
    return Row(Path(name), "image", 0, source, "", group or name)


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Every source present; groups never reach over sources."""
    names = draw(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 9)), max_size=60))
    found = [row(f"{at}.jpg", source, f"{source}-{number}") for at, (source, number) in enumerate(names)]
    return found + [row(f"{source}.jpg", source, f"{source}-0") for source in SOURCES]


RULE = SplitRule(validation=("green",), test=("blue",), holdout={"*": 0.5, "grey": 0.2})


@given(tables(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_nothing_leaks_nothing_is_lost_and_order_does_not_matter(rows: list[Row], random) -> None:
    sides = split(rows, RULE)
    assert Counter(entry.path for found in sides.values() for entry in found) == Counter(entry.path for entry in rows)
    groups = [{entry.group for entry in found} for found in sides.values()]
    assert sum(len(found) for found in groups) == len(set().union(*groups))
    assert {entry.source for entry in sides["validation"]} == {"green"}
    assert {entry.source for entry in sides["test"]} == {"blue"}
    assert not {entry.source for entry in (*sides["train"], *sides["holdout"])} & {"green", "blue"}
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = split(shuffled, RULE)
    assert {side: {entry.path for entry in found} for side, found in again.items()} == {
        side: {entry.path for entry in found} for side, found in sides.items()
    }


def test_a_side_does_not_change_when_rows_are_added() -> None:
    few = [row(f"{at}", group=f"g{at}") for at in range(50)]
    more = few + [row(f"new {at}", group=f"new {at}") for at in range(50)]
    rule = SplitRule(holdout={"red": 0.3})
    assert set(split(few, rule)["holdout"]) <= set(split(more, rule)["holdout"])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_holdout_gets_its_share_of_groups(share: float) -> None:
    rows = [row(f"{at}") for at in range(2000)]
    found = len(split(rows, SplitRule(holdout={"red": share}))["holdout"]) / 2000
    assert found == pytest.approx(share, abs=0.03)


def test_a_named_share_beats_the_default() -> None:
    rows = [row(f"{source}{at}", source) for source in SOURCES for at in range(20)]
    sides = split(rows, SplitRule(holdout={"*": 1.0, "red": 0.0}))
    assert {entry.source for entry in sides["train"]} == {"red"}


def test_a_source_in_validation_and_test_is_a_leak() -> None:
    with pytest.raises(LeakFound, match="red"):
        split([row("a")], SplitRule(validation=("red",), test=("red",)))


def test_a_person_in_two_sources_on_two_sides_is_a_leak() -> None:
    rows = [row("a", "red", "anna"), row("b", "blue", "anna")]
    with pytest.raises(LeakFound, match="group anna stands in train and in test"):
        split(rows, SplitRule(test=("blue",)))
    assert len(split(rows, SplitRule())["train"]) == 2


def test_a_file_under_two_groups_is_a_leak() -> None:
    with pytest.raises(LeakFound, match="file a"):
        check_leaks({"train": [row("a", group="one")], "holdout": [row("a", group="two")]})


@pytest.mark.parametrize(
    "rule",
    [{"validation": ("gren",)}, {"test": ("gren",)}, {"holdout": {"gren": 0.5}}, {"folds": (("gren",),)}],
    ids=str,
)
def test_an_unknown_source_is_refused_with_the_nearest(rule: dict[str, object]) -> None:
    rows = [row(source, source) for source in SOURCES]
    with pytest.raises(ManifestInvalid, match=r"Did you mean green"):
        split(rows, SplitRule(**rule))  # type: ignore[arg-type]


def test_a_source_that_one_network_leaves_out_is_on_no_side_that_it_learns_from() -> None:
    rows = [row(f"{source}{at}", source) for source in SOURCES for at in range(3)]
    sides = split(rows, SplitRule(test=("blue",), holdout={"*": 0.2}, without=("red",)))
    assert {entry.source for entry in sides["test"]} == {"red", "blue"}
    people = [row("a", "red", "anna"), row("b", "grey", "anna"), row("c", "grey", "bert")]
    assert [entry.group for entry in split(people, SplitRule(without=("red",)))["train"]] == ["bert"]
    assert not {entry.source for side in ("train", "holdout", "validation") for entry in sides[side]} & {"red", "blue"}


@pytest.mark.parametrize(
    "rule",
    [
        {"folds": (("red",), ("red", "grey"))},
        {"folds": (("red",),), "test": ("red",)},
        {"folds": (("red",),), "validation": ("red",)},
    ],
    ids=str,
)
def test_a_source_stands_in_one_fold(rule: dict[str, object]) -> None:
    rows = [row(source, source) for source in SOURCES]
    with pytest.raises(LeakFound, match=r"red of split\.folds"):
        split(rows, SplitRule(**rule))  # type: ignore[arg-type]


def test_a_rule_is_read_from_a_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('name = "any"\n[split]\ntest = ["red"]\nholdout = {"*" = 0.1}\n')
    assert read_rule(recipe) == SplitRule(test=("red",), holdout={"*": 0.1})
    recipe.write_text('name = "any"\n')
    assert read_rule(recipe) == SplitRule()
    recipe.write_text('name = "any"\n[split]\nfolds = [["red", "grey"], ["green"]]\n')
    assert read_rule(recipe) == SplitRule(folds=(("red", "grey"), ("green",)))
    recipe.write_text('name = "any"\n[split]\nfolds = ["red", "grey"]\n')
    with pytest.raises(InvalidOption, match=r"split\.folds.*expected lists of sources"):
        read_rule(recipe)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (None, InvalidOption, "no such recipe"),
        ("[split", InvalidOption, "cannot be read"),
        ("[split]\ntset = []", UnknownOption, "Did you mean test"),
    ],
)
def test_a_recipe_without_a_readable_rule_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], words: str
) -> None:
    recipe = tmp_path / "recipe.toml"
    if text is not None:
        recipe.write_text(text)
    with pytest.raises(error, match=words):
        read_rule(recipe)


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ('validation = "red"', InvalidOption),
        ("test = [1]", InvalidOption),
        ("holdout = 0.5", InvalidOption),
        ('holdout = { red = "half" }', InvalidOption),
        ('tests = ["red"]', UnknownOption),
        ("test = [", InvalidOption),
    ],
)
def test_broken_rules_are_refused(tmp_path: Path, table: str, error: type[Exception]) -> None:
    (tmp_path / "recipe.toml").write_text(f"[split]\n{table}\n", encoding="utf-8")
    with pytest.raises(error):
        read_rule(tmp_path / "recipe.toml")


def test_a_rule_is_read_from_a_recipe_whatever_else_it_says(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'nonsense = 1\n[split]\ntest = ["a"]\nholdout = { "*" = 1 }\n', encoding="utf-8"
    )
    assert read_rule(tmp_path / "recipe.toml") == SplitRule(test=("a",), holdout={"*": 1})
    (tmp_path / "bare.toml").write_text("", encoding="utf-8")
    assert read_rule(tmp_path / "bare.toml") == SplitRule()
    with pytest.raises(InvalidOption, match="no such recipe"):
        read_rule(tmp_path / "gone.toml")


def test_an_official_split_decides_where_it_is_given() -> None:
    rows = [
        Row(Path(f"{side}{at}"), "image", 0, "s", "", f"{side}{at}", split=side)
        for at, side in enumerate(("train", "validation", "test", "holdout", ""))
    ]
    sides = split(rows, SplitRule(official=True, holdout={"*": 1.0}))
    assert {side: [row.split for row in same] for side, same in sides.items()} == {
        "train": ["train"],
        "holdout": ["holdout", ""],
        "validation": ["validation"],
        "test": ["test"],
    }
    assert {row.split for row in split(rows, SplitRule())["train"]} == {row.split for row in rows}


@pytest.mark.parametrize("key", ["official", "holdout_calibrates"])
def test_some_keys_must_be_true_or_false(key: str) -> None:
    with pytest.raises(InvalidOption, match=rf"split\.{key} is 'yes'; expected true or false"):
        split_rule({key: "yes"})
