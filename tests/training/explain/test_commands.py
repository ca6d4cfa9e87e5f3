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
from unmask.training.recipe import read_recipe, resolved

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


def test_the_recipe_is_read_from_the_run_and_twelve_examples_are_clustered(
    run: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"recipe": resolved(read_recipe(run / "recipe.toml"))}
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    out = tmp_path / "out"
    assert call(monkeypatch, "explain", "--run", run, "--data", portraits, "--out", out, "--media", 12) == 0
    assert (out / "maps.png").is_file()
    assert (out / "clusters.png").is_file()
    found = json.loads((out / "clusters.json").read_text(encoding="utf-8"))
    assert found["units"] == 12
    assert set(found["agreement"]) == {"k-means", "HDBSCAN"}
    assert "Note:" not in capsys.readouterr().err


def test_a_run_that_tells_no_recipe_asks_for_one(
    run: Path, portraits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "explain", "--run", run, "--data", portraits, "--out", run / "out") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "holds no run.json" in said
    assert "--recipe RECIPE" in said


@pytest.mark.parametrize(
    ("architecture", "sheets"),
    [
        ("mel_cnn", {"maps.png", "neighbours.png", "filters.png", "activations.png"}),
        ("rawnet2", {"maps.png", "neighbours.png"}),
    ],
)
def test_a_voice_network_is_looked_into(
    architecture: str,
    sheets: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where Grad-CAM has nothing to draw, all other sheets are drawn."""
    rows = []
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        sounds.write_speech_like(path, seconds=5.0 + number)
        rows.append(Row(path, "audio", number % 2, "s", "", path.name))
    write_manifest(rows, tmp_path / "voices.csv")
    (tmp_path / "recipe.toml").write_text(VOICE.replace("mel_cnn", architecture), encoding="utf-8")
    save_file(voice_network(architecture, {}).state_dict(), tmp_path / "weights.safetensors")
    words = ["--recipe", tmp_path / "recipe.toml", "--data", tmp_path / "voices.csv", "--out", tmp_path / "out"]
    assert call(monkeypatch, "explain", "--run", tmp_path, *words) == 0
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == sheets
    said = " ".join(capsys.readouterr().err.split())
    assert "Note: clusters.png is left out: it needs 12 examples, and 4" in said
    missing = "filters.png" not in sheets
    assert ("so Grad-CAM has nothing to draw" in said) == missing
    assert ("Note: filters.png is left out" in said) == missing
    assert ("Note: activations.png is left out" in said) == missing


def test_a_network_of_sequences_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for number in range(4):
        clip = people.write_still_clip(tmp_path / f"{number}.mp4", people.bust(blue=number % 2 == 1), seconds=0.5)
        rows.append(Row(clip, "video", number % 2, "s", "", clip.name))
    picture = people.write_portrait(tmp_path / "still.png")
    write_manifest([*rows, Row(picture, "image", 0, "s", "", "still")], tmp_path / "clips.csv")
    settings = {"size_px": 64, "backbone": "test_efficientnet", "frames": 3}
    recipe = FACE.replace("sigmoid_cnn", "frame_gru").replace(
        "size_px = 32", 'size_px = 64\nbackbone = "test_efficientnet"\nframes = 3'
    )
    (tmp_path / "recipe.toml").write_text(recipe, encoding="utf-8")
    save_file(build("frame_gru", settings).state_dict(), tmp_path / "weights.safetensors")
    words = ["--recipe", tmp_path / "recipe.toml", "--data", tmp_path / "clips.csv", "--out", tmp_path / "out"]
    assert call(monkeypatch, "explain", "--run", tmp_path, *words) == 0
    sheets = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert sheets == {"maps.png", "filters.png", "activations.png", "neighbours.png"}
    assert "and 4 of the media could be judged" in " ".join(capsys.readouterr().err.split()), "a picture is no sequence"


def test_an_attack_is_reported(run: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common = ["evaluate", portraits, "--run", run, "--recipe", run / "recipe.toml", "--out", tmp_path / "out"]
    assert call(monkeypatch, *common, "--attack", "fgsm", "--epsilon", "8") == 0
    found = json.loads((tmp_path / "out" / "attack.json").read_text(encoding="utf-8"))
    assert 0 < found["units"] < 20  # The half that taught the network is left out.
    assert found["figures"]["robust AUC"]["value"] <= found["figures"]["clean AUC"]["value"]
    assert call(monkeypatch, *common, "--attack", "fgsn") == 2
    assert call(monkeypatch, *common, "--attack", "fgsm", "--side", "tset") == 2
    assert call(monkeypatch, *common, "--attack", "fgsm", "--side", "test") == 2, "nothing is on that side"


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
