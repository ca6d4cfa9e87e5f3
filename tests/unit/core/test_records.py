from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from unmask.core.records import Face, FaceCrop, Frame, Sound

POINTS = np.zeros((5, 2), np.float32)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Frame(0, 0.0, np.zeros((4, 4), np.uint8)),
        lambda: Frame(0, 0.0, np.zeros((4, 4, 4), np.uint8)),
        lambda: Frame(0, 0.0, np.zeros((4, 4, 3), np.float32)),
        lambda: Face((0, 0, 1, 1), np.zeros((5, 2)), 1.0),
        lambda: Face((0, 0, 1, 1), np.zeros((2, 5), np.float32), 1.0),
        lambda: FaceCrop(Face((0, 0, 1, 1), POINTS, 1.0), np.zeros((3, 8, 8), np.uint8), (0, 0, 1, 1)),
        lambda: Sound(np.zeros(4), 16000),
        lambda: Sound(np.zeros((1, 4), np.float32), 16000),
    ],
    ids=["grey", "rgba", "float", "float64", "turned", "planes", "double", "stereo"],
)
def test_wrong_arrays_are_refused_at_birth(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()


def test_arrays_are_read_only_but_the_given_one_stays_writable() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    frame = Frame(0, 0.0, pixels)
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels_rgb_u8[0, 0, 0] = 1
    pixels[0, 0, 0] = 1


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sound(np.zeros(4, np.float32), 16000).rate_hz = 8000  # type: ignore[misc]


def test_size_of_a_face_is_its_longer_side() -> None:
    assert Face((10, 20, 40, 80), POINTS, 1.0).size_px == 60


def test_times_of_a_sound() -> None:
    sound = Sound(np.zeros(8000, np.float32), 16000, 2.0)
    assert (sound.duration_s, sound.end_s) == (0.5, 2.5)
