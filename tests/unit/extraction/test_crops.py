"""The cache of crops: what is cut, and that a stopped run goes on."""

from __future__ import annotations

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.makers import people
from unmask.core.errors import DiskFull
from unmask.datasets.manifest import Row
from unmask.extraction import crops as room
from unmask.extraction import pool
from unmask.extraction.crops import CACHE_MARGIN, CACHE_PX, cut_crops


def rows(gallery: Path, *names: str) -> list[Row]:
    kinds = {".png": "image", ".mp4": "video"}
    return [Row(gallery / name, kinds[Path(name).suffix], int("blue" in name), "s", "", name) for name in names]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the media that are opened; cutting runs in this process."""
    opened: list[str] = []
    cut = room._cut

    class Here:
        def __init__(self, _workers: int, **_: object) -> None: ...

        def __enter__(self) -> Here:
            return self

        def __exit__(self, *_: object) -> None: ...

        def map(self, function, items, chunksize: int = 1):
            return map(function, items)

    def watched(job: tuple[Row, Path, int]) -> list[list[str]]:
        opened.append(job[0].path.name)
        return cut(job)

    monkeypatch.setattr(pool, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(room, "_cut", watched)
    return opened


def test_pictures_and_clips_in_order_of_the_rows(gallery: Path, tmp_path: Path, counted: list[str]) -> None:
    wanted = rows(gallery, "genuine.mp4", "faceless.png", "blue.png")
    found = cut_crops(wanted, tmp_path, frames=4)
    assert [Path(crop.medium).name for crop in found] == ["genuine.mp4"] * 4 + ["blue.png"]
    assert [crop.label for crop in found] == [0, 0, 0, 0, 1]
    assert counted == ["genuine.mp4", "faceless.png", "blue.png"]
    for crop in found:
        pixels = room.cv2.imread(str(crop.path))
        assert pixels.shape[0] == pixels.shape[1] <= CACHE_PX
        eyes, mouth = crop.landmarks_px[:2].mean(axis=0), crop.landmarks_px[3:].mean(axis=0)
        assert (np.abs(crop.landmarks_px / pixels.shape[0] - 0.5) < 0.3).all()
        assert eyes[1] < mouth[1]


def test_the_crop_shows_the_face_at_its_own_size(gallery: Path, tmp_path: Path, counted: list[str]) -> None:
    (crop,) = cut_crops(rows(gallery, "genuine.png"), tmp_path)
    height = people.FACE_BOX[3] - people.FACE_BOX[1]
    assert room.cv2.imread(str(crop.path)).shape[0] == pytest.approx(CACHE_MARGIN * height, abs=6)
    assert counted


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_landmarks_of_turned_faces_follow_the_crop(tmp_path: Path, counted: list[str], turns: int) -> None:
    from tests.makers.images import write_image

    write_image(tmp_path / "a.png", people.portrait())
    write_image(tmp_path / "b.png", np.ascontiguousarray(np.rot90(people.portrait(), turns)))
    upright, turned = cut_crops(rows(tmp_path, "a.png", "b.png"), tmp_path / "cache")
    assert turned.landmarks_px == pytest.approx(upright.landmarks_px, abs=8)
    assert len(counted) == 2


def test_nothing_is_cut_twice(gallery: Path, tmp_path: Path, counted: list[str]) -> None:
    wanted = rows(gallery, "genuine.png", "faceless.png", "blue.mp4")
    first = cut_crops(wanted[:2], tmp_path, frames=3)
    second = cut_crops(wanted, tmp_path, frames=3)
    third = cut_crops(wanted, tmp_path, frames=3)
    assert counted == ["genuine.png", "faceless.png", "blue.mp4"]
    assert [crop.path for crop in second] == [crop.path for crop in third]
    assert first[0].path == second[0].path
    assert (first[0].landmarks_px == second[0].landmarks_px).all() or np.abs(
        first[0].landmarks_px - second[0].landmarks_px
    ).max() <= 0.1


@pytest.mark.parametrize("lost", [1, 8, 40, 60])
def test_a_line_that_was_cut_off_does_not_stop_the_next_run(
    gallery: Path, tmp_path: Path, counted: list[str], lost: int
) -> None:
    wanted = rows(gallery, "genuine.png", "blue.png")
    whole = cut_crops(wanted, tmp_path)
    index = tmp_path / "crops.csv"
    index.write_bytes(index.read_bytes()[:-lost])
    again = cut_crops(wanted, tmp_path)
    assert [crop.path for crop in again] == [crop.path for crop in whole]
    assert [crop.landmarks_px.tolist() for crop in cut_crops(wanted, tmp_path)] == [
        crop.landmarks_px.tolist() for crop in again
    ]
    assert counted[2:] == ["blue.png"]


def test_broken_media_give_no_crop_and_are_not_tried_again(tmp_path: Path, counted: list[str]) -> None:
    (tmp_path / "a.png").write_text("hello")
    wanted = rows(tmp_path, "a.png", "gone.png")
    assert cut_crops(wanted, tmp_path / "cache") == []
    assert cut_crops(wanted, tmp_path / "cache") == []
    assert counted == ["a.png", "gone.png"]


def test_a_real_pool_cuts_the_same(gallery: Path, tmp_path: Path) -> None:
    wanted = rows(gallery, "genuine.png", "blue.png")
    heard: list[int] = []
    found = cut_crops(wanted, tmp_path, workers=2, listener=lambda event: heard.append(event.done))
    assert [crop.label for crop in found] == [0, 1]
    assert heard == [1, 2]


def test_a_full_disk_is_named_and_what_was_cut_is_kept(
    gallery: Path, tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, write = rows(gallery, "genuine.png", "blue.png"), Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if len(counted) == 2:
            write(path, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(DiskFull, match="free some space"):
            cut_crops(wanted, tmp_path)
    found = cut_crops(wanted, tmp_path)
    assert counted == ["genuine.png", "blue.png", "blue.png"]
    assert [cv2.imread(str(crop.path)) is not None for crop in found] == [True, True]
