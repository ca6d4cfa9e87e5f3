"""The commands that look into a run, and those that retrain or attack one, with tiny networks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")
pytest.importorskip("matplotlib")

from safetensors.torch import save_file

from tests.makers import people, sounds
from unmask.cli.app import main
from unmask.datasets.manifest import Row, write_manifest
from unmask.training.architectures.registry import build
from unmask.training.architectures.voice.registry import voice_network

FACE = """
name = "tiny"
family = "face"
architecture = "sigmoid_cnn"
pretrained = ""
[network]
size_px = 32
[schedule]
steps = 2
batch = 4
learning_rate = 1e-3
validate_every = 2
warmup = 1
[split]
holdout = { "*" = 0.5 }
"""
VOICE = FACE.replace("face", "speech").replace("sigmoid_cnn", "mel_cnn").replace("[network]\nsize_px = 32\n", "")


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["unmask", *map(str, words)])
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of five genuine and five blue portraits each; one of each makes a group."""
    folder = tmp_path_factory.mktemp("portraits")
    rows = []
    for source in ("one", "two"):
        for number in range(10):
            path = people.write_portrait(folder / f"{source}-{number}.png", blue=number % 2 == 1)
            rows.append(Row(path, "image", number % 2, source, "blue" if number % 2 else "", f"{source}-{number // 2}"))
    write_manifest(rows, folder / "manifest.csv")
    return folder / "manifest.csv"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "recipe.toml").write_text(FACE, encoding="utf-8")
    save_file(build("sigmoid_cnn", {"size_px": 32}).state_dict(), folder / "weights.safetensors")
    return folder


def test_a_face_network_is_looked_into(
    run: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    recipe = run / "recipe.toml"
    assert (
        call(monkeypatch, "explain", "--run", run, "--recipe", recipe, "--data", portraits, "--out", out, "--media", 4)
        == 0
    )
    assert {path.name for path in out.glob("*.png")} == {"maps.png", "filters.png", "activations.png", "neighbours.png"}


def test_a_voice_network_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        sounds.write_speech_like(path, seconds=5.0 + number)
        rows.append(Row(path, "audio", number % 2, "s", "", path.name))
    write_manifest(rows, tmp_path / "voices.csv")
    (tmp_path / "recipe.toml").write_text(VOICE, encoding="utf-8")
    save_file(voice_network("mel_cnn", {}).state_dict(), tmp_path / "weights.safetensors")
    words = ["--recipe", tmp_path / "recipe.toml", "--data", tmp_path / "voices.csv", "--out", tmp_path / "out"]
    assert call(monkeypatch, "explain", "--run", tmp_path, *words) == 0
    assert {"maps.png", "neighbours.png"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_an_attack_is_reported(run: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common = ["evaluate", portraits, "--run", run, "--recipe", run / "recipe.toml", "--out", tmp_path / "out"]
    assert call(monkeypatch, *common, "--attack", "fgsm", "--epsilon", "8") == 0
    found = json.loads((tmp_path / "out" / "attack.json").read_text(encoding="utf-8"))
    assert found["units"] == 20
    assert found["figures"]["robust AUC"]["value"] <= found["figures"]["clean AUC"]["value"]
    assert call(monkeypatch, *common, "--attack", "fgsn") == 2


def test_each_source_is_left_out_and_trained_without(
    run: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--leave-out", "source", "--recipe", run / "recipe.toml", "--out", tmp_path / "out", "--workers", "1"]
    assert call(monkeypatch, "evaluate", portraits, *words) == 0
    found = json.loads((tmp_path / "out" / "leave-out.json").read_text(encoding="utf-8"))["folds"]
    assert [fold["name"] for fold in found] == ["one", "two"]
    assert [(fold["real"], fold["fake"], fold["why"]) for fold in found] == [(5, 5, "")] * 2


@pytest.mark.parametrize("words", [["--run", "gone"], ["--run", "."]])
def test_a_run_without_weights(words: list[str], run: Path, portraits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common = ["--recipe", run / "recipe.toml", "--data", portraits, "--out", run / "out"]
    assert call(monkeypatch, "explain", *words, *common) == 2
