"""The stream of training crops: fair draws, and disturbances that are blind to the label."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tests.makers import people
from unmask.extraction.crops import CACHE_MARGIN, CachedCrop
from unmask.training import portraits
from unmask.training.portraits import PortraitStream, as_scanned, augment, read_crop

POINTS = np.array([[80, 90], [120, 90], [100, 110], [85, 135], [115, 135]], np.float32)


def crop(folder: Path, name: str, label: int, source: str, *, medium: str = "", level: int = 128) -> CachedCrop:
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), np.full((200, 200, 3), level, np.uint8))
    return CachedCrop(path, label, source, "", name, medium or name, POINTS)


@pytest.fixture
def crops(tmp_path: Path) -> list[CachedCrop]:
    """Two sources a label; one medium of the first has many frames."""
    found = [crop(tmp_path, f"r{at}", 0, "big", medium="long clip") for at in range(20)]
    found += [crop(tmp_path, "r-other", 0, "big"), crop(tmp_path, "r-small", 0, "small")]
    return [*found, crop(tmp_path, "f0", 1, "swap"), crop(tmp_path, "f1", 1, "made")]


def drawn(crops: list[CachedCrop], shares: dict[str, dict[str, float]], monkeypatch, count: int = 1500) -> Counter[str]:
    """Which crops are read, and how often a face is forged on the spot."""
    seen: Counter[str] = Counter()

    def read(one: CachedCrop) -> np.ndarray:
        seen[one.path.stem] += 1
        return np.zeros((8, 8, 3), np.uint8)

    def blend(pixels: np.ndarray, *_: object) -> tuple[np.ndarray, None]:
        seen["forged"] += 1
        return pixels, None

    monkeypatch.setattr(portraits, "read_crop", read)
    monkeypatch.setattr(portraits, "self_blend", blend)
    monkeypatch.setattr(portraits, "augment", lambda pixels, *_, **__: pixels)
    stream = PortraitStream(crops, shares, size_px=8, margin=1.3, seed=0)
    seen.update(f"label {int(label)}" for _, label in islice(stream, count))
    return seen


def test_labels_are_balanced_whatever_the_numbers(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, {}, monkeypatch)
    assert seen["label 1"] / 1500 == pytest.approx(0.5, abs=0.05)
    assert seen["f0"] + seen["f1"] == seen["label 1"]


def test_sources_follow_their_shares(crops: list[CachedCrop], monkeypatch) -> None:
    shares = {"real": {"big": 0.25, "small": 0.75}, "fake": {"swap": 0.2, "made": 0.3, "self-blend": 0.5}}
    seen = drawn(crops, shares, monkeypatch)
    fakes = seen["label 1"]
    assert seen["f0"] / fakes == pytest.approx(0.2, abs=0.05)
    assert seen["f1"] / fakes == pytest.approx(0.3, abs=0.05)
    assert seen["forged"] / fakes == pytest.approx(0.5, abs=0.06)
    # Forged faces are made from real crops, drawn by the shares of the real ones.
    assert seen["r-small"] / (seen["label 0"] + seen["forged"]) == pytest.approx(0.75, abs=0.05)


def test_a_long_clip_counts_as_one_medium(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, {"real": {"big": 1.0}}, monkeypatch)
    assert seen["r-other"] / seen["label 0"] == pytest.approx(0.5, abs=0.06)
    assert seen["r-small"] == 0


def test_a_star_stands_for_the_sources_not_named(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, {"real": {"small": 0.2, "*": 0.8}}, monkeypatch)
    assert seen["r-small"] / seen["label 0"] == pytest.approx(0.2, abs=0.05)


def test_the_stream_repeats_by_its_seed(crops: list[CachedCrop]) -> None:
    def first(seed: int) -> list[tuple[np.ndarray, float]]:
        return list(islice(PortraitStream(crops, {}, size_px=32, margin=1.3, seed=seed), 6))

    one, again, other = first(0), first(0), first(1)
    assert all((x[0] == y[0]).all() and x[1] == y[1] for x, y in zip(one, again, strict=True))
    assert any((x[0] != y[0]).any() for x, y in zip(one, other, strict=True))
    assert all(pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8 for pixels, _ in one)


def test_forgeries_on_the_spot_differ_from_their_crop(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), cv2.cvtColor(people.bust(), cv2.COLOR_RGB2BGR))
    real = CachedCrop(path, 0, "s", "", "g", "m", POINTS)
    monkeypatch.setattr(portraits, "augment", lambda pixels, *_, **__: pixels)
    stream = PortraitStream([real], {"fake": {"self-blend": 1.0}}, size_px=8, margin=1.3, seed=0)
    for pixels, label in islice(stream, 12):
        assert (pixels == people.bust()).all() == (label == 0)


@pytest.mark.parametrize("side", [41, 120, 352])
@pytest.mark.parametrize("seed", range(6))
def test_augmented_crops_have_the_wanted_shape(side: int, seed: int) -> None:
    pixels = cv2.resize(people.bust(), (side, side), interpolation=cv2.INTER_AREA)
    before = pixels.copy()
    found = augment(pixels, np.random.default_rng(seed), size_px=96, margin=1.3)
    assert (found.shape, found.dtype) == ((96, 96, 3), np.uint8)
    assert found.flags["C_CONTIGUOUS"]
    assert (pixels == before).all()
    assert found.std() > 5


def test_augmentation_repeats_by_its_seed_and_varies() -> None:
    def once(seed: int) -> np.ndarray:
        return augment(people.bust(), np.random.default_rng(seed), size_px=64, margin=1.3)

    assert (once(0) == once(0)).all()
    assert len({once(seed).tobytes() for seed in range(8)}) == 8


def test_as_scanned_is_the_scanners_margin() -> None:
    """A white square as wide as the face's box times 1.3 must fill the crop."""
    side = 170
    inner = round(side * 1.3 / CACHE_MARGIN / 2)
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[side // 2 - inner : side // 2 + inner, side // 2 - inner : side // 2 + inner] = 255
    assert as_scanned(pixels, size_px=64, margin=1.3).mean() > 250
    assert as_scanned(pixels, size_px=64, margin=1.6).mean() < 200


def test_crops_are_read_as_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 4, 3), (0, 0, 255), np.uint8))  # OpenCV writes blue, green, red
    assert read_crop(CachedCrop(tmp_path / "a.png", 0, "", "", "", "", POINTS))[0, 0].tolist() == [255, 0, 0]
