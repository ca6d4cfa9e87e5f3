import numpy as np
import pytest

from unmask.explain.spectrum import FLOOR_DB, SoundSketch, envelope, mel_picture

RATE = 16000


def tone(hz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def mel(hz: float) -> float:
    return 2595 * np.log10(1 + hz / 700)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("hz", [300.0, 1000.0, 4000.0])
def test_a_tone_lights_its_own_band_at_any_rate(rate: int, hz: float) -> None:
    picture = mel_picture(tone(hz, 0.5, rate), rate)
    loudest = int(np.bincount(picture.argmax(axis=0)).argmax())
    expected = mel(hz) / mel(8000) * 81 - 1
    assert abs(loudest - expected) <= 1.5


def test_picture_has_one_column_each_ten_milliseconds() -> None:
    picture = mel_picture(tone(500, 1.0), RATE, bands=40)
    assert picture.shape == (40, 100)
    assert picture.dtype == np.float32
    assert picture.max() == 0
    assert picture.min() >= FLOOR_DB


def test_silence_is_dark() -> None:
    assert (mel_picture(np.zeros(RATE, np.float32), RATE) == FLOOR_DB).all()


def test_onset_stands_at_its_time() -> None:
    samples = np.concatenate([np.zeros(RATE, np.float32), tone(1000, 1.0)])
    loud = np.flatnonzero(mel_picture(samples, RATE).max(axis=0) > -20)
    assert abs(loud[0] - 100) <= 2


def test_bands_above_half_the_rate_stay_empty() -> None:
    picture = mel_picture(np.random.default_rng(0).normal(size=8000).astype(np.float32), 8000)
    assert (picture[63:, 10:-10] == FLOOR_DB).all()
    assert (picture[:50, 10:-10] > FLOOR_DB).any(axis=1).all()


def test_envelope_holds_extremes() -> None:
    samples = np.asarray([0, 1, -2, 3, 4, -5], np.float32)
    np.testing.assert_array_equal(envelope(samples, 3), [[0, 1], [-2, 3], [-5, 4]])
    assert envelope(samples, 12).shape == (12, 2)
    with pytest.raises(ValueError, match="expected samples"):
        envelope(np.zeros(0, np.float32), 3)


@pytest.mark.parametrize("block", [1, 77, 160, 5000, 100_000])
def test_sketch_does_not_depend_on_blocks(block: int) -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 0.1, 9001).astype(np.float32)
    whole, parts = SoundSketch(RATE, columns=20), SoundSketch(RATE, columns=20)
    whole.feed(samples)
    for start in range(0, samples.size, block):
        parts.feed(samples[start : start + block])
    np.testing.assert_allclose(whole.exhibit().mel_db, parts.exhibit().mel_db, atol=1e-3)
    np.testing.assert_array_equal(whole.exhibit().envelope, parts.exhibit().envelope)


def test_sketch_keeps_its_size_and_loses_no_peak() -> None:
    rng = np.random.default_rng(2)
    sketch = SoundSketch(RATE, columns=64)
    for number in range(120):
        block = rng.normal(0, 0.01, RATE // 2).astype(np.float32)
        if number == 90:
            block[100] = 0.9
        sketch.feed(block)
    exhibit = sketch.exhibit()
    assert exhibit.duration_s == 60
    assert 32 <= exhibit.envelope.shape[0] <= 64
    assert exhibit.mel_db.shape == (80, exhibit.envelope.shape[0])
    peak = exhibit.envelope[:, 1].argmax() / exhibit.envelope.shape[0]
    assert exhibit.envelope[:, 1].max() == pytest.approx(0.9)
    assert peak == pytest.approx(0.75, abs=0.05)


def test_last_samples_count_and_looking_does_not_disturb() -> None:
    sketch = SoundSketch(RATE)
    sketch.feed(np.zeros(163, np.float32))
    first = sketch.exhibit()
    sketch.feed(np.asarray([0.7], np.float32))
    second = sketch.exhibit()
    assert first.envelope.shape == second.envelope.shape == (2, 2)
    assert first.envelope.max() == 0
    assert second.envelope[1, 1] == pytest.approx(0.7)


def test_nothing_fed_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was fed"):
        SoundSketch(RATE).exhibit()
    with pytest.raises(ValueError, match="even"):
        SoundSketch(RATE, columns=3)


def test_activity_is_passed_on() -> None:
    sketch = SoundSketch(RATE)
    sketch.feed(tone(300, 0.1))
    np.testing.assert_array_equal(sketch.exhibit(np.asarray([0.1, 0.9], np.float32)).activity, np.float32([0.1, 0.9]))
    assert sketch.exhibit().activity.size == 0
