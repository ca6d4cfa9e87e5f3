"""A card that is written reads back as it was."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from unmask.models.card import Calibration, CardFile, CardInput, Figure, ModelCard, read_card

pytest.importorskip("tomli_w")

from unmask.models.write import write_card

FULL = ModelCard(
    name="voice.tiny-1",
    family="speech",
    summary='Says "ü" and \\ and a\nsecond line.',
    licence="Apache-2.0",
    commercial_use=False,
    files=(
        CardFile("a.onnx", "ab" * 32, 123, embedded=True),
        CardFile(
            "b.bin", "cd" * 32, 5, package="somewhere==1.0", resource="weights/b.bin", url="https://example.org/b"
        ),
    ),
    input=CardInput("samples", "float32", 224, 1.3, "upright-square-1", "RGB", "area", 16000, 4.0),
    outputs={"logit": "logit", "evidence": "heat map"},
    calibration=Calibration(1 / 3, -2e-9, 1.23456789, 4.0, 0.1, 0.987654321, ("one", "two: b"), 0.0),
    training_data=("one: 3 real", "two: 4 fake"),
    figures=(
        Figure("AUC", "left-out sources", seen=False, value=0.9123456789, low=0.9, high=1.0, media=321),
        Figure("EER", "kept back", seen=True, value=0.0, low=0.0, high=1e-12, media=1),
    ),
    parity=3.4567891e-6,
    known_failures=("Whispering.",),
    reference="Somebody 2020",
)
LEAST = ModelCard("least", "face", "s", "l", commercial_use=True, files=(CardFile("a.onnx", "00", 1),))


def flat(value: object, at: str = "") -> dict[str, object]:
    """Every leaf of nested records by its place."""
    if isinstance(value, dict):
        return {key: leaf for name, entry in value.items() for key, leaf in flat(entry, f"{at}.{name}").items()}
    if isinstance(value, (list, tuple)) and value:
        return {key: leaf for name, entry in enumerate(value) for key, leaf in flat(entry, f"{at}.{name}").items()}
    return {at: value}


@pytest.mark.parametrize("card", [FULL, LEAST], ids=["full", "least"])
def test_what_is_written_reads_back(card: ModelCard, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "card.toml"
    write_card(card, path)
    wanted, found = flat(asdict(card)), flat(asdict(read_card(path)))
    assert found.keys() == wanted.keys()
    for place, value in wanted.items():
        if isinstance(value, float):
            assert found[place] == pytest.approx(value, rel=1e-5, abs=0), place
        else:
            assert found[place] == value, place
            assert type(found[place]) is type(value), place


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    write_card(FULL, tmp_path / "a.toml")
    once = read_card(tmp_path / "a.toml")
    write_card(once, tmp_path / "b.toml")
    assert read_card(tmp_path / "b.toml") == once
    assert (tmp_path / "a.toml").read_bytes() == (tmp_path / "b.toml").read_bytes()


def test_where_a_card_was_read_from_is_not_stored(tmp_path: Path) -> None:
    write_card(replace(FULL, home=str(tmp_path)), tmp_path / "a.toml")
    text = (tmp_path / "a.toml").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "home" not in text
    assert read_card(tmp_path / "a.toml").home == ""
