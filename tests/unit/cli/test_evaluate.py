"""``unmask evaluate`` with a tiny model on labelled pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from unmask.datasets.manifest import Row, write_manifest
from unmask.scanning.plan import ScanPlan

pytest.importorskip("matplotlib")


@pytest.fixture
def manifest(gallery: Path, tmp_path: Path) -> Path:
    """Genuine and blue portraits of two sources, one faceless picture, one missing file."""
    rows = []
    for source in ("one", "two"):
        for name, label in (("genuine.png", 0), ("blue.png", 1), ("genuine.mp4", 0), ("blue.mp4", 1)):
            path = tmp_path / f"{source}-{name}"
            path.symlink_to(gallery / name)
            rows.append(Row(path, "video" if name.endswith("mp4") else "image", label, source, "", str(path)))
    rows.append(Row(gallery / "faceless.png", "image", 1, "two", "", "f"))
    rows.append(Row(tmp_path / "gone.png", "image", 0, "two", "", "g"))
    write_manifest(rows, tmp_path / "manifest.csv")
    return tmp_path / "manifest.csv"


def test_a_perfect_detector(run: Run, manifest: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    answer = run("evaluate", manifest, "--model", tiny_plan.face, "--out", tmp_path / "out", "--workers", 1)
    assert answer.code == 0
    assert answer.out == ""
    found = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert found["all"]["metrics"]["AUC"]["value"] == 1.0
    assert (tmp_path / "out" / "predictions.parquet").is_file()
    assert "AUC" in (tmp_path / "out" / "section.md").read_text(encoding="utf-8")


def test_sides_come_from_a_recipe(run: Run, manifest: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[split]\nvalidation = ["one"]\ntest = ["two"]\n', encoding="utf-8")
    common = ["evaluate", manifest, "--model", tiny_plan.face, "--out", tmp_path / "out", "--workers", 1]
    answer = run(*common, "--recipe", recipe, "--side", "validation")
    assert answer.code == 0
    assert set(json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))) == {"validation"}
    wrong = run(*common, "--recipe", recipe, "--side", "validatoin")
    assert wrong.code == 2
    assert "Did you mean validation" in wrong.err
