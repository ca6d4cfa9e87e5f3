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


def test_comparing_and_wearing(run: Run, manifest: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    common = ["evaluate", manifest, "--model", tiny_plan.face, "--workers", 1, "--out"]
    first = run(*common, tmp_path / "first")
    assert first.code == 0
    assert "1 of the manifest's 10 files are missing" in first.err
    earlier = tmp_path / "first" / "predictions.parquet"
    answer = run(*common, tmp_path / "out", "--compare", earlier, "--stress", "--stress-media", 4)
    assert answer.code == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"comparison.json", "stress.json", "stress.png", "all-hardest.png"} <= written
    text = (tmp_path / "out" / "section.md").read_text(encoding="utf-8")
    assert "### tiny-face against first" in text
    assert "| JPEG 30 | " in text
    assert "| screenshot 0.35 | " in text


def test_one_label_is_measured_as_far_as_it_goes(run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    write_manifest([Row(gallery / "genuine.png", "image", 0, "one", "", "a")], tmp_path / "real.csv")
    answer = run("evaluate", tmp_path / "real.csv", "--model", tiny_plan.face, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "no forged medium was answered" in answer.err


def test_what_cannot_be_evaluated_is_said_in_one_line(
    run: Run, manifest: Path, tiny_plan: ScanPlan, tmp_path: Path
) -> None:
    write_manifest([Row(tmp_path / "gone.png", "image", 0, "one", "", "a")], tmp_path / "gone.csv")
    for words, message in (
        ((tmp_path / "gone.csv", "--model", tiny_plan.face), "None of the manifest's 1 files exists"),
        ((manifest, "--model", tiny_plan.speech), "no row of the kind"),
        ((manifest, "--model", "yunet-2023mar"), "expected one of family face, speech or picture"),
        ((manifest, "--model", tiny_plan.face, "--compare", tiny_plan.speech), "is a speech model"),
        ((manifest, "--model", tiny_plan.face, "--compare", tmp_path / "no.parquet"), "no Parquet table"),
        ((manifest, "--model", tiny_plan.speech, "--asv-scores", manifest), "speaker verification"),
        ((manifest,), "Name what to judge"),
        ((manifest, "--leave-out", "source"), "need --recipe"),
    ):
        answer = run("evaluate", *words, "--out", tmp_path / "out", "--workers", 1)
        assert answer.code == 2
        assert message in answer.err


def test_voices_with_a_speaker_verification(run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    rows = [Row(gallery / name, "audio", label, "s", "", name) for label, name in enumerate(("quiet.wav", "loud.wav"))]
    write_manifest(rows, tmp_path / "voices.csv")
    lines = [f"x {key} {score}" for key, scores in
             (("target", (3, 4)), ("nontarget", (0, 1)), ("spoof", (2, 5))) for score in scores]  # fmt: skip
    (tmp_path / "asv.txt").write_text("\n".join(lines), encoding="utf-8")
    common = ["evaluate", tmp_path / "voices.csv", "--model", tiny_plan.speech, "--out", tmp_path / "out"]
    assert run(*common, "--asv-scores", tmp_path / "asv.txt").code == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))["all"]["metrics"]
    assert found["min t-DCF"]["value"] == found["EER"]["value"] == 0.0
    assert 0 < found["Cllr"]["value"] < 1


def test_columns_of_the_manifest_sort_the_media(run: Run, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    lines = ["path,kind,label,source,method,group,sex"]
    lines += [f"{gallery / name},image,{label},s,,{name},{sex}" for name, label, sex in
              (("genuine.png", "real", "f"), ("blue.png", "fake", "m"))]  # fmt: skip
    (tmp_path / "people.csv").write_text("\n".join(lines), encoding="utf-8")
    common = ["evaluate", tmp_path / "people.csv", "--model", tiny_plan.face, "--workers", 1, "--out", tmp_path / "out"]
    assert run(*common, "--by", "sex").code == 0
    text = (tmp_path / "out" / "section.md").read_text(encoding="utf-8")
    assert "| by sex | " in text
    assert "| f |  |  | 1 | 0 | 0 | 0.0% (0.0% to 79.3%) | " in text
    wrong = run(*common, "--by", "sex,age")
    assert wrong.code == 2
    assert "lacks the columns age" in wrong.err
