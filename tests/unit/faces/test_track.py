"""Linking faces to people: drawn boxes, and a fake embedding that reads a person's colour."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.core.records import Face, Frame
from unmask.faces.track import Linker, overlap

SIZE = (240, 320)
POINTS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]], np.float32)
ANNA, BORIS = (250, 10, 10), (10, 10, 250)


def embed(aligned: np.ndarray) -> np.ndarray:
    """A unit vector that is nearly the colour in the middle of the face."""
    colour = aligned[50:62, 50:62].reshape(-1, 3).mean(axis=0).astype(np.float32)
    vector = np.zeros(128, np.float32)
    vector[:3] = colour - 100
    return vector / np.linalg.norm(vector)


def shown(linker: Linker, index: int, time_s: float, *seen: tuple[tuple[int, int, int], int, int, int]) -> None:
    """Show a frame with squares of a colour at (left, top, side)."""
    pixels = np.full((*SIZE, 3), 128, np.uint8)
    faces = []
    for colour, left, top, side in seen:
        pixels[top : top + side, left : left + side] = colour
        points = POINTS * side + np.array([left, top], np.float32)
        faces.append(Face((left, top, left + side, top + side), points, 0.9, index, time_s))
    linker.add(Frame(index, time_s, pixels), faces)


def members(linker: Linker) -> list[tuple[int, ...]]:
    return [track.members for track in linker.tracks()]


def test_one_person_who_moves_is_one_track() -> None:
    linker = Linker(None)
    for index in range(10):
        shown(linker, index, index * 0.2, (ANNA, 20 + 10 * index, 60, 60))
    assert members(linker) == [tuple(range(10))]


def test_two_people_who_cross_stay_two() -> None:
    linker = Linker(None)
    for index in range(13):
        shown(linker, index, index * 0.1, (ANNA, 20 + 15 * index, 20, 70), (BORIS, 200 - 15 * index, 75, 70))
    assert sorted(members(linker)) == [tuple(range(0, 26, 2)), tuple(range(1, 26, 2))]


def test_the_order_of_faces_within_a_frame_does_not_matter() -> None:
    linker = Linker(None)
    for index in range(6):
        seen = [(ANNA, 20, 20, 70), (BORIS, 200, 20, 60)]
        shown(linker, index, index * 0.1, *(seen if index % 2 else seen[::-1]))
    assert members(linker)[0] == (1, 2, 5, 6, 9, 10)


@pytest.mark.parametrize(("gap_s", "people"), [(0.9, 1), (1.5, 2)])
def test_without_identity_only_a_short_gap_is_bridged(gap_s: float, people: int) -> None:
    linker = Linker(None)
    shown(linker, 0, 0.0, (ANNA, 50, 50, 60))
    shown(linker, 1, gap_s, (ANNA, 50, 50, 60))
    assert len(members(linker)) == people


def test_identity_joins_over_gaps_and_places() -> None:
    linker = Linker(embed)
    for index in range(4):
        left = (20, 200)[index % 2]
        shown(linker, index, index * 10.0, (ANNA, left, 50, 60), (BORIS, 220 - left, 60, 50))
    assert members(linker) == [(0, 2, 4, 6), (1, 3, 5, 7)]


def test_identity_keeps_different_people_apart_in_the_same_place() -> None:
    linker = Linker(embed)
    shown(linker, 0, 0.0, (ANNA, 50, 50, 60))
    shown(linker, 1, 5.0, (BORIS, 50, 50, 60))
    shown(linker, 2, 10.0, (ANNA, 50, 50, 60))
    assert sorted(members(linker)) == [(0, 2), (1,)]


def test_two_faces_of_one_frame_are_never_one_person() -> None:
    linker = Linker(embed)
    for index in range(3):
        shown(linker, index, index * 5.0, (ANNA, 20, 50, 60), (ANNA, 200, 50, 50))
    found = members(linker)
    assert len(found) >= 2
    for track in found:
        assert len({member // 2 for member in track}) == len(track)


def test_the_most_visible_person_is_the_first() -> None:
    linker = Linker(None)
    for index in range(6):
        seen = [(BORIS, 20, 50, 50)] + ([(ANNA, 150, 20, 120)] if index < 2 else [])
        shown(linker, index, index * 0.2, *seen)
    tracks = linker.tracks()
    assert [track.id for track in tracks] == [0, 1]
    assert tracks[0].members == (1, 3)  # 2 faces of 120 px weigh more than 6 of 50 px


def test_every_face_belongs_to_exactly_one_person() -> None:
    rng = np.random.default_rng(0)
    linker = Linker(embed)
    count = 0
    for index in range(30):
        seen = [
            ((ANNA, BORIS)[int(rng.integers(2))], int(rng.integers(0, 250)), int(rng.integers(0, 170)), 60)
            for _ in range(int(rng.integers(0, 4)))
        ]
        count += len(seen)
        shown(linker, index, index * float(rng.uniform(0.1, 2)), *seen)
    assert sorted(member for track in members(linker) for member in track) == list(range(count))


def test_nobody() -> None:
    linker = Linker(embed)
    shown(linker, 0, 0.0)
    assert linker.tracks() == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0.0),
        ((0, 0, 2, 2), (5, 5, 6, 6), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
    ],
    ids=["same", "half", "touching", "apart", "empty", "inside"],
)
def test_overlap(one, other, expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected)
    assert overlap(other, one) == pytest.approx(expected)
