"""Crops as a manifest, and media that give none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from tests.makers import images
from unmask.core.errors import DatasetInvalid
from unmask.datasets.manifest import Row, read_manifest
from unmask.extraction import pool
from unmask.extraction.faces import extract_faces


class Pool:
    """Runs jobs here; dies when it comes to a medium called ``killer``, as often as that happens."""

    def __init__(self, _workers: int, **_: object) -> None: ...

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, function: Callable[[Any], Any], jobs: list[Any], chunksize: int = 1) -> Iterator[Any]:
        for job in jobs:
            if job[0].path.stem == "killer":
                raise BrokenProcessPool
            yield function(job)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "ProcessPoolExecutor", Pool)


def test_crops_carry_what_is_known_of_their_medium(gallery: Path, tmp_path: Path, here: None) -> None:
    broken = images.cut(images.write_portrait(tmp_path / "broken.jpg"), 0.3)
    rows = [
        Row(gallery / "genuine.mp4", "video", 0, "s", "", "p1", "test", "c23", "ab"),
        Row(gallery / "faceless.png", "image", 0, "s", "", "p2"),
        Row(tmp_path / "killer.png", "image", 0, "s", "", "p3"),
        Row(broken, "image", 1, "s", "gan", "p4"),
        Row(gallery / "blue.png", "image", 1, "s", "gan", "p5", "train"),
        Row(gallery / "quiet.wav", "audio", 0, "s", "", "p6"),
    ]
    done = extract_faces(rows, tmp_path / "crops", frames=3, workers=1)
    cut = read_manifest(done.manifest)
    assert done.crops == 4
    assert [(r.kind, r.label, r.method, r.group, r.split, r.compression, r.sha256) for r in cut] == [
        *[("image", 0, "", "p1", "test", "c23", "")] * 3,
        ("image", 1, "gan", "p5", "train", "", ""),
    ]
    assert all(r.path.is_file() for r in cut)
    reasons = {Path(path).name: reason for path, reason in done.failed.items()}
    assert reasons["faceless.png"] == "no face"
    assert reasons["killer.png"] == "decoding it ended the process"
    assert "broken.jpg" in reasons["broken.jpg"]
    assert len(reasons) == 3
    again = extract_faces(rows, tmp_path / "crops", frames=3, workers=1)
    assert (again.crops, again.failed) == (done.crops, done.failed)


def test_no_face_at_all(gallery: Path, tmp_path: Path, here: None) -> None:
    with pytest.raises(DatasetInvalid, match=r"none of 1 media gave a face, for example .*faceless\.png: no face"):
        extract_faces([Row(gallery / "faceless.png", "image", 0, "s", "", "p")], tmp_path, frames=1, workers=1)
    with pytest.raises(DatasetInvalid, match="names no picture and no clip"):
        extract_faces([Row(gallery / "quiet.wav", "audio", 0, "s", "", "p")], tmp_path / "b", frames=1, workers=1)
