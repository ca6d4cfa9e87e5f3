import csv
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.report.made import FAILURE, clip, faceless, portrait
from unmask.core.errors import InvalidOption
from unmask.report.to_json import to_json
from unmask.report.to_table import COLUMNS, row, save_table

RESULTS = [portrait(), clip(), faceless(), FAILURE]


def test_parquet_holds_columns_and_whole_json(tmp_path: Path) -> None:
    table = pq.read_table(save_table(iter(RESULTS), tmp_path / "out.parquet"))
    assert table.column_names == [*COLUMNS, "report_json"]
    rows = table.to_pylist()
    assert [one["verdict"] for one in rows] == ["likely_fake", "likely_fake", "inconclusive", None]
    assert rows[0]["p_fake"] == 0.96
    assert rows[2]["p_fake"] is None
    assert rows[2]["abstained"] == "face.fast-2: no_face"
    assert [one["credentials"] for one in rows] == ["not_checked"] * 3 + [None]
    assert rows[3]["error"] == "DecodeFailed"
    assert [one["report_json"] for one in rows] == [to_json(result) for result in RESULTS]


def test_empty_parquet_still_has_its_columns(tmp_path: Path) -> None:
    assert pq.read_table(save_table([], tmp_path / "none.parquet")).column_names[0] == "path"


def test_csv(tmp_path: Path) -> None:
    with save_table(RESULTS, tmp_path / "new" / "out.CSV").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert rows[1]["interval_low"] == "0.87"
    assert rows[1]["warnings"] == "The index was rebuilt. | Three packets were lost."
    assert rows[3]["error_message"] == FAILURE.message


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0.jpg", "+1.jpg", "-1.jpg", "@x.jpg"])
def test_csv_runs_no_formula(tmp_path: Path, name: str) -> None:
    media = replace(portrait().media, path=Path(name))
    with save_table([replace(portrait(), media=media)], tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["path"] == "'" + name


def test_json_lines(tmp_path: Path) -> None:
    lines = save_table(RESULTS, tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == [row(result)["path"] for result in RESULTS]


def test_unknown_suffix_is_refused_before_any_work(tmp_path: Path) -> None:
    def untouched():
        pytest.fail("results were taken")
        yield

    with pytest.raises(InvalidOption, match="xlsx"):
        save_table(untouched(), tmp_path / "o.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_run_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("old")

    def breaking():
        yield portrait()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        save_table(breaking(), path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["o.csv"]
