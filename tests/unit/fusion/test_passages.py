"""Cutting a curve where its level changes: passages inside, at the ends, several, none."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.fusion.passages import LEAST_STEPS, hint, outstanding, passages


def curve(*levels: tuple[float, int], seed: int = 0) -> np.ndarray:
    """Noise of standard deviation 1 around levels; pairs of level and number of steps."""
    rng = np.random.default_rng(seed)
    return np.concatenate([level + rng.standard_normal(steps) for level, steps in levels])


@pytest.mark.parametrize(
    ("levels", "cuts"),
    [
        ([(0, 40)], []),
        ([(0, 16), (6, 8), (0, 16)], [16, 24]),
        ([(6, 10), (0, 30)], [10]),
        ([(0, 30), (6, 10)], [30]),
        ([(0, 20), (7, 10), (0, 20), (7, 10), (0, 20)], [20, 30, 50, 60]),
    ],
    ids=["even", "inside", "begin", "end", "two"],
)
def test_levels_are_found(levels, cuts):
    found = passages(curve(*levels))
    assert [begin for begin, _ in found][1:] == pytest.approx(cuts, abs=1)
    assert [end for _, end in found][:-1] == [begin for begin, _ in found][1:]
    assert (found[0][0], found[-1][1]) == (0, sum(steps for _, steps in levels))


def test_noise_alone_is_hardly_ever_cut():
    assert sum(len(passages(curve((0, 60), seed=seed))) > 1 for seed in range(60)) <= 1


@pytest.mark.parametrize("size", [0, 1, 2 * LEAST_STEPS - 1])
def test_short_curves_stay_whole(size):
    assert passages(np.arange(size, dtype=np.float64)) == [(0, size)]


def test_no_piece_is_shorter_than_the_least():
    assert all(end - begin >= LEAST_STEPS for begin, end in passages(curve((0, 9), (30, 2), (0, 9), (20, 7))))


def test_the_highest_passage_is_told_with_its_contrast() -> None:
    found = outstanding(curve((0, 20), (6, 8), (0, 20), (9, 8), (0, 20)))
    assert found is not None
    assert (found.begin, found.end) == (pytest.approx(48, abs=1), pytest.approx(56, abs=1))
    assert found.contrast == pytest.approx(9, abs=1.5)


def test_a_dip_lifts_nothing_above_the_rest() -> None:
    found = outstanding(curve((0, 20), (-8, 8), (0, 20)))
    assert found is not None
    assert found.contrast < 1.5
    assert outstanding(curve((0, 40))) is None


def test_two_neighbours_are_a_hint() -> None:
    values = np.zeros(32)
    values[10:12] = 4.0
    assert hint(values, contrast=3.0) == (9, 12)
    assert hint(values, contrast=5.0) is None


def test_one_step_alone_is_no_hint() -> None:
    values = np.zeros(32)
    values[10] = 4.0
    assert hint(values, contrast=3.0) is None


def test_a_hint_reaches_over_its_slopes_and_stops_at_the_ends() -> None:
    assert hint(np.array([4.0, 4.0, 2.0, 0.0, 0.0, 0.0, 0.0]), contrast=3.0) == (0, 3)
    assert hint(np.array([0.0, 0.0, 0.0, 0.0, 2.0, 4.0, 4.0]), contrast=3.0) == (3, 6)


def test_nothing_hints_at_nothing() -> None:
    assert hint(np.zeros(1), contrast=1.0) is None
