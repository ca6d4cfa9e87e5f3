"""Leaving sources and methods out: what each fold may see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.evaluate.made import drawn, silent
from unmask.core.errors import DataError, InvalidOption
from unmask.datasets.manifest import Row
from unmask.datasets.split import SplitRule, split
from unmask.evaluate.trials.leave_out import LEAST, folds, judged, outcome, write_outcomes

pytest.importorskip("matplotlib")

RULE = SplitRule(validation=("gone",), test=("far",), holdout={"*": 0.4, "gone": 0.1})


def rows(source: str, label: int, method: str = "", *, count: int = 20, group: str = "") -> list[Row]:
    return [
        Row(Path(f"{source}-{label}-{method}-{at}"), "image", label, source, method, f"{group or source}{label}{at}")
        for at in range(count)
    ]


MEDIA = [*rows("a", 0), *rows("b", 0), *rows("c", 1, "swap"), *rows("d", 1, "talk"), *rows("tiny", 1, "rare", count=2)]


def test_each_source_is_left_out_once() -> None:
    found = list(folds(MEDIA, "source", RULE))
    assert [fold.name for fold in found] == ["a", "b", "c", "d"]
    for fold in found:
        sides = split(fold.rows, fold.rule)
        assert {row.path for row in sides["test"]} == {row.path for row in MEDIA if row.source == fold.name}
        assert sides["validation"] == []
        assert 0.1 < len(sides["holdout"]) / len(fold.rows) < 0.6


def test_a_one_sided_source_is_held_against_unseen_media_of_the_other_label() -> None:
    fold = next(fold for fold in folds(MEDIA, "source", RULE) if fold.name == "c")
    sides = split(fold.rows, fold.rule)
    test = judged(sides)
    assert {row.label for row in test} == {0, 1}
    trained = {row.path for row in sides["train"]}
    assert not trained & {row.path for row in test}
    assert all(row.source == "left out: c" for row in test if row.label)


def test_a_method_takes_its_originals_along_and_drops_their_other_forgeries() -> None:
    originals = rows("set", 0, group="clip")
    first = [replace(row, label=1, method="swap", path=Path(f"swap-{row.path}")) for row in originals[:10]]
    second = [replace(row, label=1, method="talk", path=Path(f"talk-{row.path}")) for row in originals[5:]]
    fold = next(fold for fold in folds([*originals, *first, *second], "method", RULE) if fold.name == "swap")
    sides = split(fold.rows, fold.rule)
    assert sorted(row.method for row in sides["test"]) == [""] * 10 + ["swap"] * 10
    assert len(fold.rows) == 20 + 10 + 10
    assert all(row.method != "swap" for row in sides["train"])


def test_official_splits_do_not_overrule_the_fold() -> None:
    official = [replace(row, split="test") for row in MEDIA]
    fold = next(iter(folds(official, "source", RULE)))
    assert len(split(fold.rows, fold.rule)["train"]) > 20


def test_what_cannot_be_left_out() -> None:
    with pytest.raises(InvalidOption, match="Did you mean source"):
        list(folds(MEDIA, "sorce", RULE))
    with pytest.raises(DataError, match="two sources of at least"):
        list(folds(rows("a", 0, count=LEAST), "source", RULE))


def test_one_table_with_every_fold(tmp_path: Path) -> None:
    good = outcome("a", [*drawn(20, 0, -1.0), *drawn(20, 1, 1.0), silent(0)])
    bare = outcome("b", [*drawn(5, 1, 0.0)])
    assert (good.real, good.fake, good.abstained) == (20, 20, 1)
    text = write_outcomes([good, bare], "source", tmp_path, title="tiny")
    assert "| a | 0." in text
    assert "| b | no genuine medium was answered |" in text
    assert {path.name for path in tmp_path.iterdir()} == {"leave-out.json", "leave-out.md", "leave-out.png"}
    found = json.loads((tmp_path / "leave-out.json").read_text(encoding="utf-8"))
    assert [fold["name"] for fold in found["folds"]] == ["a", "b"]
