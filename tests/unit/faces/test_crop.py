from __future__ import annotations

import numpy as np
import pytest

from tests.makers import images
from unmask.core.records import Face, Frame
from unmask.faces.crop import crop_face, cut_square, quarter_turns, square_around

UPRIGHT = np.array([[30, 30], [60, 30], [45, 45], [35, 60], [55, 60]], np.float32)


def numbered(height: int, width: int) -> np.ndarray:
    """Every pixel says where it is: (row, column, 0)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((10, 20, 30, 40), 1.0, (10, 20, 30, 40)),
        ((10, 20, 30, 60), 1.0, (0, 20, 40, 60)),
        ((10, 20, 30, 40), 2.0, (0, 10, 40, 50)),
        ((-10, 0, 10, 10), 1.5, (-15, -10, 15, 20)),
    ],
)
def test_squares_keep_the_centre_and_span_the_longer_side(box, margin: float, expected) -> None:
    assert square_around(box, margin) == pytest.approx(expected)


def test_a_square_inside_is_copied_pixel_by_pixel() -> None:
    picture = numbered(40, 50)
    assert (cut_square(picture, (10, 20, 26, 36), 16) == picture[20:36, 10:26]).all()


@pytest.mark.parametrize(
    "square", [(-6, 4, 10, 20), (40, 4, 56, 20), (4, -6, 20, 10), (4, 30, 20, 46), (-5, -5, 11, 11)]
)
def test_what_lies_outside_is_mirrored(square) -> None:
    picture = numbered(40, 50)
    padded = np.pad(picture, ((20, 20), (20, 20), (0, 0)), mode="reflect")
    left, top, right, bottom = (value + 20 for value in square)
    assert (cut_square(picture, square, 16) == padded[top:bottom, left:right]).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2), (3, 200)])
@pytest.mark.parametrize("square", [(-50, -50, 60, 60), (0, 0, 1, 1), (-1.5, 0.2, 2.9, 4.6)])
def test_tiny_pictures_can_be_cut(shape: tuple[int, int], square) -> None:
    picture = np.full((*shape, 3), 77, np.uint8)
    found = cut_square(picture, square, 32)
    assert found.shape == (32, 32, 3)
    assert found.dtype == np.uint8
    assert (found == 77).all()


def test_a_square_wholly_outside_is_black() -> None:
    assert not cut_square(np.full((20, 20, 3), 9, np.uint8), (30, 30, 40, 40), 8).any()


@pytest.mark.parametrize("square", [(5, 5, 5, 5), (5.2, 5.2, 5.4, 5.4)])
def test_a_square_of_no_size_is_one_pixel(square) -> None:
    assert (cut_square(numbered(20, 20), square, 4) == (5, 5, 0)).all()


def test_cutting_never_changes_the_picture() -> None:
    picture = numbered(30, 30)
    picture.flags.writeable = False
    cut = cut_square(picture, (-5, -5, 20, 20), 12)
    cut[:] = 1
    assert (picture == numbered(30, 30)).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_bring_a_face_upright(turns: int) -> None:
    points = UPRIGHT - 45
    for _ in range(turns):  # as np.rot90 moves points: (x, y) -> (y, -x)
        points = np.stack([points[:, 1], -points[:, 0]], axis=1)
    assert quarter_turns(points.astype(np.float32)) == (4 - turns) % 4


@pytest.mark.parametrize("degrees", [-44, -20, 20, 44])
def test_a_tilted_head_is_not_turned(degrees: float) -> None:
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert quarter_turns(((UPRIGHT - 45) @ matrix.T).astype(np.float32)) == 0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_crops_of_turned_faces_are_upright(turns: int) -> None:
    picture = images.four_corners((96, 96))
    points = UPRIGHT - 48
    for _ in range(turns):
        points = np.stack([points[:, 1], -points[:, 0]], axis=1)
    face = Face((28, 28, 68, 68), (points + 48).astype(np.float32), 1.0)
    crop = crop_face(Frame(0, 0.0, np.ascontiguousarray(np.rot90(picture, turns))), face, size_px=40, margin=1.0)
    assert (crop.pixels_rgb_u8 == picture[28:68, 28:68]).all()
    assert crop.square_xyxy_px == (28, 28, 68, 68)
    assert crop.face is face
