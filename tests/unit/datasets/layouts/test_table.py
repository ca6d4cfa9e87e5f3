"""Any CSV table, and what index refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.datasets.layouts.trees import notes, plant, read, write
from unmask.core.errors import DatasetInvalid, InvalidOption, ManifestInvalid, UnknownOption
from unmask.core.events import Advanced
from unmask.datasets.found import Wish
from unmask.datasets.index import LAYOUTS, index_dataset


def test_a_manifest_is_a_table(tmp_path: Path) -> None:
    plant(tmp_path, "a.png", "b.wav")
    path = write(
        tmp_path / "m.csv",
        "path,kind,label,source,method,group,split,sha256\na.png,image,real,s,,p1,val,ab\nb.wav,audio,fake,t,tts,,odd,\n",
    )
    first, second = read("csv", path).rows
    assert (first.path, first.label, first.source, first.group) == (tmp_path / "a.png", 0, "s", "p1")
    assert (first.split, first.sha256) == ("validation", "ab")
    assert (second.kind, second.method, second.group, second.split) == ("audio", "tts", "t:b.wav", "")


def test_columns_and_words_of_others(tmp_path: Path) -> None:
    plant(tmp_path, "pics/a.jpg", "pics/b.jpg")
    path = write(tmp_path / "theirs.csv", "file;x\n".replace(";", ",") + "pics/a.jpg,1\npics/b.jpg,0\npics/c.jpg,0\n")
    wish = Wish("mine", {"path": "file", "label": "x"}, ("1",), ("0",))
    found = read("csv", path, wish)
    assert [(row.label, row.source, row.kind) for row in found.rows] == [(0, "mine", "image"), (1, "mine", "image")]
    assert "pics/c.jpg" in notes(found)


@pytest.mark.parametrize(
    ("text", "wish", "error", "words"),
    [
        ("path,label\na.png,1\n", Wish(), ManifestInvalid, "--real VALUE --fake VALUE"),
        ("file,label\na.png,real\n", Wish(), ManifestInvalid, "lacks the columns path; it has file, label"),
        ("path,label\na.png,real\n", Wish(columns={"paht": "path"}), InvalidOption, "no column 'paht'"),
        ("path,label\na.png,real\n", Wish(columns={"group": "who"}), ManifestInvalid, "lacks the columns who"),
        ("path,label\ngone.png,real\n", Wish(), DatasetInvalid, "The table names files that are not here: 1"),
        ("path,label\na,real\n", Wish(), DatasetInvalid, "neither kind nor suffix"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, wish: Wish, error: type[Exception], words: str) -> None:
    plant(tmp_path, "a.png", "a")
    with pytest.raises(error, match=words):
        read("csv", write(tmp_path / "t.csv", text), wish)


def test_an_unknown_layout_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownOption, match=r"Did you mean celeb-df-v\d, celeb-df-v\d"):
        read("celeb-df", tmp_path)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_path_that_is_not_there(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DatasetInvalid, match="not there, or of the wrong kind"):
        read(layout, tmp_path / "nowhere")


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"csv"}))
def test_an_empty_folder_is_refused_by_all(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DatasetInvalid, match=str(tmp_path)):
        read(layout, tmp_path)


def test_a_large_tree_tells_its_progress(tmp_path: Path) -> None:
    plant(tmp_path, *(f"real/{number}.png" for number in range(501)), "fake/a.png")
    heard: list[Advanced] = []
    index_dataset("folders", tmp_path, listener=heard.append)
    assert [event.done for event in heard] == [500]
