from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tests.makers import people
from tests.makers.images import leaves_its_input_alone
from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array
from unmask.media.wear import retouch
from unmask.media.wear.degrade import noise

SMOOTHING: dict[str, Callable[[U8Array], U8Array]] = {
    "smooth": partial(retouch.smooth, tolerance=40, reach_px=3),
    "flatten": partial(retouch.flatten, tolerance=0.2, reach_px=12),
    "even_out": partial(retouch.even_out, aperture_px=7, detail=0.2),
    "denoise": partial(retouch.denoise, strength=7),
}
ALL = {
    **SMOOTHING,
    "sharpen": partial(retouch.sharpen, amount=0.8, sigma_px=1.5),
    "grade": partial(retouch.grade, contrast=1.1, curve=0.5, saturation=1.2, warmth=0.05),
}


def grainy(level: int = 128) -> U8Array:
    """Half dark, half bright, grain all over."""
    pixels = np.full((64, 64, 3), level - 60, np.uint8)
    pixels[:, 32:] = level + 60
    return noise(pixels, 5.0, np.random.default_rng(0))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 48)])
def test_keeps_shape_and_leaves_its_input_alone(name: str, size: tuple[int, int]) -> None:
    assert leaves_its_input_alone(ALL[name], size)


@pytest.mark.parametrize("name", ALL)
def test_colours_keep_their_order(name: str) -> None:
    brown = np.full((32, 32, 3), (150, 110, 90), np.uint8)
    done = ALL[name](brown)[16, 16].astype(int)
    assert done.argsort().tolist() == [2, 1, 0]
    assert np.abs(done - (150, 110, 90)).max() < 30


@pytest.mark.parametrize("name", SMOOTHING)
def test_smoothing_takes_grain_away_and_keeps_edges(name: str) -> None:
    before = grainy()
    after = SMOOTHING[name](before)
    assert after[8:56, 4:24].std() < 0.7 * before[8:56, 4:24].std()
    assert after[:, 36].mean() - after[:, 27].mean() > 100


def test_sharpening_steepens_edges() -> None:
    soft = np.repeat(np.clip(np.linspace(-200, 455, 64), 60, 200).astype(np.uint8)[None, :, None], 3, axis=2)
    soft = np.repeat(soft, 16, axis=0)
    steep = retouch.sharpen(soft, 1.0, 2.0)
    assert np.abs(np.diff(steep[8, :, 0].astype(int))).max() > np.abs(np.diff(soft[8, :, 0].astype(int))).max()


def test_grading_by_nothing_changes_nothing() -> None:
    pixels = people.bust()
    same = retouch.grade(pixels, contrast=1.0, curve=0.0, saturation=1.0, warmth=0.0)
    assert np.abs(same.astype(int) - pixels).max() <= 1


def test_grading_warms_and_saturates() -> None:
    pixels = np.full((4, 4, 3), (150, 120, 110), np.uint8)
    graded = retouch.grade(pixels, contrast=1.0, curve=0.0, saturation=1.5, warmth=0.05)[0, 0].astype(int)
    assert graded[0] > 150
    assert graded[2] < 110


def test_refuses_what_makes_no_sense() -> None:
    pixels = people.bust()
    wrong: tuple[Callable[[], U8Array], ...] = (
        lambda: retouch.smooth(pixels, 0, 3),
        lambda: retouch.smooth(pixels, 10, float("inf")),
        lambda: retouch.flatten(pixels, 1.5, 5),
        lambda: retouch.even_out(pixels, 4, 0.5),
        lambda: retouch.even_out(pixels, 5, 1.5),
        lambda: retouch.denoise(pixels, -1),
        lambda: retouch.sharpen(pixels, 0.5, 0),
        lambda: retouch.grade(pixels[..., 0], contrast=1, curve=0, saturation=1, warmth=0),
    )
    for attempt in wrong:
        with pytest.raises(InvalidOption):
            attempt()
