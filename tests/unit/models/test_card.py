from __future__ import annotations

from pathlib import Path

import pytest

from tests.makers import models
from unmask.core.errors import CardMismatch, UnknownModel
from unmask.models import catalogue
from unmask.models.card import read_card

FILES = 'files = [{ name = "a.onnx", sha256 = "00", bytes = 1 }]\n'
LEAST = 'name = "a"\nfamily = "face"\nsummary = "s"\nlicence = "l"\ncommercial_use = true\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "a.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_card(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, LEAST + FILES))
    assert card.graph.name == "a.onnx"
    assert (card.input, card.calibration, card.figures) == (None, None, ())


def test_a_full_card(tmp_path: Path) -> None:
    card = read_card(models.write_face_model(tmp_path))
    assert card.input is not None
    assert (card.input.size_px, card.input.margin, card.input.dtype) == (64, 1.3, "uint8")
    assert card.calibration is not None
    assert card.calibration.fitted_on == ("nothing",)
    assert card.outputs == {"logit": "logit", "evidence": "evidence"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "cannot be read"),
        (LEAST, "files"),
        (LEAST + "files = []\n", "files"),
        (FILES, "missing"),
        (LEAST + FILES + "licens = 1\n", "Did you mean licence"),
        (LEAST + FILES + '[input]\nname = "x"\ndtype = "uint8"\nsize = 3\n', "Did you mean size_px"),
        (LEAST + FILES + "[calibration]\nunit_slope = 1.0\n", "missing"),
        (LEAST + 'files = [{ name = "a.onnx", sha256 = "00", size = 1 }]\n', "unknown key 'size'"),
    ],
    ids=["no toml", "no files", "empty files", "only files", "typo", "typo inside", "half calibrated", "file key"],
)
def test_broken_cards_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CardMismatch, match=words):
        read_card(write(tmp_path, text))


def test_a_card_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x80")
    with pytest.raises(CardMismatch, match=r"a\.toml"):
        read_card(path)


@pytest.mark.parametrize("name", catalogue.names())
def test_cards_that_ship_are_whole(name: str) -> None:
    card = catalogue.find(name)
    assert card.name == name
    assert len(card.graph.sha256) == 64
    assert card.summary.endswith(".")
    assert card.base or card.files[0].embedded or card.files[0].package


def test_unknown_names_list_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="Did you mean yunet-2023mar"):
        catalogue.find("yunet")


def test_a_card_can_be_named_by_its_path(tmp_path: Path) -> None:
    assert catalogue.find(str(models.write_face_model(tmp_path))).name == "tiny-face"
    with pytest.raises(UnknownModel, match=r"gone\.toml"):
        catalogue.find(str(tmp_path / "gone.toml"))
