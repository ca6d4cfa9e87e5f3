"""The other commands: models, train, evaluate, help and version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.makers import models
from tests.unit.cli.conftest import Run
from unmask import __version__
from unmask.models import catalogue

MANIFEST = "path,kind,label,source,method,group\n"


def test_version(run: Run) -> None:
    assert run("--version").out == f"unmask {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["scan", "--help"],
        ["models", "-h"],
        ["train", "-h"],
        ["evaluate", "-h"],
        ["export", "-h"],
        ["demo", "-h"],
    ],
    ids=" ".join,
)
def test_help(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.code == 0
    assert "Usage" in answer.out


def test_no_arguments_show_the_help(run: Run) -> None:
    answer = run()
    assert "Usage" in answer.out + answer.err


def test_models_are_listed(run: Run) -> None:
    answer = run("models", "list")
    assert answer.code == 0
    for name in catalogue.names():
        assert name in answer.out
    (row,) = [line for line in answer.out.splitlines() if line.split()[:1] == ["face.fast-2"]]
    assert "fast" in row.split()
    assert "here" in row.split()


def test_what_was_not_fetched_is_said_to_be_missing(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    (row,) = [line for line in run("models", "list").out.splitlines() if line.split()[:1] == ["face.accurate-1"]]
    assert "not fetched" in row


def test_a_model_is_shown(run: Run) -> None:
    answer = run("models", "show", "yunet-2023mar")
    assert answer.code == 0
    assert "WIDER FACE" in answer.out
    assert catalogue.find("yunet-2023mar").graph.sha256 in answer.out


def test_figures_are_shown_by_what_they_were_measured_on(run: Run) -> None:
    answer = run("models", "show", "face.fast-2").out
    sides = {figure.on for figure in catalogue.find("face.fast-2").figures}
    joined = " ".join(answer.split())
    assert all(joined.count(f"{side} (") == 1 for side in sides)
    assert answer.count("    AUC ") == len(sides)


@pytest.mark.parametrize("verb", ["show", "path"])
def test_unknown_models_exit_with_4(run: Run, verb: str) -> None:
    answer = run("models", verb, "yunet")
    assert answer.code == 4
    assert "Did you mean yunet-2023mar" in answer.err


def test_the_path_of_a_model(run: Run) -> None:
    answer = run("models", "path", "yunet-2023mar")
    assert Path(answer.out.strip()).is_file()


def test_models_that_are_here_are_not_fetched(run: Run) -> None:
    answer = run("models", "fetch", "yunet-2023mar", "--from", "nowhere")
    assert answer.code == 0
    assert Path(answer.out.strip()).is_file()


def test_a_model_that_cannot_be_had_exits_with_4(run: Run, tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path, name="lonely")
    (tmp_path / "lonely.onnx").unlink()
    answer = run("models", "fetch", card, "--from", tmp_path)
    assert answer.code == 4
    assert "there is no lonely.onnx" in answer.err
    assert "To get it: " in answer.err


def test_models_are_verified(run: Run) -> None:
    answer = run("models", "verify")
    assert answer.code == 0
    fetched = [name for name in catalogue.names() if catalogue.find(name).base is not None]
    assert answer.out.count("as its card says") == len(catalogue.names()) - len(fetched)
    assert all(f"{name}: not fetched" in answer.out for name in fetched)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.toml"], "no such recipe"),
        (["gone.toml", "--set", "steps"], "key=value"),
    ],
    ids=["no recipe", "no value"],
)
def test_training_without_a_recipe_is_wrong_usage(run: Run, tmp_path: Path, arguments: list[str], words: str) -> None:
    answer = run("train", *arguments, "--data", tmp_path / "m.csv", "--out", tmp_path / "run")
    assert answer.code == 2
    assert words in answer.err
    assert not (tmp_path / "run").exists()


def test_evaluating_a_missing_manifest_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    answer = run("evaluate", tmp_path / "gone.csv", "--model", "yunet-2023mar", "--out", tmp_path / "out")
    assert answer.code == 2
    assert answer.out == ""


def test_evaluating_an_unknown_model_exits_with_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(MANIFEST)
    assert run("evaluate", tmp_path / "m.csv", "--model", "yunet", "--out", tmp_path / "out").code == 4
