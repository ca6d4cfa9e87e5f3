"""A stream through Opus keeps its clock, its length and its sound, however it is cut."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from tests.makers.sounds import speech_like
from unmask.core.records import F32Array, Sound
from unmask.media.recode import through_opus
from unmask.media.wear.codec import through_codec

RATE = 16000


def _cut(samples: F32Array, *sizes: int, start_s: float = 0.0) -> Iterator[Sound]:
    begin = 0
    for size in sizes:
        yield Sound(samples[begin : begin + size], RATE, start_s + begin / RATE)
        begin += size


@pytest.mark.parametrize("sizes", [(48000,), (16000, 16000, 16000), (1, 319, 47680)])
def test_the_sound_is_what_the_codec_leaves(sizes: tuple[int, ...]) -> None:
    voice = 0.3 * speech_like(3.0)
    found = list(through_opus(_cut(voice, *sizes, start_s=2.0), kbps=32))
    assert found[0].start_s == 2.0
    for before, after in itertools.pairwise(found):
        assert after.start_s == pytest.approx(before.end_s)
    samples = np.concatenate([block.samples_f32 for block in found])
    assert samples.size == voice.size
    assert np.corrcoef(samples, through_codec(voice, "libopus", kbps=32))[0, 1] > 0.995
    assert 0.9 < np.corrcoef(samples, voice)[0, 1] < 0.99999


def test_a_gap_stays_a_gap() -> None:
    voice = 0.3 * speech_like(2.0)
    blocks = [Sound(voice[:RATE], RATE, 0.0), Sound(voice[RATE:], RATE, 5.0)]
    found = list(through_opus(iter(blocks), kbps=32))
    late = [block for block in found if block.start_s >= 5.0]
    early = [block for block in found if block.start_s < 5.0]
    assert late[0].start_s == 5.0
    assert sum(block.samples_f32.size for block in late) == RATE
    assert early[-1].end_s == pytest.approx(1.0)


def test_what_nobody_listens_to_is_passed_on() -> None:
    voice = 0.3 * speech_like(6.0)
    blocks = _cut(voice, *[RATE] * 6)
    found = list(through_opus(blocks, kbps=32, wanted=lambda block: 2.0 <= block.start_s < 4.0))
    for before, after in itertools.pairwise(found):
        assert after.start_s == pytest.approx(before.end_s)
    samples = np.concatenate([block.samples_f32 for block in found])
    assert samples.size == voice.size
    changed = [not np.array_equal(samples[at : at + RATE], voice[at : at + RATE]) for at in range(0, voice.size, RATE)]
    assert changed == [False, False, True, True, False, False]


def test_nothing_gives_nothing() -> None:
    assert list(through_opus(iter(()), kbps=32)) == []
