"""The two verbs of training refuse what they cannot do before they touch anything."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from unmask.core.errors import InvalidOption
from unmask.datasets.split import SplitRule
from unmask.training.recipe import Recipe, Schedule
from unmask.training.train import draft_card, train


def recipe(family: str, architecture: str) -> Recipe:
    return Recipe("tiny", family, architecture, "", Schedule(1, 2, 1e-3), SplitRule())


@pytest.mark.parametrize(("family", "hint"), [("fase", "face"), ("speach", "speech"), ("", "Known: face, speech")])
def test_unknown_families(family: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=f"tiny: there is no family {family!r}.*{hint}"):
        train(recipe(family, "face_cnn"), tmp_path / "manifest.csv", tmp_path / "out")
    with pytest.raises(InvalidOption, match=f"tiny: there is no family {family!r}.*{hint}"):
        draft_card(recipe(family, "face_cnn"), tmp_path / "run", [], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("family", "architecture", "expected"),
    [("face", "mel_cnn", "face_cnn"), ("speech", "face_cnn", "mel_cnn"), ("face", "", "face_cnn")],
)
def test_unknown_architectures(family: str, architecture: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=f"family {family} with architecture {expected}"):
        train(recipe(family, architecture), tmp_path / "manifest.csv", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("family", "architecture"), [("face", "face_cnn"), ("speech", "mel_cnn")])
def test_a_run_without_weights(family: str, architecture: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(InvalidOption, match=r"run holds no weights\.safetensors.*unmask train"):
        draft_card(recipe(family, architecture), run, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()
