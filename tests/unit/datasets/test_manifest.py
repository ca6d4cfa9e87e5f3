from __future__ import annotations

from pathlib import Path

import pytest

from unmask.core.errors import ManifestInvalid
from unmask.datasets.manifest import Row, read_manifest, write_manifest

HEAD = "path,kind,label,source,method,group\n"


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_round_trip(tmp_path: Path) -> None:
    rows = [
        Row(tmp_path / "a b.jpg", "image", 0, "camera, roll", "", 'the "first"'),
        Row(tmp_path / "deep" / "ü.mp4", "video", 1, "demo", "face swap", "p1"),
        Row(Path("/elsewhere/c.wav"), "audio", 1, "demo", "tts", "p2"),
    ]
    write_manifest(rows, tmp_path / "manifest.csv")
    assert read_manifest(tmp_path / "manifest.csv") == rows
    assert str(tmp_path) not in (tmp_path / "manifest.csv").read_text(encoding="utf-8")


def test_a_moved_folder_keeps_its_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    write_manifest([Row(folder / "a.jpg", "image", 0, "s", "", "g")], folder / "m.csv")
    folder.rename(tmp_path / "two")
    assert read_manifest(tmp_path / "two" / "m.csv")[0].path == tmp_path / "two" / "a.jpg"


def test_labels_are_zero_for_real_and_one_for_fake(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", HEAD + "a,image,real,s,,g\nb,image,fake,s,,g\n")
    assert [row.label for row in read_manifest(path)] == [0, 1]


def test_more_columns_and_any_order_are_welcome(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", "note,label,group,method,source,kind,path\nhi,fake,g,m,s,video,a.mp4\n")
    assert read_manifest(path) == [Row(tmp_path / "a.mp4", "video", 1, "s", "m", "g")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", HEAD + "a,image,real,s,,g\n", encoding="utf-8-sig")
    assert len(read_manifest(path)) == 1


def test_a_row_without_group_is_its_own_group(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", HEAD + "a,image,real,s,,\nb,image,fake,s,,\n")
    assert len({row.group for row in read_manifest(path)}) == 2


def test_kinds_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", HEAD + "a,image,real,s,,\nb,audio,fake,s,,\n")
    assert [row.kind for row in read_manifest(path, kind="audio")] == ["audio"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks the columns group, kind"),
        ("path,label\n", "lacks the columns group, kind, method, source"),
        (HEAD + "a,image,FAKE,s,,g\n", "line 2: the label is 'FAKE'"),
        (HEAD + "a,image,real,s,,g\na,image,1,s,,g\n", "line 3"),
        (HEAD + "a\n", "line 2"),
        ("label,kind,source,method,group,path\nreal,image,s,m,g\n", "line 2"),
        ("label,path,kind,source,method,group\nreal,a\n", "line 2"),
    ],
    ids=["empty", "columns", "label", "later line", "short row", "no path", "no kind"],
)
def test_broken_manifests_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ManifestInvalid, match=words):
        read_manifest(write(tmp_path / "m.csv", text))


def test_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00\x80path")
    with pytest.raises(ManifestInvalid, match=r"m\.csv"):
        read_manifest(tmp_path / "m.csv")


def test_missing_manifest_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="path, kind, label, source, method, group"):
        read_manifest(tmp_path / "m.csv")


def test_further_columns_are_kept_when_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", HEAD.replace("\n", ",age,sex\n") + "a,image,real,s,,g,7,f\n")
    (row,) = read_manifest(path, extra=("age", "sex"))
    assert row.extra == {"age": "7", "sex": "f"}
    assert read_manifest(path) == [row]
    with pytest.raises(ManifestInvalid, match="lacks the columns height; it has"):
        read_manifest(path, extra=("height",))
