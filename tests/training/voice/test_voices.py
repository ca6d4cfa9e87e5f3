"""Drawing and disturbing recordings: fair, repeatable, blind to the label."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.training import voice_augment
from unmask.training.train_voices import outside
from unmask.training.voices import (
    SAMPLES,
    VoiceClip,
    VoiceStream,
    load_clips,
    random_window,
    save_clips,
    windows_of,
)

RATE = 16000


def voice(seed: int, seconds: float = 4.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    glide = np.cumsum(rng.uniform(90, 180, 9).repeat(-(-time.size // 9))[: time.size]) / RATE
    buzz = sum(np.sin(2 * np.pi * order * glide) / order for order in range(1, 20))
    syllables = np.interp(time, np.linspace(0, seconds, 17), rng.random(17))
    return (0.1 * buzz * syllables).astype(np.float32)


def clips() -> list[VoiceClip]:
    return [
        VoiceClip(voice(k, 1 + k % 4), int(k % 2), "large" if k < 30 else "small", "m" if k % 2 else "", f"g{k}")
        for k in range(34)
    ]


def test_the_stream_is_balanced_and_repeatable():
    stream = VoiceStream(clips(), {"fake": {"small": 0.5, "*": 0.5}}, {"strength": 0.3}, seed=5)
    drawn = [stream[number] for number in range(60)]
    assert sum(label for _, label in drawn) == 30
    assert all(window.shape == (SAMPLES,) and window.dtype == np.float32 for window, _ in drawn)
    np.testing.assert_array_equal(drawn[-1][0], stream[59][0])
    assert not np.array_equal(stream[0][0], stream[2][0])


def test_augmentation_is_bounded_and_follows_the_generator():
    x = voice(0)
    for seed in range(25):
        found = voice_augment.augment(x, np.random.default_rng(seed))
        assert found.shape == x.shape
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= 1
    one, two = (voice_augment.augment(x, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("codec", ["libopus", "libmp3lame", "aac", "g722", "pcm_mulaw", "pcm_alaw"])
def test_codecs_line_up(codec):
    x = voice(1)
    found = voice_augment.through_codec(x, codec, kbps=64)
    assert found.shape == x.shape
    assert np.corrcoef(x, found)[0, 1] > 0.95


def test_noise_has_unit_power():
    noise = voice_augment.coloured_noise(RATE, np.random.default_rng(0))
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, abs=1e-3)


def test_level_is_set():
    found = voice_augment.to_level(voice(2), -20)
    assert 10 * np.log10(np.mean(found**2)) == pytest.approx(-20, abs=0.01)
    assert not voice_augment.to_level(np.zeros(100, np.float32), -20).any()


@pytest.mark.parametrize(("seconds", "count"), [(0.5, 1), (4.0, 1), (4.2, 1), (5.0, 2), (8.0, 3)])
def test_windows_as_scanned(seconds, count):
    assert windows_of(voice(0, seconds)).shape == (count, SAMPLES)


def test_short_recordings_are_repeated():
    x = voice(0, 0.7)
    window = random_window(x, np.random.default_rng(0))
    np.testing.assert_array_equal(window[: x.size], window[x.size : 2 * x.size])


def test_clips_survive_storing(tmp_path):
    save_clips(clips(), tmp_path / "some" / "clips.npz")
    for before, after in zip(clips(), load_clips(tmp_path / "some" / "clips.npz"), strict=True):
        np.testing.assert_array_equal(before.samples_f32, after.samples_f32)
        assert (before.label, before.source, before.group) == (after.label, after.source, after.group)


def test_no_recording_at_all_is_stored_too(tmp_path):
    save_clips([], tmp_path / "none.npz")
    assert load_clips(tmp_path / "none.npz") == []


def test_a_fold_hears_neither_a_source_nor_its_twins_nor_its_people():
    x = np.ones(10, np.float32)
    clips = [
        VoiceClip(x, 0, "far", "", "g", "g/a"),
        VoiceClip(x, 1, "twin_world", "world", "g", "g/a"),
        VoiceClip(x, 1, "near", "vits", "g"),
        VoiceClip(x, 0, "near", "", "h", "h/a"),
        VoiceClip(x, 1, "twin_world", "world", "h", "h/a"),
        VoiceClip(x, 1, "near", "vits", "i"),
    ]
    assert outside(clips, ("far",)) == clips[3:]
    assert outside(clips, ()) == clips


def test_twins_are_cut_and_disturbed_alike():
    x = voice(4, 5.0)
    twins = [VoiceClip(x, label, "a" if label else "b", "", "g", "one") for label in (0, 1)]
    stream = VoiceStream(twins, {}, {"pairs": 1.0, "length_s": 2.0}, seed=0)
    drawn = [stream[number] for number in range(8)]
    assert [label for _, label in drawn] == [0, 1] * 4
    for (real, _), (fake, _) in zip(drawn[::2], drawn[1::2], strict=True):
        assert real.shape == (32000,)
        np.testing.assert_array_equal(real, fake)


def test_matched_draws_stay_inside_a_source():
    both = [VoiceClip(np.full(RATE, 0.5 + k, np.float32), k % 2, "ab"[k // 2], "", f"g{k}") for k in range(4)]
    stream = VoiceStream(both, {}, {"matched": 1.0}, seed=0)
    rng = np.random.default_rng(0)
    assert all(one.source == other.source for one, other in (stream._two(rng) for _ in range(20)))
