"""Windows of sound: the cutting is exact, silence abstains, memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from unmask.core.errors import InvalidOption
from unmask.core.records import Sound, SpeechWindow
from unmask.voice import windows as room

RATE = 16000


def ramp(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE), dtype=np.float32)


def blocks(samples: np.ndarray, size: int, start_s: float = 0.0) -> Iterator[Sound]:
    for begin in range(0, samples.size, size):
        yield Sound(samples[begin : begin + size], RATE, start_s + begin / RATE)


@pytest.fixture
def untrimmed(monkeypatch):
    """Take speech activity out: everything is speech, so cutting can be checked sample by sample."""
    monkeypatch.setattr(room, "speech_probabilities", lambda samples, rate: np.ones(-(-samples.size // 512), "f4"))


@pytest.mark.parametrize("size", [160, 7001, 64000, 10**6])
def test_windows_do_not_depend_on_the_blocks(untrimmed, size):
    found = list(room.windows(blocks(ramp(11.0), size)))
    assert [window.sound.start_s for window in found] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert [window.sound.samples_f32[0] for window in found] == [0, 32000, 64000, 96000, 128000]
    assert [window.sound.duration_s for window in found] == [4.0, 4.0, 4.0, 4.0, 3.0]
    assert all(window.speech == 1.0 for window in found)


def test_a_short_recording_is_one_window(untrimmed):
    found = list(room.windows(blocks(ramp(1.5), 1000)))
    assert [window.sound.duration_s for window in found] == [1.5]


def test_a_tiny_rest_is_left_out(untrimmed):
    found = list(room.windows(blocks(ramp(4.3), 1000)))
    assert [window.sound.duration_s for window in found] == [4.0]


def test_no_sound_gives_no_window():
    assert list(room.windows(iter(()))) == []


def test_chosen_begins_are_in_the_time_of_the_medium(untrimmed):
    found = list(room.windows(blocks(ramp(20.0), 4096, start_s=1.0), starts_s=[9.0, 2.5, 30.0, 19.0]))
    assert [window.sound.start_s for window in found] == [2.5, 9.0, 19.0]
    assert [window.sound.samples_f32[0] for window in found] == [24000, 128000, 288000]
    assert found[-1].sound.duration_s == pytest.approx(2.0)


def test_the_stream_is_not_read_ahead(untrimmed):
    seen = []

    def endless() -> Iterator[Sound]:
        count = 0
        while True:
            seen.append(count)
            yield Sound(np.zeros(RATE, np.float32), RATE, float(count))
            count += 1

    stream = room.windows(endless())
    for _ in range(3):
        next(stream)
    assert len(seen) == 8


@pytest.mark.parametrize("wrong", [{"length_s": 0.0}, {"hop_s": -1.0}])
def test_lengths_are_checked(wrong):
    with pytest.raises(InvalidOption, match="positive"):
        next(room.windows(blocks(ramp(1.0), 100), **wrong))


def test_the_rate_is_checked():
    with pytest.raises(InvalidOption, match="16000"):
        next(room.windows(iter([Sound(np.zeros(8000, np.float32), 8000)])))


def test_silence_and_noise_hold_no_speech():
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32)
    for samples in (np.zeros(4 * RATE, np.float32), noise):
        (window,) = room.windows(iter([Sound(samples, RATE)]))
        abstention = room.unfit(window)
        assert abstention is not None
        assert abstention.reason == "no_speech"


def test_a_word_alone_is_too_short():
    window = SpeechWindow(Sound(np.ones(RATE // 2, np.float32), RATE), 0.9)
    abstention = room.unfit(window)
    assert abstention is not None
    assert abstention.reason == "too_short"
    assert room.unfit(SpeechWindow(Sound(np.ones(RATE, np.float32), RATE), 0.9)) is None


def test_trimming_keeps_time(monkeypatch):
    speech = np.zeros(125, np.float32)
    speech[50:100] = 1.0
    monkeypatch.setattr(room, "speech_probabilities", lambda samples, rate: speech)
    window = room.as_window(Sound(ramp(4.0), RATE, 10.0))
    assert window.sound.start_s == pytest.approx(10 + 1.5)
    assert window.sound.duration_s == pytest.approx(1.8)
    assert window.sound.samples_f32[0] == 24000
    assert window.speech == pytest.approx(1.6 / 1.8)


def test_short_windows_are_repeated():
    filled = room.filled(SpeechWindow(Sound(ramp(1.0), RATE), 1.0))
    assert filled.shape == (64000,)
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled[:RATE], filled[3 * RATE :])
