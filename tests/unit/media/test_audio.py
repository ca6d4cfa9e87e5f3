from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.makers import images, sounds, videos
from unmask.core.errors import DecodeFailed, InvalidOption, UnsupportedMedia
from unmask.media.audio import iter_sound, stream_sound
from unmask.media.probe import probe


def hear(path: Path, **settings: float) -> np.ndarray:
    return np.concatenate([block.samples_f32 for block in stream_sound(path, **settings)])  # type: ignore[arg-type]


def pitch_hz(samples: np.ndarray, rate_hz: int = 16000) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax() * rate_hz / samples.size)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".mkv"])
def test_every_format_becomes_mono_16_khz(tmp_path: Path, suffix: str) -> None:
    samples = hear(sounds.write_tone(tmp_path / f"a{suffix}", seconds=2.0, rate_hz=24000))
    assert samples.dtype == np.float32
    assert samples.size / 16000 == pytest.approx(2.0, abs=0.06)
    assert pitch_hz(samples) == pytest.approx(440, abs=1)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.06)


def test_8_khz_mono(tmp_path: Path) -> None:
    samples = hear(sounds.write_tone(tmp_path / "a.wav", rate_hz=8000))
    assert samples.size == 32000
    assert pitch_hz(samples) == pytest.approx(440, abs=1)


def test_96_khz_5_1(tmp_path: Path) -> None:
    tone = sounds.tone(1.0, 96000)
    path = sounds.write_wav(tmp_path / "a.wav", np.repeat(tone[:, None], 6, axis=1), 96000)
    info = probe(path)
    assert (info.sample_rate_hz, info.channels) == (96000, 6)
    samples = hear(path)
    assert samples.size == 16000
    assert pitch_hz(samples) == pytest.approx(440, abs=1)
    assert np.abs(samples).max() < 1.0


def test_8_bit_is_centred_and_scaled(tmp_path: Path) -> None:
    tone = np.round(sounds.tone(1.0) * 127 + 128).astype(np.uint8)
    samples = hear(sounds.write_wav(tmp_path / "a.wav", tone, 16000))
    assert abs(float(samples.mean())) < 0.01
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


def test_stereo_is_averaged(tmp_path: Path) -> None:
    both = np.stack([sounds.tone(1.0, level=0.4), np.zeros(16000, np.float32)], axis=1)
    assert np.abs(hear(sounds.write_wav(tmp_path / "a.wav", both, 16000))).max() == pytest.approx(0.2, abs=0.01)


def test_samples_at_the_wanted_rate_are_untouched(tmp_path: Path) -> None:
    tone = sounds.tone(1.0)
    assert np.array_equal(hear(sounds.write_wav(tmp_path / "a.wav", tone, 16000)), tone)


@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_nan_and_infinity_are_silenced_and_said(tmp_path: Path, rate_hz: int) -> None:
    tone = sounds.tone(1.0, rate_hz)
    tone[100:110] = np.nan
    tone[200] = np.inf
    tone[300] = 3e38
    warnings: list[str] = []
    path = sounds.write_wav(tmp_path / "a.wav", tone, rate_hz)
    blocks = list(stream_sound(path, warn=warnings.append))
    samples = np.concatenate([block.samples_f32 for block in blocks])
    assert samples.size == 16000
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 0.7
    assert warnings == ["Sound samples that are no usable numbers and were silenced: 12."]


def test_silence_is_sound(tmp_path: Path) -> None:
    samples = hear(sounds.write_silence(tmp_path / "a.wav"))
    assert samples.size == 32000
    assert not samples.any()


def test_no_samples_at_all(tmp_path: Path) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", np.zeros(0, np.int16), 16000)
    with pytest.raises(DecodeFailed):
        list(stream_sound(path))
    with pytest.raises(DecodeFailed):
        probe(path)


