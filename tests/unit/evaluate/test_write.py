"""What an evaluation leaves on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.unit.evaluate.made import answer, drawn, silent
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import METRICS
from unmask.evaluate.write import write_evaluation

pytest.importorskip("matplotlib")

COLUMNS = ["side", "path", "kind", "label", "source", "method", "group", "p_fake", "verdict", "abstained"]


@pytest.fixture(scope="module")
def sides() -> dict[str, list[Prediction]]:
    whole = [*drawn(12, 0, -1.0), *drawn(12, 1, 1.0), silent(0), silent(1, reason="DecodeFailed")]
    return {"test": whole, "holdout": [answer(-1.0, 0), answer(-2.0, 0), answer(1.0, 1), answer(2.0, 1)]}


@pytest.fixture(scope="module")
def out(sides: dict[str, list[Prediction]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation") / "deep" / "out"
    write_evaluation(sides, folder, title="tiny", family="face")
    return folder


def test_files(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {
        "metrics.json",
        "predictions.parquet",
        "section.md",
        "test.png",
        "test-source.png",
        "test-generator.png",
        "test-groups.png",
        "holdout.png",
    }


def test_metrics_are_json_that_any_reader_takes(out: Path) -> None:
    def refuse(word: str) -> NoReturn:
        pytest.fail(f"metrics.json holds {word}")

    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert list(found) == ["test", "holdout"]
    assert set(found["test"]["metrics"]) == set(METRICS)
    assert set(found["test"]["metrics"]["AUC"]) == {"value", "low", "high"}
    assert found["holdout"]["metrics"]["AUC"]["value"] == 1.0
    assert found["test"]["verdicts"]["media"] == 26
    assert found["test"]["verdicts"]["abstained"] == pytest.approx(2 / 26)
    assert found["test"]["refusals"] == {"no_face": 1, "DecodeFailed": 1}
    assert sum(found["test"]["confusion"].values()) == 24
    assert set(found["test"]["levels"]) == {"frame", "person", "medium"}
    assert set(found["test"]["groups"]) == {"source", "generator", "encoding", "format", "compression", "face size"}
    assert found["test"]["inside_sources"]["one"]["media"] == 24


def test_predictions_keep_every_medium(out: Path, sides: dict[str, list[Prediction]]) -> None:
    table = pq.read_table(out / "predictions.parquet")
    assert table.column_names[: len(COLUMNS)] == COLUMNS
    rows = table.to_pylist()
    wanted = [(name, one) for name, side in sides.items() for one in side]
    assert [(row["side"], row["path"]) for row in rows] == [
        (name, str(one.row.path.absolute())) for name, one in wanted
    ]
    assert [row["p_fake"] for row in rows] == [one.p_fake for _, one in wanted]
    assert [row["label"] for row in rows] == [one.row.label for _, one in wanted]
    assert {row["abstained"] for row in rows if row["p_fake"] is None} == {"no_face", "DecodeFailed"}
    assert {row["abstained"] for row in rows if row["p_fake"] is not None} == {""}


@pytest.mark.parametrize("side", ["test", "holdout"])
def test_plots_are_pictures(out: Path, side: str) -> None:
    with Image.open(out / f"{side}.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 200


def test_the_section_has_every_metric(out: Path) -> None:
    text = (out / "section.md").read_text(encoding="utf-8")
    for side in ("test", "holdout"):
        part = text.split(f"### {side}\n")[1].split("### ")[0]
        for metric in METRICS:
            assert f"\n| {metric} | " in part
        assert "\n| inside one | " in part
        assert "\n| by generator | AUC | " in part
        assert "\n| each frame | value | " in part
    assert "26 media. Verdicts: abstained 7.7%" in text
    assert text.count("At 1 % and 5 % false alarms on genuine media of these sources, recall is ") == 2
    assert "recall is 1.000 [1.000, 1.000] and 1.000 [1.000, 1.000]; of the surest 70 % of the answers, 1.000" in text
    assert "nan" not in text


def test_a_share_of_nothing_is_left_out_of_the_section(tmp_path: Path) -> None:
    said = [answer(1.0, 1, verdict="likely_fake"), answer(2.0, 1, verdict="likely_fake")]
    write_evaluation({"all": said}, tmp_path, title="tiny", family="face")
    text = (tmp_path / "section.md").read_text(encoding="utf-8")
    assert "2 media. Verdicts: abstained 0.0%, found 100.0%, missed 0.0%, inconclusive 0.0%, right 100.0%." in text


def test_a_side_of_one_label_says_why_it_has_no_metrics(tmp_path: Path) -> None:
    write_evaluation({"test": [*drawn(5, 0, 0.0), silent(1)]}, tmp_path, title="tiny", family="face")
    found = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["test"]
    assert found["metrics"] == {}
    assert found["confusion"] is None
    assert "no forged medium was answered" in found["left_out"]
    assert found["verdicts"]["media"] == 6
    assert found["groups"]["source"][0]["real"] == 5
    assert "No metrics: they need answers for both labels" in (tmp_path / "section.md").read_text(encoding="utf-8")
    assert not (tmp_path / "test.png").exists()


def test_names_cannot_break_a_table(tmp_path: Path) -> None:
    write_evaluation({"all": [answer(0.0, 1, source="a|b")]}, tmp_path, title="tiny", family="face")
    assert "| a\\|b | " in (tmp_path / "section.md").read_text(encoding="utf-8")
