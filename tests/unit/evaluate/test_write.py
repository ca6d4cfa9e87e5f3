"""What an evaluation leaves on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.unit.evaluate.made import answer, drawn, silent
from unmask.core.errors import DataError
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import METRICS, Rates
from unmask.evaluate.write import section, write_evaluation
from unmask.metrics.bootstrap import Estimate

pytest.importorskip("matplotlib")

COLUMNS = ["side", "path", "label", "source", "method", "group", "p_fake", "verdict", "abstained"]


@pytest.fixture(scope="module")
def sides() -> dict[str, list[Prediction]]:
    whole = [*drawn(12, 0, -1.0), *drawn(12, 1, 1.0), silent(0), silent(1, reason="DecodeFailed")]
    return {"test": whole, "holdout": [answer(-1.0, 0), answer(-2.0, 0), answer(1.0, 1), answer(2.0, 1)]}


@pytest.fixture(scope="module")
def out(sides: dict[str, list[Prediction]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation") / "deep" / "out"
    write_evaluation(sides, folder, title="tiny")
    return folder


def test_files(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {
        "metrics.json",
        "predictions.parquet",
        "section.md",
        "test.png",
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
    assert set(found["test"]["sources"]) == {"inside one", "real: one", "fake: one / swap"}


def test_predictions_keep_every_medium(out: Path, sides: dict[str, list[Prediction]]) -> None:
    table = pq.read_table(out / "predictions.parquet")
    assert table.column_names == COLUMNS
    rows = table.to_pylist()
    wanted = [(name, one) for name, side in sides.items() for one in side]
    assert [(row["side"], row["path"]) for row in rows] == [(name, str(one.row.path)) for name, one in wanted]
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
        assert "\n| real: one | " in part
    assert "26 media. Verdicts: abstained 7.7%" in text
    assert "nan" not in text


def test_a_share_of_nothing_is_left_out_of_the_section() -> None:
    verdicts = Rates(3, 0.0, float("nan"), 1.0, 0.0, float("nan"), 0.0)
    text = section({"all": ({"AUC": Estimate(0.5, 0.25, 0.75)}, verdicts, {})})
    assert "| AUC | 0.500 | 0.250 to 0.750 |" in text
    assert "3 media. Verdicts: abstained 0.0%, found 100.0%, missed 0.0%, inconclusive 0.0%." in text


def test_a_side_of_one_label_leaves_no_half_an_evaluation(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write_evaluation({"test": drawn(5, 0, 0.0)}, tmp_path / "out", title="tiny")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