def test_damaged_mp3_frames_cost_only_themselves(tmp_path: Path) -> None:
    path = sounds.write_speech_like(tmp_path / "a.mp3", seconds=6)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in range(len(data) // 4, len(data) // 2, 300):
        data[at : at + 40] = rng.integers(0, 256, 40).astype(np.uint8).tobytes()
    path.write_bytes(data)
    warnings: list[str] = []
    total_s = sum(block.duration_s for block in stream_sound(path, warn=warnings.append))
    assert 3.5 < total_s <= 6.1


def test_truncated_sound_gives_what_is_there(tmp_path: Path) -> None:
    for suffix in (".wav", ".flac", ".mp3"):
        path = images.cut(sounds.write_speech_like(tmp_path / f"a{suffix}", seconds=4), 0.5)
        assert 1.0 < hear(path).size / 16000 < 3.0


def test_blocks_follow_each_other(tmp_path: Path) -> None:
    path = sounds.write_speech_like(tmp_path / "a.flac", seconds=5.3, rate_hz=44100)
    blocks = list(stream_sound(path, block_s=1.0))
    assert [block.samples_f32.size for block in blocks[:-1]] == [16000] * 5
    assert [block.start_s for block in blocks] == pytest.approx([0, 1, 2, 3, 4, 5])
    assert blocks[-1].end_s == pytest.approx(5.3, abs=0.01)


def test_sound_of_a_video_starts_where_it_is_heard(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mkv", seconds=3, sound_delay_s=1.0)
    (block,) = stream_sound(path)
    assert block.start_s == pytest.approx(1.0, abs=0.03)
    assert block.end_s == pytest.approx(3.0, abs=0.06)
    (window,) = iter_sound(path, [0.0], length_s=2.0)
    assert not window.samples_f32[:15000].any()
    assert window.samples_f32[17000:].any()


def test_windows_are_the_same_samples_as_the_stream(tmp_path: Path) -> None:
    path = sounds.write_speech_like(tmp_path / "a.flac", seconds=25, rate_hz=22050)
    whole = hear(path)
    starts_s = [0.0, 2.0, 9.0, 9.5, 18.25]
    windows = list(iter_sound(path, starts_s[::-1], length_s=4.0))
    assert [window.start_s for window in windows] == starts_s
    for window in windows:
        at = round(window.start_s * 16000)
        assert np.array_equal(window.samples_f32, whole[at : at + 64000])


def test_windows_at_and_past_the_end(tmp_path: Path) -> None:
    path = sounds.write_tone(tmp_path / "a.wav", seconds=3.0)
    windows = list(iter_sound(path, [0.0, 2.0, 5.0], length_s=4.0))
    assert [window.samples_f32.size for window in windows] == [48000, 16000]
    assert list(iter_sound(path, [], length_s=4.0)) == []


def test_video_without_sound(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", sound=False, seconds=0.4)
    with pytest.raises(UnsupportedMedia, match="no sound"):
        list(stream_sound(path))


def test_wrong_settings(tmp_path: Path) -> None:
    path = sounds.write_tone(tmp_path / "a.wav")
    with pytest.raises(InvalidOption):
        list(stream_sound(path, rate_hz=0))
    with pytest.raises(InvalidOption):
        list(iter_sound(path, [0.0], length_s=0.0))


def test_what_was_wrong_is_told_also_to_those_who_stop_listening(tmp_path: Path) -> None:
    tone = sounds.tone(3.0)
    tone[100:110] = np.nan
    warnings: list[str] = []
    blocks = stream_sound(sounds.write_wav(tmp_path / "a.wav", tone, 16000), block_s=0.5, warn=warnings.append)
    next(blocks)
    blocks.close()
    assert warnings == ["Sound samples that are no usable numbers and were silenced: 10."]


def test_a_rate_at_which_nothing_can_be_heard_is_refused(tmp_path: Path) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", sounds.tone(1.0), 1)
    with pytest.raises(UnsupportedMedia, match="no sound track"):
        list(stream_sound(path))
