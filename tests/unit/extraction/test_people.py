"""The same person under two groups, on two sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers import people
from tests.makers.images import write_image
from unmask.core.records import F32Array
from unmask.datasets.manifest import Row
from unmask.extraction.people import SURELY_SAME, recurrences, recurring_people, same_people


def row(path: Path | str, group: str, side: str, kind: str = "image") -> Row:
    return Row(Path(path), kind, 0, "s", "", group, split=side)


def towards(degrees: float) -> F32Array:
    turn = np.deg2rad(degrees)
    return np.array([np.cos(turn), np.sin(turn), 0], np.float32)


@pytest.fixture
def wanted(gallery: Path, tmp_path: Path) -> list[Row]:
    """One person cropped, mirrored and in a clip, which perceptual hashes do not see through."""
    write_image(tmp_path / "mirrored.jpg", np.ascontiguousarray(people.bust()[:, ::-1]), image_format="JPEG")
    (tmp_path / "broken.png").write_text("hello")
    return [
        row(gallery / "genuine.png", "ours", "train"),
        row(tmp_path / "mirrored.jpg", "theirs", "test"),
        row(gallery / "genuine.mp4", "a clip", "validation", "video"),
        row(gallery / "faceless.png", "nobody", "test"),
        row(tmp_path / "broken.png", "broken", "test"),
        row(tmp_path / "gone.png", "gone", "test"),
        row(gallery / "quiet.wav", "sound", "test", "audio"),
        row(gallery / "genuine.png", "undecided", ""),
    ]


def test_one_face_is_found_in_all_its_forms(wanted: list[Row]) -> None:
    heard: list[tuple[int, int]] = []
    found = recurring_people(wanted, workers=2, listener=lambda event: heard.append((event.done, event.total)))
    assert {frozenset((entry.first.group, entry.second.group)) for entry in found} == {
        frozenset(("ours", "theirs")),
        frozenset(("ours", "a clip")),
        frozenset(("theirs", "a clip")),
    }
    assert all(SURELY_SAME <= entry.likeness <= 1.0001 for entry in found)
    assert heard == [(done, 6) for done in range(1, 7)]  # Neither sound nor what has no side.


def test_who_is_the_same_whatever_the_side(wanted: list[Row]) -> None:
    again = [*wanted, replace(wanted[0], split="test")]  # One group: nothing to tell.
    assert set(same_people(again)) == {(0, 1), (0, 2), (1, 2), (0, 7), (1, 7), (2, 7), (1, 8), (2, 8), (7, 8)}
    assert same_people([]) == []


def test_only_other_sides_under_other_groups_count_and_the_likest_pair_speaks() -> None:
    rows = [
        row("a", "one", "train"),
        row("b", "one", "train"),
        row("c", "two", "test"),
        row("d", "two", "test"),
        row("e", "one", "test"),  # A leak that the names of groups tell.
        row("f", "three", "train"),  # The same side.
        row("g", "four", "test"),
    ]
    prints = [towards(0), towards(20), towards(30), towards(45), towards(0), towards(0), None]
    likest, other = recurrences(rows, prints, least=0.9)
    assert {likest.first.path.name, likest.second.path.name} == {"e", "f"}
    assert likest.likeness == pytest.approx(1.0)
    assert (other.first.path.name, other.second.path.name) == ("b", "c")
    assert other.likeness == pytest.approx(np.cos(np.deg2rad(10)), abs=1e-4)
    assert recurrences(rows[:4], [None] * 4) == []
    assert recurrences([], []) == []


def test_many_are_compared_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    from unmask.extraction import people as room

    rng = np.random.default_rng(0)
    prints = [vector / np.linalg.norm(vector) for vector in rng.normal(size=(40, 128)).astype(np.float32)]
    prints[33] = prints[4]
    rows = [row(str(at), str(at), "train" if at < 20 else "test") for at in range(40)]
    monkeypatch.setattr(room, "_AT_ONCE", 7)
    (found,) = recurrences(rows, prints)
    assert (found.first.path.name, found.second.path.name) == ("4", "33")
