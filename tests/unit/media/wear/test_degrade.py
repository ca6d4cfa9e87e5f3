from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.makers.images import draw_portrait, leaves_its_input_alone
from unmask.core.errors import InvalidOption
from unmask.media.wear import degrade

U8Array = NDArray[np.uint8]
ALL: dict[str, Callable[[U8Array], U8Array]] = {
    "jpeg": partial(degrade.jpeg, quality=60),
    "webp": partial(degrade.webp, quality=60),
    "rescale": partial(degrade.rescale, factor=0.5),
    "blur": partial(degrade.blur, sigma=1.5),
    "noise": lambda pixels: degrade.noise(pixels, 5.0, np.random.default_rng(0)),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 48)])
def test_keeps_shape_and_leaves_its_input_alone(name: str, size: tuple[int, int]) -> None:
    assert leaves_its_input_alone(ALL[name], size)


@pytest.mark.parametrize("name", ALL)
def test_does_some_damage_but_keeps_colour_order(name: str) -> None:
    red = np.full((32, 32, 3), (220, 30, 10), np.uint8)
    assert np.abs(ALL[name](red).astype(int).mean(axis=(0, 1)) - (220, 30, 10)).max() < 6
    portrait = draw_portrait((96, 128))
    assert (ALL[name](portrait) != portrait).any()


def test_more_compression_does_more_damage() -> None:
    portrait = draw_portrait((160, 200)).astype(int)
    for codec in (degrade.jpeg, degrade.webp):
        errors = [np.abs(codec(portrait.astype(np.uint8), quality) - portrait).mean() for quality in (95, 60, 10)]
        assert errors == sorted(errors)


def test_nothing_asked_gives_an_equal_copy() -> None:
    portrait = draw_portrait((40, 50))
    assert np.array_equal(degrade.rescale(portrait, 1.0), portrait)
    assert np.array_equal(degrade.blur(portrait, 0.0), portrait)
    assert np.array_equal(degrade.noise(portrait, 0.0, np.random.default_rng(0)), portrait)


def test_noise_has_the_asked_strength_and_follows_its_seed() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = degrade.noise(grey, 8.0, np.random.default_rng(3))
    assert abs(float(noisy.std()) - 8.0) < 0.2
    assert np.array_equal(noisy, degrade.noise(grey, 8.0, np.random.default_rng(3)))


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "area", "lanczos"])
def test_every_interpolation_works(interpolation: degrade.Interpolation) -> None:
    assert degrade.rescale(draw_portrait((50, 70)), 0.3, interpolation).shape == (70, 50, 3)


@pytest.mark.parametrize(
    "damage",
    [
        partial(degrade.jpeg, quality=0),
        partial(degrade.webp, quality=101),
        partial(degrade.rescale, factor=0.0),
        partial(degrade.rescale, factor=1.5),
        partial(degrade.rescale, factor=0.5, interpolation="magic"),
        partial(degrade.blur, sigma=-1.0),
        partial(degrade.noise, sigma=float("nan"), rng=np.random.default_rng(0)),
    ],
)
def test_wrong_settings_are_refused(damage: Callable[[U8Array], U8Array]) -> None:
    with pytest.raises(InvalidOption):
        damage(draw_portrait((20, 20)))


def test_wrong_pixels_are_refused() -> None:
    with pytest.raises(InvalidOption, match="RGB"):
        degrade.jpeg(np.zeros((4, 4), np.uint8), 50)
    with pytest.raises(InvalidOption, match="16383"):
        degrade.webp(np.zeros((1, 20000, 3), np.uint8), 50)
