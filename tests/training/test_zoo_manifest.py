"""What the zoo leaves out of labelled media, so that no group stands on two sides of the split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architecture.places import ROOT
from unmask.core.errors import LeakFound, ManifestInvalid
from unmask.datasets.manifest import Row, read_manifest, write_manifest
from unmask.datasets.split import SplitRule, split
from unmask.training.recipe import read_recipe
from zoo.manifest import KINDS, one_side, prepared, without

RULE = SplitRule(validation=("green", "pale"), test=("blue", "dark"), holdout={"grey": 1.0})


def row(name: str, source: str, group: str, kind: str = "image") -> Row:
    return Row(Path(name), kind, 0, source, "", group)


def table(*facts: str) -> list[Row]:
    """Rows from words such as ``red:anna``, a source and a group; every source has a row of its own besides."""
    own = [f"{source}:only {source}" for source in ("red", "grey", "green", "pale", "blue", "dark")]
    return [row(f"{at}.png", *fact.split(":")) for at, fact in enumerate([*facts, *own])]


def lost(rows: list[Row], rule: SplitRule = RULE) -> list[str]:
    kept = one_side(rows, rule)
    assert [entry for entry in rows if entry in kept] == kept
    return [f"{entry.source}:{entry.group}" for entry in rows if entry not in kept]


def test_training_comes_before_the_holdout_then_validation_then_test() -> None:
    assert lost(table("blue:anna", "green:anna", "grey:anna", "red:anna")) == ["blue:anna", "green:anna", "grey:anna"]
    assert lost(table("blue:anna", "green:anna", "grey:anna")) == ["blue:anna", "green:anna"]
    assert lost(table("blue:anna", "blue:anna", "green:anna")) == ["blue:anna", "blue:anna"]
    assert lost(table("red:anna", "red:anna", "blue:bert", "dark:bert")) == []


def test_a_source_keeps_its_last_row_at_the_cost_of_another_side() -> None:
    rows = [*table("red:anna", "red:bert"), row("a.png", "tiny", "anna"), row("b.png", "tiny", "bert")]
    rule = SplitRule(validation=("tiny",), test=("blue", "dark"))
    assert lost(rows, rule) == ["red:bert", "tiny:anna"]


def test_where_a_source_must_go_it_is_as_few_as_can_be(tmp_path: Path) -> None:
    facts = ("red:x", "green:x", "pale:x", "blue:x", "blue:x", "dark:x")
    rows = [row(f"{at}.png", *fact.split(":")) for at, fact in enumerate(facts)] + [row("own.png", "red", "own")]
    write_manifest(rows, tmp_path / "all.csv")
    rule = SplitRule(validation=("green", "pale"), test=("blue", "dark"), holdout={"green": 0.5, "*": 0.0})
    found = prepared(tmp_path / "all.csv", tmp_path / "out" / "manifest.csv", rule, kinds=("image",))
    assert [entry.source for entry in read_manifest(found.manifest)] == ["blue", "blue", "dark", "red"]
    assert found.gone == ("green", "pale")
    assert "3 of 7 rows were left out" in found.notes[0]
    assert "another side of the split: red 1, green 1, pale 1." in found.notes[0]
    assert found.notes[1] == "Nothing is left of green, pale; this run's split does not name them."
    assert without(rule, found.gone) == SplitRule(test=("blue", "dark"), holdout={"*": 0.0})


@given(st.lists(st.tuples(st.sampled_from(("red", "grey", "green", "pale", "blue", "dark")), st.integers(0, 8))))
@settings(deadline=None)
def test_what_is_left_is_never_refused_and_only_shared_groups_lose_rows(facts: list[tuple[str, int]]) -> None:
    rows = table(*[f"{source}:{group}" for source, group in facts])
    kept = one_side(rows, RULE)
    sides = split(kept, RULE)
    assert Counter(entry.path for found in sides.values() for entry in found) == Counter(entry.path for entry in kept)
    assert {entry.group for entry in rows} == {entry.group for entry in kept}
    assert {entry.source for entry in rows} == {entry.source for entry in kept}
    assert one_side(kept, RULE) == kept


def test_a_manifest_without_shared_groups_stays_whole(tmp_path: Path) -> None:
    write_manifest([*table("red:anna"), row("voice.wav", "red", "anna", "audio")], tmp_path / "all.csv")
    found = prepared(tmp_path / "all.csv", tmp_path / "manifest.csv", RULE, kinds=KINDS["face"])
    assert [entry.path.name for entry in read_manifest(found.manifest)] == [f"{at}.png" for at in range(7)]
    assert (found.gone, found.notes) == ((), ())
    recipe = read_recipe(ROOT / "recipes" / "zoo" / "lite0.toml")
    assert found.fitted(recipe) == recipe


def test_media_are_found_from_another_folder(tmp_path: Path) -> None:
    write_manifest(table(), tmp_path / "media" / "all.csv")
    found = prepared(tmp_path / "media" / "all.csv", tmp_path / "out" / "manifest.csv", RULE, kinds=("image",))
    wanted = [entry.path.absolute() for entry in read_manifest(tmp_path / "media" / "all.csv")]
    assert [entry.path for entry in read_manifest(found.manifest)] == wanted


def test_what_the_zoo_cannot_prepare(tmp_path: Path) -> None:
    write_manifest([entry for entry in table() if entry.source != "dark"], tmp_path / "all.csv")
    with pytest.raises(ManifestInvalid, match="names the source 'dark', which the manifest lacks"):
        prepared(tmp_path / "all.csv", tmp_path / "out.csv", RULE, kinds=("image",))
    write_manifest([*table(), row("0.png", "blue", "another")], tmp_path / "all.csv")
    with pytest.raises(LeakFound, match=r"0\.png stands in"):
        prepared(tmp_path / "all.csv", tmp_path / "out.csv", RULE, kinds=("image",))
    with pytest.raises(ManifestInvalid, match="no such file"):
        prepared(tmp_path / "gone.csv", tmp_path / "out.csv", RULE, kinds=("image",))
    assert not (tmp_path / "out.csv").exists()


def test_a_recipe_does_not_name_what_is_gone(tmp_path: Path) -> None:
    recipe = read_recipe(ROOT / "recipes" / "zoo" / "lite0.toml")
    rule = SplitRule(("a", "b"), ("c",), {"*": 0.1, "d": 0.2}, (("e", "f"), ("g",)), ("h",))
    assert without(rule, ("b", "c", "d", "f", "g", "h")) == SplitRule(("a",), (), {"*": 0.1}, (("e",),))
    assert without(recipe.split, ()) == recipe.split
