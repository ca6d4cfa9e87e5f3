"""Voices of windows: one voice stays one, two are told apart, and the order of appearance counts."""

from __future__ import annotations

import time

import numpy as np

from tests.makers.sounds import speech_like
from unmask.voice.speakers import tell_apart, voice_print

RATE = 16000


def deep(seconds: float, seed: int = 0) -> np.ndarray:
    """A voice of another make: the same buzz, darker and with other formants."""
    slow = speech_like(seconds * 0.7, seed=seed)
    places = np.arange(round(seconds * RATE)) * 0.7
    found = np.interp(places, np.arange(slow.size), slow)
    return np.convolve(found, np.hanning(9) / np.hanning(9).sum(), mode="same").astype(np.float32)


def pieces(samples: np.ndarray) -> list:
    return [voice_print(samples[begin : begin + 2 * RATE]) for begin in range(0, samples.size - RATE, 2 * RATE)]


def test_one_voice_stays_one():
    assert tell_apart(pieces(speech_like(16.0))) == [0] * 8
    assert tell_apart(pieces(speech_like(2.0))) == [0]
    assert tell_apart([]) == []


def test_two_voices_are_told_apart():
    talk = np.concatenate([speech_like(8.0), deep(8.0), speech_like(4.0, seed=1)])
    assert tell_apart(pieces(talk)) == [0] * 4 + [1] * 4 + [0] * 2


def test_a_single_window_is_no_voice():
    talk = np.concatenate([speech_like(8.0), deep(2.0), speech_like(6.0, seed=1)])
    assert set(tell_apart(pieces(talk))) == {0}


def test_level_does_not_make_another_voice():
    talk = np.concatenate([speech_like(8.0), 0.1 * speech_like(8.0, seed=1)])
    assert set(tell_apart(pieces(talk))) == {0}


def test_silence_is_described_without_trouble():
    silent = voice_print(np.zeros(RATE, np.float32))
    assert tell_apart([silent, silent]) == [0, 0]


def test_many_windows_take_no_time_and_stay_one_voice():
    rng = np.random.default_rng(0)
    prints = [voice_print(rng.standard_normal(2 * RATE).astype(np.float32)) for _ in range(150)]
    start = time.process_time()
    assert tell_apart(prints) == [0] * 150
    assert time.process_time() - start < 5
