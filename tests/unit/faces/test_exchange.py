"""Another person's face in the same place: prints made by hand, two people a right angle apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unmask.core.records import Face, Frame, Track
from unmask.faces.exchange import (
    CLEAR,
    FEWEST_CLEAR,
    HINT,
    MOST_PRINTS,
    FacePrint,
    exchange,
    print_every,
    scene_of,
    seats,
    shows_who,
    worth_a_look,
)

ROOM, STREET = np.full((36, 64), 90, np.uint8), np.full((36, 64), 160, np.uint8)
NOBODY = np.zeros((112, 112, 3), np.uint8)
HEAD = (400.0, 200.0, 500.0, 320.0)


def seat(who: str, *, scenes: str = "", step_s: float = 0.2) -> list[FacePrint]:
    """One print a letter; ``a`` and ``b`` look unlike, a scene of ``s`` is the street, every other one the room."""
    rng = np.random.default_rng(3)
    found = []
    for place, letter in enumerate(who):
        vector = np.zeros(128) + rng.normal(0, 0.02, 128)
        vector["ab".index(letter)] += 1.0
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        scene = STREET if scenes[place : place + 1] == "s" else ROOM
        found.append(FacePrint(place * step_s, HEAD, NOBODY, scene, 64 / 1280, vector))
    return found


@pytest.mark.parametrize(
    ("who", "first", "last"),
    [
        ("aaaaaabbbbbaaaaaa", 6, 10),
        ("bbbbbaaaaaaaaaa", 0, 4),
        ("aaaaaaaaaabbbb", 10, 13),
        ("aaaabbbbbbbbbbaaaa", 4, 13),
    ],
)
def test_the_stretch_of_another_face_is_found(who: str, first: int, last: int) -> None:
    found = exchange(seat(who), fewest=FEWEST_CLEAR, reach=2)
    assert found is not None
    assert (found.first, found.last) == (first, last)
    assert (found.begin_s, found.end_s) == (pytest.approx(first * 0.2), pytest.approx(last * 0.2))
    assert found.contrast > CLEAR


def test_one_person_does_not_stand_apart() -> None:
    found = exchange(seat("a" * 20), fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < 0.05


@pytest.mark.parametrize("who", ["aaaaaabbaaaaaa", "aaabbbb", "", "ab"])
def test_too_few_faces_show_nothing(who: str) -> None:
    found = exchange(seat(who), fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < CLEAR


def test_a_cut_to_somebody_else_is_no_exchange() -> None:
    found = exchange(seat("aaaaaabbbbbbaaaaaa", scenes="......ssssss......"), fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < CLEAR


def test_a_slow_fade_to_somebody_else_is_no_exchange() -> None:
    """Each step is below what a cut changes, two together are not."""
    prints = seat("aaaaaabbbbbbb")
    levels = [90, 90, 90, 90, 90, 98, 106, 114, 114, 114, 114, 114, 114]
    faded = [replace(one, scene=np.full_like(ROOM, level)) for one, level in zip(prints, levels, strict=True)]
    near = exchange(faded, fewest=FEWEST_CLEAR)
    assert near is not None
    assert near.contrast > CLEAR
    found = exchange(faded, fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < CLEAR


def test_a_cut_elsewhere_does_not_matter() -> None:
    found = exchange(seat("aaaaaaaabbbbbaaaaa", scenes="sss..............."), fewest=FEWEST_CLEAR, reach=2)
    assert found is not None
    assert (found.first, found.last) == (8, 12)


def test_heads_that_fill_the_picture_show_nothing() -> None:
    close = [replace(one, box_xyxy_px=(0.0, 0.0, 1280.0, 720.0)) for one in seat("aaaaaabbbbbaaaaaa")]
    assert exchange(close, fewest=FEWEST_CLEAR, reach=2) is None


def test_a_picture_that_changes_its_size_does_not_go_on() -> None:
    prints = seat("aaaaaabbbbbbb")
    changed = [*prints[:6], *(replace(one, scene=np.full((64, 64), 90, np.uint8)) for one in prints[6:])]
    found = exchange(changed, fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < CLEAR


def unasked(_aligned: np.ndarray) -> np.ndarray:
    raise AssertionError


@pytest.mark.parametrize(
    ("who", "described", "hinted"),
    [("a" * 32, {0, 6, 12, 18, 24, 30, 31}, False), ("a" * 14 + "b" * 7 + "a" * 11, set(range(12, 25)), True)],
)
def test_only_as_many_faces_are_described_as_it_takes(who: str, described: set[int], *, hinted: bool) -> None:
    """One every two seconds, and all between two that look unlike."""
    whole = seat(who, step_s=0.3125)
    answers = {place: one.vector for place, one in enumerate(whole)}
    bare = [replace(one, vector=None, aligned=np.full_like(NOBODY, place)) for place, one in enumerate(whole)]
    asked: list[int] = []

    def embed(aligned: np.ndarray) -> np.ndarray:
        asked.append(int(aligned[0, 0, 0]))
        return answers[asked[-1]]  # type: ignore[return-value]

    found = worth_a_look([bare], embed)
    assert (found is not None) == hinted
    assert found is None or found == (pytest.approx(11 * 0.3125), pytest.approx(23 * 0.3125))
    assert len(asked) == len(set(asked))
    assert set(asked) == {0, 6, 12, 18, 24, 30, 31} | described


def test_a_hint_takes_two_faces_and_a_little_more_of_either_side() -> None:
    calm, brushed = seat("a" * 12, step_s=0.5), seat("aaaaaabbaaaa", step_s=0.5)
    assert worth_a_look([calm], unasked) is None
    assert worth_a_look([calm, brushed], unasked) == (1.5, 5.0)
    assert worth_a_look([], unasked) is None


def test_a_hint_bears_a_picture_that_changes_all_the_time() -> None:
    walking = [replace(one, scene=scene) for one, scene in zip(seat("aaaabbaaaa"), [ROOM, STREET] * 5, strict=True)]
    assert worth_a_look([walking], unasked) == (pytest.approx(0.2), pytest.approx(1.6))
    assert exchange(walking, fewest=2) is None
    assert HINT < CLEAR


def faces(*boxes: tuple[float, float, float, float]) -> list[Face]:
    return [Face(box, np.zeros((5, 2), np.float32), 0.9, place, float(place)) for place, box in enumerate(boxes)]


def test_faces_in_profile_do_not_show_who_it_is() -> None:
    front = np.array([(30, 40), (70, 40), (50, 60), (35, 80), (65, 80)], np.float32)
    side = np.array([(60, 40), (68, 40), (80, 60), (62, 80), (68, 80)], np.float32)
    told = [shows_who(Face(HEAD, points, 0.9, 0, 0.0)) for points in (front, side, np.zeros_like(front))]
    assert told == [True, False, False]


def test_a_change_that_nobody_saw_shows_nothing() -> None:
    """More than a second lies between the two people."""
    prints = seat("aaaaaabbbbbbb")
    apart = [one if place < 6 else replace(one, time_s=one.time_s + 2.0) for place, one in enumerate(prints)]
    assert exchange(apart, fewest=FEWEST_CLEAR, reach=1) is not None
    found = exchange(apart, fewest=FEWEST_CLEAR, reach=2)
    assert found is None or found.contrast < CLEAR


def test_a_seat_is_taken_by_whoever_shows_up_in_it() -> None:
    away = (900.0, 200.0, 1000.0, 320.0)
    seen = faces(HEAD, HEAD, HEAD, HEAD, away)
    prints = dict(enumerate(seat("abaaa", step_s=1.0)))
    prints[4] = replace(prints[4], box_xyxy_px=away)
    taken = seats(seen, [Track(0, (0, 2, 3)), Track(1, (1,)), Track(2, (4,))], prints)
    assert [one.time_s for one in taken[0]] == [0.0, 1.0, 2.0, 3.0]
    assert [one.time_s for one in taken[2]] == [4.0]


def test_two_who_are_seen_together_do_not_share_a_seat() -> None:
    seen = [replace(face, frame_index=0) for face in faces(HEAD, HEAD)]
    taken = seats(seen, [Track(0, (0,)), Track(1, (1,))], dict(enumerate(seat("ab"))))
    assert [len(prints) for prints in taken.values()] == [1, 1]


def test_people_without_a_print_have_no_seat() -> None:
    assert seats(faces(HEAD), [Track(0, (0,))], {}) == {}


@pytest.mark.parametrize(
    ("times_s", "every"),
    [
        (np.arange(0, 10, 10 / 32), 1),
        (np.arange(0, 3.2, 0.1), 3),
        (np.arange(0, 320, 10.0), 1),
        (np.zeros(1), 1),
        (np.arange(10000) * 0.04, -(-10000 // MOST_PRINTS)),
    ],
)
def test_faces_are_kept_a_third_of_a_second_apart_and_not_too_often(times_s: np.ndarray, every: int) -> None:
    assert print_every(times_s) == every


def test_frames_without_a_length_are_no_trouble() -> None:
    assert print_every(np.zeros(4)) >= 1


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (1920, 1080), (48, 48), (1, 1), (3, 2000)])
def test_a_scene_is_small_and_keeps_its_proportions(height: int, width: int) -> None:
    frame = Frame(0, 0.0, np.full((height, width, 3), 77, np.uint8))
    scene, scale = scene_of(frame)
    assert max(scene.shape) == 64
    assert scene.shape == (max(round(height * scale), 1), max(round(width * scale), 1))
    assert np.abs(scene.astype(int) - 77).max() <= 1
