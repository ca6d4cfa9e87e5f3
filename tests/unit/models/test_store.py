from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers import models
from unmask.core.errors import ChecksumMismatch, WeightsMissing
from unmask.models import catalogue, store
from unmask.models.card import CardBase, ModelCard, read_card


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A card whose file lies in the folder that UNMASK_MODELS names, while the card lies elsewhere."""
    path = models.write_face_model(tmp_path / "cards")
    (tmp_path / "models").mkdir()
    (tmp_path / "cards" / "tiny-face.onnx").rename(tmp_path / "models" / "tiny-face.onnx")
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path / "models"))
    return read_card(path)


def test_found_in_the_folder_that_people_name(card: ModelCard, tmp_path: Path) -> None:
    assert store.locate(card) == tmp_path / "models" / "tiny-face.onnx"
    store.verify(card)


def test_missing_says_where_to_put_it(card: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny-face.onnx").unlink()
    with pytest.raises(WeightsMissing, match="place it at") as caught:
        store.locate(card)
    assert str(tmp_path / "models" / "tiny-face.onnx") in str(caught.value)
    assert card.graph.sha256 in str(caught.value)


def test_wrong_size_is_noticed_without_reading(card: ModelCard, tmp_path: Path) -> None:
    with (tmp_path / "models" / "tiny-face.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ChecksumMismatch, match="bytes"):
        store.locate(card)


def test_one_flipped_bit_is_noticed(card: ModelCard, tmp_path: Path) -> None:
    path = tmp_path / "models" / "tiny-face.onnx"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(ChecksumMismatch, match="sha256"):
        store.verify(card)


def test_a_graph_of_an_earlier_version_does_not_count_as_installed(card: ModelCard, tmp_path: Path) -> None:
    """It has the size that the card names, so that only its digest tells; the remedy is to put it together anew."""
    assert store.installed(card)
    path = tmp_path / "models" / "tiny-face.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not store.installed(card)
    assembled = replace(card, base=CardBase("encoder", "0" * 64, 1, "none"))
    with pytest.raises(ChecksumMismatch, match="unmask models fetch tiny-face"):
        store.verify(assembled)


def test_a_digest_is_taken_again_when_the_file_changed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = store.digest(path)
    path.write_bytes(b"three")
    assert store.digest(path) != first


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UNMASK_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert store.models_folder() == tmp_path / "unmask" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store.models_folder() == tmp_path / ".local" / "share" / "unmask" / "models"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in catalogue.names() if catalogue.find(name).base is None])
def test_files_that_ship_are_the_ones_on_their_cards(name: str) -> None:
    store.verify(catalogue.find(name))
