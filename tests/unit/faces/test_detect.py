"""The face finder on a portrait: turned, small, dark, absent."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.makers import images, people
from unmask.core.records import Frame
from unmask.faces.crop import quarter_turns
from unmask.faces.detect import STILL_SEARCH, VIDEO_SEARCH, FaceFinder, Search
from unmask.faces.track import overlap
from unmask.models import catalogue, store


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(store.locate(catalogue.find("yunet-2023mar")))


def frame(pixels: np.ndarray, index: int = 0, time_s: float = 0.0) -> Frame:
    return Frame(index, time_s, np.ascontiguousarray(pixels))


def turned(box: tuple[float, ...], turns: int, side: int = 512) -> tuple[float, ...]:
    """Where a box of a square picture lies after counter-clockwise quarter turns of the picture."""
    left, top, right, bottom = box
    for _ in range(turns):
        left, top, right, bottom = top, side - right, bottom, side - left
    return (left, top, right, bottom)


@pytest.mark.parametrize("search", [STILL_SEARCH, VIDEO_SEARCH], ids=["still", "video"])
def test_the_face_is_found_where_it_is(finder: FaceFinder, search: Search) -> None:
    found = finder.find(frame(people.portrait(), 7, 1.5), search)
    assert len(found) == 1
    face = found[0]
    assert overlap(face.box_xyxy_px, people.FACE_BOX) > 0.9
    assert (face.frame_index, face.time_s) == (7, 1.5)
    assert 0.9 < face.confidence <= 1
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks_px
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_lying_and_upside_down_faces_of_pictures(finder: FaceFinder, turns: int) -> None:
    found = finder.find(frame(np.rot90(people.portrait(), turns)), STILL_SEARCH)
    assert len(found) == 1
    assert overlap(found[0].box_xyxy_px, turned(people.FACE_BOX, turns)) > 0.85
    upright = finder.find(frame(people.portrait()), STILL_SEARCH)[0].landmarks_px
    x, y = upright[:, 0], upright[:, 1]
    expected = {1: (y, 512 - x), 2: (512 - x, 512 - y), 3: (512 - y, x)}[turns]
    assert found[0].landmarks_px == pytest.approx(np.stack(expected, axis=1), abs=6)
    assert quarter_turns(found[0].landmarks_px) == (4 - turns) % 4


def test_a_wide_picture_turned_by_a_quarter(finder: FaceFinder) -> None:
    wide = people.pair()
    upright = finder.find(frame(wide), STILL_SEARCH)
    found = finder.find(frame(np.rot90(wide)), STILL_SEARCH)
    assert len(upright) == len(found) == 2
    back = sorted((480 - face.box_xyxy_px[3], face.box_xyxy_px[0]) for face in found)
    assert np.array(back) == pytest.approx(np.array(sorted(face.box_xyxy_px[:2] for face in upright)), abs=6)


@pytest.mark.parametrize("side", [2048, 256, 128, 96])
def test_boxes_follow_the_size_of_the_picture(finder: FaceFinder, side: int) -> None:
    small = cv2.resize(np.array(people.portrait()), (side, side), interpolation=cv2.INTER_AREA)
    found = finder.find(frame(small), STILL_SEARCH)
    assert len(found) == 1
    scaled = tuple(value * side / 512 for value in people.FACE_BOX)
    assert overlap(found[0].box_xyxy_px, scaled) > 0.7


def test_a_small_face_in_a_large_picture_takes_the_finer_pass(finder: FaceFinder) -> None:
    wall = np.full((1600, 1600, 3), 120, np.uint8)
    wall[900:1028, 300:428] = cv2.resize(np.array(people.portrait()), (128, 128), interpolation=cv2.INTER_AREA)
    coarse = Search((320,), turned=False)
    assert finder.find(frame(wall), coarse) == []
    found = finder.find(frame(wall), STILL_SEARCH)
    assert overlap(found[0].box_xyxy_px, (300 + 44, 900 + 16, 300 + 67, 900 + 44)) > 0.6


def test_several_faces_come_largest_first(finder: FaceFinder) -> None:
    small = cv2.resize(people.bust(), (120, 120), interpolation=cv2.INTER_AREA)
    wall = np.full((240, 400, 3), 90, np.uint8)
    wall[60:180, :120] = small
    wall[:, 160:] = people.bust()
    found = finder.find(frame(wall), STILL_SEARCH)
    assert [face.box_xyxy_px[0] > 160 for face in found] == [True, False]
    assert found[0].size_px > found[1].size_px


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((480, 640, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8),
        images.four_corners(),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((7, 4000, 3), np.uint8),
        np.zeros((4000, 9, 3), np.uint8),
        np.full((8, 8, 3), 255, np.uint8),
    ],
    ids=["black", "noise", "corners", "one pixel", "line", "column", "eight"],
)
@pytest.mark.parametrize("search", [STILL_SEARCH, VIDEO_SEARCH], ids=["still", "video"])
def test_no_face(finder: FaceFinder, pixels: np.ndarray, search: Search) -> None:
    assert finder.find(frame(pixels), search) == []


def test_the_answer_does_not_depend_on_what_was_asked_before(finder: FaceFinder) -> None:
    def boxes() -> list[tuple[float, ...]]:
        return [face.box_xyxy_px for face in finder.find(frame(people.portrait()), STILL_SEARCH)]

    first = boxes()
    finder.find(frame(np.zeros((33, 900, 3), np.uint8)), VIDEO_SEARCH)
    assert boxes() == first
