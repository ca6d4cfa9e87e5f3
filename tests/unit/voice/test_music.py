"""Held tones: chords and sung notes against noise and a voice-like buzz; what it means for a window."""

from __future__ import annotations

import numpy as np
import pytest

from tests.makers.sounds import speech_like, strummed, sung
from unmask.core.records import Sound, SpeechWindow
from unmask.voice.music import held_tones
from unmask.voice.windows import MOST_HELD_TONES, unfit

RATE = 16000


@pytest.mark.parametrize("seed", range(4))
def test_music_and_singing_hold_their_tones(seed):
    assert held_tones(strummed(4.0, seed=seed)) > MOST_HELD_TONES
    assert held_tones(sung(4.0, seed=seed)) > MOST_HELD_TONES


@pytest.mark.parametrize("seed", range(4))
def test_speech_and_noise_do_not(seed):
    noise = 0.1 * np.random.default_rng(seed).standard_normal(4 * RATE).astype(np.float32)
    assert held_tones(speech_like(4.0, seed=seed)) < MOST_HELD_TONES
    assert held_tones(noise) < 2.0


@pytest.mark.parametrize("size", [0, 100, RATE])
def test_less_than_a_block_says_nothing(size):
    assert held_tones(np.zeros(size, np.float32)) == 0.0


def test_a_sung_window_is_out_of_domain_and_a_spoken_one_is_not():
    found = unfit(SpeechWindow(Sound(sung(4.0), RATE), 0.9))
    assert found is not None
    assert found.reason == "out_of_domain"
    assert unfit(SpeechWindow(Sound(speech_like(4.0), RATE), 0.9)) is None
