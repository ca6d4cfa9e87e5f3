"""Traces for the eye, on pictures whose traces are known."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.explain.traces import azimuthal_spectrum, noise_residual, recompression_error
from unmask.media.wear.degrade import jpeg


def test_a_pasted_part_changes_more_than_one_that_was_compressed_before() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    once = jpeg(noise, 90)
    once[16:32, 16:32] = noise[16:32, 16:32]
    found = recompression_error(once)
    assert found.shape == (64, 64)
    assert found[16:32, 16:32].mean() > 2 * found[40:].mean()


def test_noise_stays_and_smooth_parts_vanish() -> None:
    pixels = np.full((40, 40, 3), 128, np.uint8)
    pixels[:, 20:] += np.random.default_rng(0).integers(0, 30, (40, 20, 1), dtype=np.uint8)
    found = noise_residual(pixels)
    assert found[:, :18].max() == 0
    assert found[:, 22:].mean() > 2


def test_a_wave_stands_at_its_own_frequency() -> None:
    wave = 127 + 100 * np.sin(2 * np.pi * 0.25 * np.arange(128))
    pixels = np.repeat(np.tile(wave, (128, 1))[..., None], 3, axis=2).astype(np.uint8)
    across, power = azimuthal_spectrum(pixels)
    assert across[-1] == 0.5
    assert across[int(power.argmax())] == pytest.approx(0.25, abs=0.01)


def test_fine_detail_lifts_the_high_end() -> None:
    rng = np.random.default_rng(0)
    plain = np.repeat(np.tile(np.arange(128), (128, 1))[..., None], 3, axis=2).astype(np.uint8)
    fine = np.clip(plain + rng.normal(0, 20, plain.shape), 0, 255).astype(np.uint8)
    assert azimuthal_spectrum(fine)[1][-20:].mean() > azimuthal_spectrum(plain)[1][-20:].mean() + 3
    assert azimuthal_spectrum(np.zeros((9, 12, 3), np.uint8))[1].shape == (4,)
