"""Clips have the frames, the rate and the sound that were asked for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.makers import sounds
from tests.makers.images import four_corners
from tests.makers.videos import draw_numbered, read_number
from unmask.core.records import Sound
from unmask.media.audio import iter_sound
from unmask.media.probe import probe, probe_with_index
from unmask.media.video import iter_frames
from unmask.media.write import sound_as_mp3, write_clip

SIZE = (192, 128)
RATE_HZ = 48000


def numbered(count: int) -> list[np.ndarray]:
    return [draw_numbered(number, SIZE) for number in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("rate", [Fraction(15), Fraction(30000, 1001)], ids=["15", "29.97"])
def test_frames_and_rate(tmp_path: Path, suffix: str, rate: Fraction) -> None:
    path = tmp_path / f"a{suffix}"
    write_clip(path, iter(numbered(20)), rate=rate)
    info, index = probe_with_index(path)
    assert index is not None
    assert (info.kind, info.width_px, info.height_px, info.frame_count) == ("video", *SIZE, 20)
    assert info.frame_rate is not None
    assert float(info.frame_rate) == pytest.approx(float(rate), rel=2e-3)
    assert info.duration_s == pytest.approx(20 / rate, abs=0.005)
    assert not info.has_audio
    assert info.warnings == ()
    frames = list(iter_frames(path, range(20), index))
    assert [read_number(frame.pixels_rgb_u8) for frame in frames] == list(range(20))
    assert [frame.time_s for frame in frames] == pytest.approx([number / rate for number in range(20)], abs=0.002)


def test_colours_stay_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clip(path, [four_corners(SIZE)] * 3, rate=Fraction(10), crf=10)
    _, index = probe_with_index(path)
    assert index is not None
    (frame,) = iter_frames(path, [1], index)
    for y, x in ((32, 48), (32, 144), (96, 48), (96, 144)):
        assert frame.pixels_rgb_u8[y, x] == pytest.approx(four_corners(SIZE)[y, x], abs=12)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    wanted = sounds.tone(2.0, RATE_HZ, pitch_hz=1000.0, level=0.25)
    write_clip(path, numbered(30), rate=Fraction(15), sound=wanted)
    info = probe(path)
    assert (info.frame_count, info.has_audio, info.sample_rate_hz, info.channels) == (30, True, RATE_HZ, 1)
    assert info.duration_s == pytest.approx(2.0, abs=0.05)
    (heard,) = iter_sound(path, [0.5], length_s=1.0, rate_hz=RATE_HZ)
    assert heard.samples_f32.size == RATE_HZ
    spectrum = np.abs(np.fft.rfft(heard.samples_f32))
    assert int(spectrum.argmax()) == pytest.approx(1000, abs=1)
    assert np.sqrt((heard.samples_f32**2).mean()) == pytest.approx(0.25 / np.sqrt(2), rel=0.05)


def test_sound_is_written_to_its_end(tmp_path: Path) -> None:
    """Also if that is inside a block of the encoder."""
    path = tmp_path / "a.mkv"
    write_clip(path, numbered(5), rate=Fraction(10), sound=sounds.tone(0.3, RATE_HZ)[:-7])
    (heard,) = iter_sound(path, [0.0], length_s=2.0, rate_hz=RATE_HZ)
    assert 0.299 < heard.duration_s < 0.35
    assert np.abs(heard.samples_f32[round(0.28 * RATE_HZ) : round(0.299 * RATE_HZ)]).max() > 0.3


def test_a_lower_rate_factor_keeps_more(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 128, 192, 3), dtype=np.uint8)
    for crf in (5, 40):
        write_clip(tmp_path / f"{crf}.mp4", noise, rate=Fraction(10), crf=crf)
    assert (tmp_path / "5.mp4").stat().st_size > 2 * (tmp_path / "40.mp4").stat().st_size


def test_sound_becomes_mp3_with_its_gaps(tmp_path: Path) -> None:
    tone = np.sin(np.arange(24_000) * 0.2).astype(np.float32) * 0.5
    content = sound_as_mp3([Sound(tone, 24_000, 0.0), Sound(tone, 24_000, 3.0)], kbps=48, most_bytes=1_000_000)
    assert content is not None
    (tmp_path / "a.mp3").write_bytes(content)
    assert probe(tmp_path / "a.mp3").duration_s == pytest.approx(4.0, abs=0.1)
    (whole,) = iter_sound(tmp_path / "a.mp3", [0.0], length_s=4.0, rate_hz=24_000)
    loud = [np.abs(whole.samples_f32[24_000 * second + 6_000 : 24_000 * second + 18_000]).max() for second in range(4)]
    assert [one > 0.3 for one in loud] == [True, False, False, True]


def test_sound_that_would_be_too_large_or_is_none_is_not_encoded() -> None:
    minute = Sound(np.zeros(24_000 * 60, np.float32), 24_000, 0.0)
    assert sound_as_mp3([minute] * 3, kbps=48, most_bytes=10_000) is None
    assert sound_as_mp3([], kbps=48, most_bytes=10_000) is None
