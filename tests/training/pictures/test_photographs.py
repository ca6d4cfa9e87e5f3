"""Whole pictures as examples: pairs of one size, forged on the spot, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.makers.images import write_image
from unmask.core.errors import DecodeFailed, UnknownOption, WeightsMissing
from unmask.datasets.manifest import Row
from unmask.datasets.split import SplitRule
from unmask.training.pictures import photographs
from unmask.training.pictures.photographs import PhotographStream, PieceStream, some_of
from unmask.training.recipe import Forge, Recipe, Schedule


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """A large red photograph, a small green fake of one source and a small blue one of another."""
    found = []
    for name, label, source, size, colour in (
        ("photo", 0, "camera", (400, 300), (200, 40, 40)),
        ("green", 1, "painter", (180, 180), (40, 200, 40)),
        ("blue", 1, "other", (180, 180), (40, 40, 200)),
    ):
        pixels = np.full((size[1], size[0], 3), colour, np.uint8)
        path = write_image(tmp_path / f"{name}.png", pixels)
        found.append(Row(path, "image", label, source, "", name))
    return found


def stream(rows: list[Row], **tables) -> PhotographStream:
    recipe = Recipe("tiny", "picture", "clip_layers", "", Schedule(1, 2, 1.0, seed=4), SplitRule(), **tables)
    return PhotographStream(rows, recipe, size_px=64)


def test_labels_alternate_and_examples_repeat(rows: list[Row]) -> None:
    examples = stream(rows)
    for number in range(6):
        pixels, label = examples[number]
        assert label == number % 2
        assert pixels.shape == (64, 64, 3)
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, examples[number][0])
        brightest = int(pixels.astype(int).sum(axis=(0, 1)).argmax())
        assert (brightest == 0) == (label == 0)


def test_both_of_a_pair_are_brought_to_one_size(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    sides = []
    scaled = photographs._scaled

    def noted(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
        sides.append(side)
        return scaled(pixels, side, rng)

    monkeypatch.setattr(photographs, "_scaled", noted)
    examples = stream(rows, augment={"rescale": 0.0})
    for number in range(8):
        assert examples[number]
    assert sides[::2] == sides[1::2]
    assert max(sides) <= 180


def test_shares_say_how_often_a_source_is_drawn(rows: list[Row]) -> None:
    examples = stream(rows, shares={"fake": {"painter": 1.0}})
    assert all(examples[number][0].astype(int).sum(axis=(0, 1)).argmax() == 1 for number in range(1, 12, 2))


def test_what_an_example_shows_is_known_without_reading_it(rows: list[Row]) -> None:
    examples = stream(rows)
    shown = [
        ("photo", "green", "blue")[examples[number][0].astype(int).sum(axis=(0, 1)).argmax()] for number in range(12)
    ]
    for row in rows:
        row.path.unlink()
    assert [examples.group(number) for number in range(12)] == shown
    assert set(shown) == {"photo", "green", "blue"}


def test_reconstructions_come_from_the_genuine_picture(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    class Inverter:
        def __init__(self, _: Path) -> None:
            pass

        def through(self, pixels: np.ndarray) -> np.ndarray:
            assert pixels.shape[0] == pixels.shape[1]
            assert pixels.shape[0] % 8 == 0
            return 255 - pixels

    monkeypatch.setattr(photographs, "Reconstructor", Inverter)
    forge = Forge(reconstruction=1.0, autoencoder="somewhere")
    examples = stream(rows[:1], forge=forge)
    genuine, forged = examples[0][0].astype(int), examples[1][0].astype(int)
    assert genuine[..., 0].mean() > genuine[..., 1].mean()
    assert forged[..., 0].mean() < forged[..., 1].mean()


def test_unknown_settings_and_missing_weights_are_refused(rows: list[Row], tmp_path: Path) -> None:
    with pytest.raises(UnknownOption, match="Did you mean whole"):
        stream(rows, augment={"wole": 1.0})
    with pytest.raises(WeightsMissing, match="taef2_encoder"):
        stream(rows, forge=Forge(reconstruction=0.5, autoencoder=str(tmp_path)))


def test_views_can_be_stills_of_a_compressed_clip(rows: list[Row]) -> None:
    calm, filmed = stream(rows), stream(rows, augment={"h264": 1.0, "codec": 0.0})
    for number in range(4):
        pixels, label = filmed[number]
        assert pixels.shape == (64, 64, 3)
        assert label == calm[number][1]
        brightest = int(pixels.astype(int).sum(axis=(0, 1)).argmax())
        assert (brightest == 0) == (label == 0)


def test_checks_do_not_follow_the_order_of_a_manifest(rows: list[Row]) -> None:
    many = [rows[number % 2] for number in range(400)]
    chosen = some_of(many, 100)
    assert len(chosen) == 100
    assert chosen == some_of(many, 100)
    assert 30 < sum(row.label for row in chosen) < 70
    assert some_of(rows, 100) == rows


def test_pieces_come_of_every_picture_that_can_be_read(rows: list[Row], tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no picture")
    bad = Row(broken, "image", 0, "camera", "", "broken")
    pieces = PieceStream([*rows, bad], 3, size_px=64)
    seen = set()
    for number in range(24):
        pixels, label = pieces[number]
        assert pixels.shape == (64, 64, 3)
        np.testing.assert_array_equal(pixels, pieces[number][0])
        seen.add(label)
    assert seen == {0, 1}
    with pytest.raises(DecodeFailed, match=r"broken\.jpg"):
        PieceStream([bad], 3, size_px=64)[0]
