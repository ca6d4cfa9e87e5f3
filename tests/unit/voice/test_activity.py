"""Speech activity on sounds that are no speech, and on one that is voice-like."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from tests.makers.sounds import speech_like
from unmask.core.errors import InvalidOption
from unmask.voice.activity import speech_extent, speech_probabilities, speech_share

RATE = 16000
TIME = np.arange(3 * RATE) / RATE


def _music() -> np.ndarray:
    notes = [220.0, 277.2, 329.6, 440.0, 329.6, 277.2]
    parts = [np.sin(2 * np.pi * note * TIME[: RATE // 2]) * np.exp(-4 * TIME[: RATE // 2]) for note in notes]
    return 0.4 * np.concatenate(parts)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(3 * RATE),
        np.full(3 * RATE, 1e-5),
        0.1 * np.random.default_rng(1).normal(size=3 * RATE),
        0.3 * np.sin(2 * np.pi * 440 * TIME),
        _music(),
    ],
    ids=["silence", "almost silence", "noise", "tone", "music"],
)
def test_no_speech(sound):
    assert speech_share(sound.astype(np.float32)) < 0.1


def test_one_probability_a_chunk():
    found = speech_probabilities(np.ones(1000, np.float32))
    assert found.shape == (2,)
    assert found.dtype == np.float32
    assert speech_probabilities(np.zeros(0, np.float32)).size == 0
    assert speech_share(np.zeros(0, np.float32)) == 0.0


def test_the_rate_is_checked():
    with pytest.raises(InvalidOption, match="16000"):
        speech_probabilities(np.zeros(800, np.float32), 8000)


def test_extent_keeps_a_margin_and_stays_inside():
    chunks = np.zeros(100, np.float32)
    assert speech_extent(chunks, 51200) == (0, 51200)
    chunks[10:20] = 1
    assert speech_extent(chunks, 51200) == (5120 - 1600, 10240 + 1600)
    chunks[:] = 1
    assert speech_extent(chunks, 51000) == (0, 51000)


def test_answers_do_not_depend_on_what_was_heard_before():
    noise = 0.1 * np.random.default_rng(1).normal(size=RATE).astype(np.float32)
    first = speech_probabilities(speech_like(3.0))
    speech_probabilities(noise)
    np.testing.assert_array_equal(speech_probabilities(speech_like(3.0)), first)


def test_listening_again_and_again_takes_no_more_memory():
    sound = speech_like(0.1)
    speech_probabilities(sound)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(40):
        speech_probabilities(sound)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "kilobytes"
