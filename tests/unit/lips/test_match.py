"""Two movements laid beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.makers.sounds import speech_like
from tests.makers.talking import syllables
from unmask.lips.match import LEAD_STEPS, REACH_MS, STEP_HZ, agreement, compare, sound_bands
from unmask.lips.mouth import Mouth, smoothed

SHARES = np.array([0.7, 0.3])


def movement(seed: int, count: int = 300) -> NDArray[np.float64]:
    """Two smooth random movements, a little noisy."""
    return smoothed(np.random.default_rng(seed).standard_normal((count, 2)), 3.0)


@pytest.mark.parametrize("late", [-20, -5, 0, 3, 20])
def test_the_offset_is_found(late: int) -> None:
    whole = movement(0, 400)
    asked, seen = whole[50:350], whole[50 - late - -LEAD_STEPS : 350 - late + LEAD_STEPS]
    found = agreement(seen, asked, SHARES)
    assert found.offset_ms == late * 1000 // STEP_HZ
    assert found.best > 0.99
    assert found.apart > 4
    assert (found.near > 0.9) == (abs(late) <= 10)


def test_strangers_do_not_stand_out() -> None:
    found = [agreement(movement(seed), movement(seed + 100), SHARES) for seed in range(20)]
    assert np.mean([one.best for one in found]) < 0.35
    assert all(abs(one.offset_ms) <= REACH_MS for one in found)


def test_each_measure_counts_by_its_share() -> None:
    one, other = movement(0), movement(1)
    mixed = np.stack([one[:, 0], other[:, 1]], axis=1)
    seen = np.roll(mixed, -LEAD_STEPS, axis=0)
    assert agreement(seen, one, np.array([1.0, 0.0])).best > 0.95
    assert agreement(seen, one, np.array([0.0, 1.0])).best < 0.6


def test_a_mouth_that_does_not_move_agrees_with_nothing() -> None:
    found = agreement(np.zeros((300, 2)), movement(0), SHARES)
    assert (found.best, found.near, found.apart) == (0.0, 0.0, 0.0)


def test_bands_do_not_depend_on_level() -> None:
    sound = speech_like(3.0)
    bands = sound_bands(sound)
    assert bands.shape == (3 * STEP_HZ + 2, 8)
    assert np.allclose(bands.std(axis=0), 1.0)
    assert np.allclose(bands, sound_bands(sound * np.float32(0.1)), atol=1e-3)


def test_silence_has_bands() -> None:
    assert np.isfinite(sound_bands(np.zeros(16000, np.float32))).all()


def test_mouth_and_sound_meet_on_one_clock() -> None:
    """A mouth that does what loud syllables ask, in a clip whose sound begins a second before what was watched."""
    loudness = syllables(7.0, seed=3)
    times_s = 1.0 + np.arange(125) / 25
    opening = np.interp(times_s + LEAD_STEPS / STEP_HZ, np.arange(700) / 100, loudness)
    measures = np.stack([opening, np.gradient(opening, times_s)], axis=1)
    found = compare(Mouth(times_s, measures, 20.0, 0.0, 200.0), speech_like(7.0, loudness=loudness), 0.0)
    assert found.best > 0.4
    assert abs(found.offset_ms) <= 100
