"""Self-blended faces: what they change, what they leave alone, and that they repeat."""

from __future__ import annotations

import numpy as np
import pytest

from tests.makers import people
from unmask.core.records import Frame
from unmask.faces.blend import face_mask, self_blend
from unmask.faces.detect import FaceFinder
from unmask.models import catalogue, store

POINTS = np.array([[90, 90], [140, 90], [115, 120], [95, 145], [135, 145]], np.float32)


def blend(seed: int, points: np.ndarray = POINTS) -> tuple[np.ndarray, np.ndarray]:
    return self_blend(people.bust(), points, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(12))
def test_shape_kind_range_and_a_mask_on_the_face(seed: int) -> None:
    forged, mask = blend(seed)
    assert (forged.shape, forged.dtype) == ((240, 240, 3), np.uint8)
    assert (mask.shape, mask.dtype) == ((240, 240), np.float32)
    assert mask.min() >= 0
    assert 0.4 < mask.max() <= 1.0001
    rows, columns = np.nonzero(mask > 0.1)
    assert 70 < columns.mean() < 160
    assert 70 < rows.mean() < 165
    assert (mask[:, :10] == 0).all()


def test_the_same_seed_forges_the_same_and_another_does_not() -> None:
    assert (blend(3)[0] == blend(3)[0]).all()
    assert (blend(3)[0] != blend(4)[0]).any()


def test_the_given_picture_is_left_alone() -> None:
    picture = people.bust()
    picture.flags.writeable = False
    self_blend(picture, POINTS, np.random.default_rng(0))
    assert (picture == people.bust()).all()


def test_outside_the_mask_there_is_one_picture_and_inside_another() -> None:
    """Either the face or its surroundings are the changed copy, each about half the time."""
    untouched = 0
    for seed in range(40):
        forged, mask = blend(seed)
        outside, inside = mask == 0, mask > 0.9
        same_outside = (forged[outside] == people.bust()[outside]).all()
        untouched += same_outside
        if same_outside and inside.any():
            assert (forged[inside] != people.bust()[inside]).any()
        assert (forged != people.bust()).any()
    assert 10 <= untouched <= 30


def test_a_forgery_still_looks_like_its_person() -> None:
    finder = FaceFinder(store.locate(catalogue.find("yunet-2023mar")))
    for seed in range(10):
        forged, _ = self_blend(people.bust(), POINTS, np.random.default_rng(seed))
        assert np.abs(forged.astype(int) - people.bust()).mean() < 45
        assert len(finder.find(Frame(0, 0.0, forged))) == 1


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((5, 2), np.float32),
        np.full((5, 2), 300, np.float32),
        POINTS - 500,
        POINTS[:, ::-1].copy(),
    ],
    ids=["one point", "past the corner", "far outside", "lying"],
)
def test_odd_landmarks_do_no_harm(points: np.ndarray) -> None:
    for seed in range(5):
        forged, mask = blend(seed, points)
        assert np.isfinite(mask).all()
        assert forged.shape == (240, 240, 3)


def test_regions_are_chosen_and_bent_at_random() -> None:
    rng = np.random.default_rng(0)
    areas = [float(face_mask((240, 240), POINTS, rng).sum()) for _ in range(30)]
    assert min(areas) > 100
    assert max(areas) > 3 * min(areas)
