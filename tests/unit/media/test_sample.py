from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.core.errors import InvalidOption
from unmask.media.sample import choose_between, choose_frames, choose_squares, choose_windows, every_nth

steps = st.lists(st.floats(0.0, 50.0), min_size=1, max_size=300)


@given(steps, st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_frames_are_distinct_ascending_and_as_many_as_asked(gaps: list[float], count: int, seed: int) -> None:
    times_s = np.cumsum(gaps) - gaps[0]
    keys = np.random.default_rng(seed).random(times_s.size) < 0.1
    chosen = choose_frames(times_s, keys, count=count)
    assert chosen.dtype == np.int64
    assert chosen.size == min(count, times_s.size)
    assert np.all(np.diff(chosen) > 0)
    assert chosen[0] >= 0
    assert chosen[-1] < times_s.size


def test_frames_are_the_centres_of_equal_slices() -> None:
    times_s = np.arange(100) / 25
    assert choose_frames(times_s, np.zeros(100, bool), count=4).tolist() == [12, 37, 62, 87]


def test_variable_rate_is_sampled_by_time_not_by_number() -> None:
    times_s = np.concatenate([np.linspace(0, 1, 1000, endpoint=False), np.linspace(1, 10, 10)])
    chosen = choose_frames(times_s, np.zeros(times_s.size, bool), count=5)
    assert np.count_nonzero(times_s[chosen] < 1) == 1


def test_key_frames_are_preferred_only_when_far_apart() -> None:
    times_s = np.arange(25 * 600) / 25
    keys = np.arange(times_s.size) % 100 == 0
    far = choose_frames(times_s, keys, count=32)
    assert keys[far].all()
    centres_s = (np.arange(32) + 0.5) * 600 / 32
    assert np.abs(times_s[far] - centres_s).max() <= 600 / 32 / 4
    near = choose_frames(times_s[:500], keys[:500], count=32)
    assert not keys[near].all()


def test_key_frame_out_of_reach_is_not_taken() -> None:
    times_s = np.arange(25 * 60) / 25
    keys = np.zeros(times_s.size, bool)
    keys[0] = True
    assert choose_frames(times_s, keys, count=4).tolist() == choose_frames(times_s, ~keys & False, count=4).tolist()


def test_every_nth() -> None:
    assert every_nth(10, 4).tolist() == [0, 4, 8]
    assert every_nth(0, 4).size == 0


@given(st.floats(0.0, 1e6), st.floats(0.5, 10), st.floats(0.5, 10), st.integers(1, 200))
def test_windows_stay_inside_and_within_the_bound(duration_s: float, length_s: float, hop_s: float, most: int) -> None:
    starts_s = choose_windows(duration_s, length_s=length_s, hop_s=hop_s, most=most)
    assert starts_s.size <= most
    assert (starts_s.size == 0) == (duration_s <= 0)
    assert np.all(np.diff(starts_s) > 0)
    if duration_s > length_s:
        assert starts_s[-1] + length_s <= duration_s + 1e-6


def test_windows() -> None:
    assert choose_windows(0.0).size == 0
    assert choose_windows(1.0).tolist() == [0.0]
    assert choose_windows(4.0).tolist() == [0.0]
    assert choose_windows(8.0).tolist() == [0.0, 2.0, 4.0]
    assert choose_windows(9.0).tolist() == [0.0, 2.0, 4.0, 5.0]
    spread = choose_windows(36000.0)
    assert spread.size == 600
    assert (spread[0], spread[-1]) == (0.0, 35996.0)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InvalidOption):
        choose_frames(np.zeros(2), np.zeros(2, bool), count=0)
    with pytest.raises(InvalidOption):
        choose_frames(np.zeros(2), np.zeros(3, bool))
    with pytest.raises(InvalidOption):
        every_nth(3, 0)
    with pytest.raises(InvalidOption):
        choose_windows(float("inf"))


def test_the_whole_comes_first_then_the_most_textured_pieces() -> None:
    pixels = np.full((300, 700, 3), 90, np.uint8)
    pixels[:, 480:] = np.random.default_rng(0).integers(0, 256, (300, 220, 3), np.uint8)
    whole, *pieces = choose_squares(pixels, side_px=200, pieces=2)
    assert whole == (200, 0, 500, 300)
    assert pieces[0] == (500, 50, 700, 250)
    assert len(pieces) == 2


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 900), st.integers(1, 900))
def test_squares_lie_inside_the_picture(height: int, width: int) -> None:
    squares = choose_squares(np.zeros((height, width, 3), np.uint8), side_px=224, pieces=4)
    assert 1 <= len(squares) <= 5
    assert len(set(squares)) == len(squares) or min(height, width) == 224
    for left, top, right, bottom in squares:
        assert right - left == bottom - top
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_small_pictures_have_no_pieces_and_very_large_ones_larger_ones() -> None:
    assert len(choose_squares(np.zeros((223, 500, 3), np.uint8), side_px=224, pieces=4)) == 1
    large = choose_squares(np.zeros((1280, 1280, 3), np.uint8), side_px=224, pieces=4)
    assert {right - left for left, _, right, _ in large[1:]} == {448}


def test_frames_between_two_moments() -> None:
    times_s = np.arange(100) / 10
    assert choose_between(times_s, 2.0, 3.0, count=3).tolist() == [20, 25, 30]
    assert choose_between(times_s, 2.0, 2.3, count=9).tolist() == [20, 21, 22, 23]
    assert choose_between(times_s, 11.0, 12.0, count=3).tolist() == []
