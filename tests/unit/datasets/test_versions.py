"""Versions of manifests, growth, and the combined tree."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.unit.datasets.made import row
from unmask.core.errors import DatasetInvalid, InvalidOption, ManifestInvalid
from unmask.core.events import Advanced
from unmask.datasets import combine as room
from unmask.datasets.combine import combine
from unmask.datasets.grow import grow
from unmask.datasets.labelled import read_labelled
from unmask.datasets.manifest import Row, read_manifest, write_manifest
from unmask.datasets.versions import manifest_version, read_record, record_path, write_version

DAY = date(2026, 11, 21)


def file(path: Path, data: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data, encoding="utf-8")
    return path


def rows(folder: Path) -> list[Row]:
    return [
        row(str(file(folder / "a.png", "A")), 0, split="train"),
        row(str(file(folder / "b.png", "B")), 1, split="test"),
    ]


def test_columns_that_a_manifest_may_lack(tmp_path: Path) -> None:
    plain = [row(str(tmp_path / "a.png"))]
    write_manifest(plain, tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text().splitlines() == [
        "path,kind,label,source,method,group",
        f"a.png,image,real,s,,{tmp_path}/a.png",
    ]
    full = [row(str(tmp_path / "a.png"), split="test", compression="c23", sha256="ab")]
    write_manifest(full, tmp_path / "m.csv")
    assert read_manifest(tmp_path / "m.csv") == full


def test_a_manifest_elsewhere_finds_media_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_manifest([row("data/a.png")], Path("out/m.csv"))
    assert read_manifest(Path("out/m.csv"))[0].path == tmp_path / "data" / "a.png"


def test_versions_follow_each_other(tmp_path: Path) -> None:
    first, second = tmp_path / "faces.csv", tmp_path / "faces-v2.csv"
    record = write_version(rows(tmp_path), first, day=DAY)
    assert (record.name, record.version, record.rows) == ("faces", 1, {"image fake": 1, "image real": 1})
    grown = write_version(rows(tmp_path)[:1], second, day=DAY, parent=first, changes={"added": 0})
    assert (grown.name, grown.version, grown.date) == ("faces", 2, "2026-11-21")
    assert grown.parent == {"file": "faces.csv", "version": 1, "sha256": record.sha256}
    assert read_record(second) == grown
    known = manifest_version(second)
    assert (known.name, known.version, known.sha256) == ("faces", 2, grown.sha256)


def test_a_manifest_changed_by_hand_has_no_version(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    record = write_version(rows(tmp_path), path, day=DAY)
    path.write_text(path.read_text() + "\n")
    known = manifest_version(path)
    assert known.version is None
    assert known.sha256 != record.sha256


def test_without_a_record(tmp_path: Path) -> None:
    write_manifest(rows(tmp_path), tmp_path / "old.csv")
    assert manifest_version(tmp_path / "old.csv").version is None
    child = write_version(rows(tmp_path), tmp_path / "new.csv", day=DAY, parent=tmp_path / "old.csv")
    assert child.version == 2


@pytest.mark.parametrize("text", ["{", "{}", '{"name": 1, "unknown": 2}'])
def test_a_damaged_record(tmp_path: Path, text: str) -> None:
    write_manifest(rows(tmp_path), tmp_path / "m.csv")
    record_path(tmp_path / "m.csv").write_text(text)
    with pytest.raises(ManifestInvalid, match=r"m\.version\.json: the version record is damaged"):
        manifest_version(tmp_path / "m.csv")


def test_growth_leaves_out_what_is_there(tmp_path: Path) -> None:
    old = rows(tmp_path / "old")
    new = tmp_path / "new"
    brought = [
        row(str(file(new / "fresh.png", "C")), 1),
        row(str(file(new / "twin.png", "C")), 1),
        row(str(file(new / "again.png", "A")), 0),
        row(str(file(new / "turned.png", "B")), 0),
        row(str(file(new / "empty.png", "")), 0),
        row(str(new / "gone.png"), 0),
    ]
    heard: list[Advanced] = []
    growth = grow(old, brought, heard.append)
    assert [r.path.name for r in growth.rows] == ["a.png", "b.png", "fresh.png"]
    assert all(r.sha256 for r in growth.rows)
    assert growth.changes == {"added": 1, "duplicates": 2, "conflicts": 1, "unreadable": 2}
    assert "turned.png" in growth.notes[1]
    assert (heard[-1].done, heard[-1].total) == (8, 8)


def test_old_rows_whose_files_are_gone_stay(tmp_path: Path) -> None:
    growth = grow([row(str(tmp_path / "gone.png"), sha256="ab")], [])
    assert (len(growth.rows), growth.added) == (1, 0)


def test_new_media_as_people_bring_them(tmp_path: Path) -> None:
    file(tmp_path / "judged" / "x.png", "X")
    file(tmp_path / "judged" / "y.txt", "Y")
    (only,) = read_labelled(tmp_path / "judged", label="fake", source="web", method="").rows
    assert (only.label, only.source, only.method, only.group) == (1, "web", "unknown", "web:x.png")
    (single,) = read_labelled(tmp_path / "judged" / "x.png", label="real").rows
    assert (single.label, single.source, single.method) == (0, "judged", "")
    file(tmp_path / "tree" / "real" / "z.png", "Z")
    assert read_labelled(tmp_path / "tree").rows[0].label == 0
    write_manifest([row(str(tmp_path / "judged" / "x.png"), 1)], tmp_path / "m.csv")
    assert read_labelled(tmp_path / "m.csv").rows[0].label == 1


@pytest.mark.parametrize(
    ("name", "label", "error", "words"),
    [
        ("x.png", "", InvalidOption, "--label real or --label fake"),
        ("x.png", "fakee", InvalidOption, "expected real or fake"),
        ("gone", "fake", DatasetInvalid, "is not there"),
        ("x.bin", "fake", DatasetInvalid, "its suffix is that of no picture"),
    ],
)
def test_what_cannot_be_taken_in(tmp_path: Path, name: str, label: str, error: type[Exception], words: str) -> None:
    file(tmp_path / "x.png", "X")
    file(tmp_path / "x.bin", "X")
    with pytest.raises(error, match=words):
        read_labelled(tmp_path / name, label=label)


def test_the_combined_tree(tmp_path: Path) -> None:
    wanted = [*rows(tmp_path / "one"), *rows(tmp_path / "two"), row("gone.png", 0, split="validation")]
    kept = combine(wanted, tmp_path / "tree")
    names = [r.path.relative_to(tmp_path / "tree").as_posix() for r in kept]
    assert names == ["train/real/a.png", "test/fake/b.png", "train/real/a-2.png", "test/fake/b-2.png"]
    assert [r.path.read_text() for r in kept] == ["A", "B", "A", "B"]
    assert kept[0].path.stat().st_ino == (tmp_path / "one" / "a.png").stat().st_ino
    assert combine(wanted, tmp_path / "tree") == kept


def test_the_combined_tree_on_a_disk_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(room.os, "link", refuse)
    kept = combine(rows(tmp_path / "one"), tmp_path / "tree")
    assert [r.path.read_text() for r in kept] == ["A", "B"]
    assert not list((tmp_path / "tree").rglob("*.part"))


def test_what_cannot_be_combined(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="has no side"):
        combine([row("a.png")], tmp_path)
    with pytest.raises(DatasetInvalid, match="none of the 1 files"):
        combine([row("gone.png", split="test")], tmp_path)


def test_records_are_json_for_people(tmp_path: Path) -> None:
    write_version(rows(tmp_path), tmp_path / "m.csv", day=DAY, notes=["half"])
    assert json.loads(record_path(tmp_path / "m.csv").read_text())["notes"] == ["half"]
