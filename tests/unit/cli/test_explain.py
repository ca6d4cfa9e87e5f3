"""``unmask explain`` of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from unmask.scanning.plan import ScanPlan

pytest.importorskip("matplotlib")


def test_a_clip_with_sound(run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    answer = run("explain", gallery / "genuine.mp4", "--out", tmp_path)
    assert answer.code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "heat.png",
        "errors.png",
        "spectrum.png",
        "moments.png",
        "sound.png",
        "moments.json",
    }
    found = json.loads((tmp_path / "moments.json").read_text(encoding="utf-8"))
    assert 0 < found["p_fake"] < 1
    assert 0 < len(found["moments"]) <= 6
    times = [moment["t_s"] for moment in found["moments"]]
    assert times == sorted(times)


def test_many_files_each_in_its_folder_and_a_bad_one(
    run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path
) -> None:
    answer = run(
        "explain", gallery / "blue.png", gallery / "faceless.png", tmp_path / "gone.png", "--out", tmp_path / "o"
    )
    assert answer.code == 1
    assert "not examined" in answer.err
    folders = {path.name: {entry.name for entry in path.iterdir()} for path in (tmp_path / "o").iterdir()}
    assert folders == {
        "001-blue": {"heat.png", "errors.png", "spectrum.png", "moments.json"},
        "002-faceless": {"moments.json"},
    }


def test_a_recording(run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    assert run("explain", gallery / "loud.wav", "--out", tmp_path).code == 0
    assert {"sound.png", "moments.json"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("words", [[], ["--run", "r"], ["x.png", "--run", "r", "--recipe", "a", "--data", "b"]])
def test_what_is_missing_is_said(run: Run, tmp_path: Path, words: list[str]) -> None:
    answer = run("explain", *words, "--out", tmp_path)
    assert answer.code == 2
    assert "unmask explain" in answer.err
