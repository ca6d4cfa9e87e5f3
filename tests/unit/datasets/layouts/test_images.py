"""Picture sets: 140k faces, expert composites, both combined, and folders called real and fake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.datasets.layouts.trees import notes, plant, read, table, write
from unmask.core.errors import DatasetInvalid

_HEADER = ",original_path,id,label,label_str,path\n"


def test_140k_faces(tmp_path: Path) -> None:
    inside = "real_vs_fake/real-vs-fake"
    plant(
        tmp_path,
        f"{inside}/train/real/31355.jpg",
        f"{inside}/train/fake/0A1B2C3D4E.jpg",
        f"{inside}/valid/real/00003.jpg",
        f"{inside}/test/fake/ZZZZZZZZZZ.jpg",
    )
    write(tmp_path / "train.csv", f"{_HEADER}0,/x/31355.jpg,31355,1,real,train/real/31355.jpg\n")
    write(tmp_path / "valid.csv", f"{_HEADER}0,/x/00003.jpg,00003,1,real,valid/real/00003.jpg\n")
    write(
        tmp_path / "test.csv",
        f"{_HEADER}0,/x/Z,ZZZZZZZZZZ,0,fake,test/fake/ZZZZZZZZZZ.jpg\n1,/x/Y,YYYYYYYYYY,0,fake,test/fake/YYYYYYYYYY.jpg\n",
    )
    found = read("140k-faces", tmp_path)
    assert table(found, "label", "method", "split", "group") == {
        f"{inside}/train/real/31355.jpg": (0, "", "train", "140k-faces:31355"),
        f"{inside}/train/fake/0A1B2C3D4E.jpg": (1, "stylegan", "train", "140k-faces:0A1B2C3D4E"),
        f"{inside}/valid/real/00003.jpg": (0, "", "validation", "140k-faces:00003"),
        f"{inside}/test/fake/ZZZZZZZZZZ.jpg": (1, "stylegan", "test", "140k-faces:ZZZZZZZZZZ"),
    }
    assert found.notes == ["test.csv names files that are not here: 1, for example test/fake/YYYYYYYYYY.jpg."]


def test_140k_faces_without_tables_and_from_its_inner_folder(tmp_path: Path) -> None:
    plant(tmp_path, "train/real/31355.jpg", "train/fake/0A1B2C3D4E.jpg")
    found = read("140k-faces", tmp_path)
    assert len(found.rows) == 2
    assert "train.csv is missing" in notes(found)


def test_real_and_fake_face_detection(tmp_path: Path) -> None:
    inside = "real_and_fake_face"
    plant(
        tmp_path,
        f"{inside}/training_real/real_00001.jpg",
        f"{inside}/training_fake/easy_1_1110.jpg",
        f"{inside}/training_fake/hard_20_0001.jpg",
    )
    found = read("real-and-fake-face-detection", tmp_path)
    assert table(found, "label", "method", "split") == {
        f"{inside}/training_real/real_00001.jpg": (0, "", ""),
        f"{inside}/training_fake/easy_1_1110.jpg": (1, "composite-1110", ""),
        f"{inside}/training_fake/hard_20_0001.jpg": (1, "composite-0001", ""),
    }
    assert not found.notes


def test_half_of_real_and_fake_face_detection(tmp_path: Path) -> None:
    found = read("real-and-fake-face-detection", plant(tmp_path, "training_fake/mid_1_1111.jpg"))
    assert "The folder training_real is missing." in notes(found)
    assert "Only forged media" in notes(found)


def test_both_combined(tmp_path: Path) -> None:
    plant(tmp_path, "train/real/31355.jpg", "train/real/real_00001.jpg", "train/real/me.jpg")
    plant(tmp_path, "valid/fake/0A1B2C3D4E.jpg", "test/fake/mid_3_0110.jpg")
    found = read("combined-faces", tmp_path)
    assert table(found, "source", "label", "method", "split") == {
        "train/real/31355.jpg": ("140k-faces", 0, "", "train"),
        "train/real/real_00001.jpg": ("real-and-fake-face-detection", 0, "", "train"),
        "train/real/me.jpg": (tmp_path.name, 0, "", "train"),
        "valid/fake/0A1B2C3D4E.jpg": ("140k-faces", 1, "stylegan", "validation"),
        "test/fake/mid_3_0110.jpg": ("real-and-fake-face-detection", 1, "composite-0110", "test"),
    }
    assert "Names of neither dataset" in notes(found)


def test_folders(tmp_path: Path) -> None:
    plant(
        tmp_path, "real/a.png", "Fake/stylegan/b.jpg", "test/fake/c.mp4", "fake/train/d.wav", "else/e.png", "real/x.txt"
    )
    found = read("folders", tmp_path)
    assert table(found, "label", "kind", "method", "split") == {
        "real/a.png": (0, "image", "", ""),
        "Fake/stylegan/b.jpg": (1, "image", "stylegan", ""),
        "test/fake/c.mp4": (1, "video", "unknown", "test"),
        "fake/train/d.wav": (1, "audio", "unknown", "train"),
    }
    assert {row.source for row in found.rows} == {tmp_path.name}
    assert len({row.group for row in found.rows}) == 4
    assert "left out: 1" in notes(found)


def test_unfinished_hidden_and_looping(tmp_path: Path) -> None:
    plant(tmp_path, "real/a.png", "fake/b.png", "fake/c.mp4.part", "real/.d.png", "__MACOSX/real/e.png")
    (tmp_path / "real" / "again").symlink_to(tmp_path)
    found = read("folders", tmp_path)
    assert sorted(table(found)) == ["fake/b.png", "real/a.png"]
    assert "Unfinished downloads were left out: 1, for example c.mp4.part." in notes(found)


def test_a_name_that_is_no_utf8_is_left_out_and_named(tmp_path: Path) -> None:
    plant(tmp_path, "real/a.png", "fake/b.png")
    (tmp_path / "fake" / "caf\udce9.png").touch()
    found = read("folders", tmp_path)
    assert len(found.rows) == 2
    assert r"caf\udce9.png" in notes(found)


def test_a_root_that_is_no_utf8(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"caf\\udce9: nothing .* no UTF-8 were left out; rename them: 1"):
        read("folders", plant(tmp_path / "caf\udce9", "real/a.png"))


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "real/a.png", "fake/b.png")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("fake"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "may not be read were left out; change their mode: 1" in notes(read("folders", tmp_path))


@pytest.mark.parametrize("layout", ["140k-faces", "real-and-fake-face-detection", "combined-faces", "folders"])
def test_an_empty_folder(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DatasetInvalid, match="nothing of this layout"):
        read(layout, tmp_path)
