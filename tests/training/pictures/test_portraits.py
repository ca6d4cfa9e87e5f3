"""The stream of training crops: fair draws, and disturbances that are blind to the label."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tests.makers import people
from unmask.core.errors import InvalidOption, UnknownOption
from unmask.datasets.split import SplitRule
from unmask.extraction.crops import CACHE_MARGIN, CachedCrop
from unmask.training.forge import forger
from unmask.training.pictures import portraits
from unmask.training.pictures.disturb import AUGMENT, augment, disturb
from unmask.training.pictures.portraits import PortraitStream, as_scanned, read_crop
from unmask.training.recipe import Forge, Recipe, Schedule

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


def stream(crops: list[CachedCrop], size_px: int = 8, seed: int = 0, **tables) -> PortraitStream:
    recipe = Recipe("tiny", "face", "face_cnn", "", Schedule(1, 2, 1e-3, seed=seed), SplitRule(), **tables)
    return PortraitStream(crops, recipe, size_px=size_px, margin=1.3)


def drawn(crops: list[CachedCrop], monkeypatch, count: int = 1500, **tables) -> Counter[str]:
    """Which crops are read, and how often a face is forged on the spot."""
    seen: Counter[str] = Counter()

    def read(one: CachedCrop) -> np.ndarray:
        seen[one.path.stem] += 1
        return np.zeros((8, 8, 3), np.uint8)

    def blend(pixels: np.ndarray, *_: object) -> tuple[np.ndarray, np.ndarray]:
        seen["forged"] += 1
        return pixels, np.zeros((8, 8), np.float32)

    monkeypatch.setattr(portraits, "read_crop", read)
    monkeypatch.setattr(forger, "self_blend", blend)
    monkeypatch.setattr(portraits, "disturb", lambda pixels, mask, *_, **__: (pixels, mask))
    seen.update(f"label {int(entry[1])}" for entry in islice(stream(crops, **tables), count))
    return seen


def test_labels_are_balanced_whatever_the_numbers(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, monkeypatch)
    assert seen["label 1"] == seen["label 0"] == 750
    assert seen["f0"] + seen["f1"] == seen["label 1"]


def test_sources_follow_their_shares(crops: list[CachedCrop], monkeypatch) -> None:
    shares = {"real": {"big": 0.25, "small": 0.75}, "fake": {"swap": 0.2, "made": 0.3, "self-blend": 0.5}}
    seen = drawn(crops, monkeypatch, shares=shares)
    fakes = seen["label 1"]
    assert seen["f0"] / fakes == pytest.approx(0.2, abs=0.05)
    assert seen["f1"] / fakes == pytest.approx(0.3, abs=0.05)
    assert seen["forged"] / fakes == pytest.approx(0.5, abs=0.06)
    # Forged faces are made from real crops, drawn by the shares of the real ones.
    assert seen["r-small"] / (seen["label 0"] + seen["forged"]) == pytest.approx(0.75, abs=0.05)


def test_forgeries_take_their_share_of_the_fakes(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, monkeypatch, shares={"fake": {"swap": 3.0, "made": 1.0}}, forge=Forge(self_blend=0.4))
    assert seen["forged"] / seen["label 1"] == pytest.approx(0.4, abs=0.06)
    assert seen["f0"] / seen["label 1"] == pytest.approx(0.45, abs=0.06)


def test_without_fakes_in_the_manifest_all_are_forged(crops: list[CachedCrop], monkeypatch) -> None:
    genuine = [crop for crop in crops if crop.label == 0]
    seen = drawn(genuine, monkeypatch, count=200, forge=Forge(self_blend=0.3))
    assert seen["forged"] == seen["label 1"] == 100


def test_a_long_clip_counts_as_one_medium(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, monkeypatch, shares={"real": {"big": 1.0}})
    assert seen["r-other"] / seen["label 0"] == pytest.approx(0.5, abs=0.06)
    assert seen["r-small"] == 0


def test_a_star_stands_for_the_sources_not_named(crops: list[CachedCrop], monkeypatch) -> None:
    seen = drawn(crops, monkeypatch, shares={"real": {"small": 0.2, "*": 0.8}})
    assert seen["r-small"] / seen["label 0"] == pytest.approx(0.2, abs=0.05)


def test_an_example_depends_on_the_seed_and_its_number_alone(crops: list[CachedCrop]) -> None:
    one, again, other = stream(crops, 32), stream(crops, 32), stream(crops, 32, seed=1)
    for number in (5, 2, 0):  # In any order, and without those before.
        pixels, label = one[number]
        assert (again[number][0] == pixels).all()
        assert again[number][1] == label == number % 2
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == np.uint8
    assert any((one[number][0] != other[number][0]).any() for number in range(4))


def face(folder: Path, name: str, label: int = 0, group: str = "") -> CachedCrop:
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), cv2.cvtColor(people.bust(blue=label == 1), cv2.COLOR_RGB2BGR))
    return CachedCrop(path, label, "s", "", group or name, name, POINTS)


def test_forgeries_on_the_spot_differ_from_their_crop(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(portraits, "disturb", lambda pixels, mask, *_, **__: (pixels, mask))
    for pixels, label in islice(stream([face(tmp_path, "a")], forge=Forge(self_blend=1.0)), 12):
        assert (pixels == people.bust()).all() == (label == 0)


def test_pairs_differ_by_the_forgery_alone(tmp_path: Path) -> None:
    forge = Forge(self_blend=1.0, paired=1.0, mask_weight=1.0)
    found = stream([face(tmp_path, "a"), face(tmp_path, "b")], 64, forge=forge)
    for number in range(0, 12, 2):
        genuine, forged = found[number], found[number + 1]
        assert genuine[2].max() == 0
        mask = cv2.resize(forged[2], (64, 64), interpolation=cv2.INTER_NEAREST)
        assert mask.max() > 0.2
        change = np.abs(genuine[0].astype(int) - forged[0]).mean(axis=2)
        assert change[mask > 0.2].mean() > 0.5
    alone = stream([face(tmp_path, "a")], 64, forge=Forge(self_blend=1.0))
    assert np.abs(alone[0][0].astype(int) - alone[1][0]).mean() > 8, "unpaired examples are disturbed apart"


def test_fakes_of_the_manifest_are_paired_by_their_group(tmp_path: Path, monkeypatch) -> None:
    crops = [
        crop(tmp_path, f"{kind}{at}", kind == "fake", "s", level=10 * at)
        for kind in ("real", "fake")
        for at in range(6)
    ]
    crops = [replace(one, group=one.path.stem[-1]) for one in crops]
    monkeypatch.setattr(portraits, "disturb", lambda pixels, mask, *_, **__: (pixels, mask))
    found = stream(crops, forge=Forge(paired=1.0))
    assert all((found[number][0] == found[number + 1][0]).all() for number in range(0, 40, 2))


def test_nobody_knows_where_a_fake_of_the_manifest_was_forged(tmp_path: Path) -> None:
    found = stream([face(tmp_path, "a"), face(tmp_path, "b", 1)], forge=Forge(mask_weight=1.0))
    assert (found[1][2] == -1).all()
    assert (found[0][2] == 0).all()
    assert found[0][2].shape == (32, 32)


def test_the_mask_moves_with_the_picture() -> None:
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[40:90, 60:80] = 255
    often = dict.fromkeys(AUGMENT, 0.0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pixels, mask = disturb(picture, picture[..., 0].copy(), rng, size_px=64, margin=1.3, often=often)
        assert (mask > 128).sum() > 100
        assert ((pixels.mean(axis=2) > 100) == (mask > 128)).mean() > 0.97


@pytest.mark.parametrize("kind", ["h264", "screenshot", "retouch"])
def test_video_codecs_screenshots_and_retouching(kind: str) -> None:
    never = dict.fromkeys(AUGMENT, 0.0)
    mask = np.zeros((240, 240), np.uint8)

    def once(**often: float) -> np.ndarray:
        rng = np.random.default_rng(1)
        return disturb(people.bust(), mask, rng, size_px=120, margin=1.3, often={**never, **often})[0]

    assert once(**{kind: 1.0}).shape == (120, 120, 3)
    assert not (once(**{kind: 1.0}) == once()).all()


def test_without_variation_a_crop_is_what_the_scanner_sees_or_its_mirror_image() -> None:
    calm = {**dict.fromkeys(AUGMENT, 0.0), "vary": 0.0}
    mask = np.zeros((240, 240), np.uint8)
    seen = as_scanned(people.bust(), size_px=120, margin=1.3)
    drawn = [
        disturb(people.bust(), mask, np.random.default_rng(seed), size_px=120, margin=1.3, often=calm)[0]
        for seed in range(8)
    ]
    plain = [bool((pixels == seen).all()) for pixels in drawn]
    turned = [
        not same and abs(pixels[:, ::-1].astype(int) - seen).mean() < 2
        for same, pixels in zip(plain, drawn, strict=True)
    ]
    assert any(plain)
    assert any(turned)
    assert sum(plain) + sum(turned) == len(drawn)


def test_unknown_settings_name_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownOption, match=r"\[augment\].*Did you mean screenshot"):
        stream([face(tmp_path, "a"), face(tmp_path, "b", 1)], augment={"screnshot": 0.1})


@pytest.mark.parametrize(
    ("forge", "words"), [(Forge(swap=0.2), "two people"), (Forge(mouth=0.2), "more than one face")]
)
def test_forgeries_with_nothing_to_be_made_from(tmp_path: Path, forge: Forge, words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        stream([face(tmp_path, "a")], forge=forge)


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
