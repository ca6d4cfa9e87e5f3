"""Two detectors on the same media."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.evaluate.made import drawn, silent
from unmask.core.errors import DataError, InvalidOption
from unmask.evaluate.predict import Prediction
from unmask.evaluate.trials.compare import compare, comparison_section, read_predictions, write_comparison
from unmask.evaluate.write import save_predictions

pytest.importorskip("matplotlib")

GOOD = [*drawn(40, 0, -1.5), *drawn(40, 1, 1.5)]


def worse(predictions: list[Prediction], noise: float = 3.0) -> list[Prediction]:
    """The same media, judged with noise."""
    rng = np.random.default_rng(0)
    return [replace(one, p_fake=1 / (1 + np.exp(-one.logit - noise * rng.normal()))) for one in predictions]


def test_a_better_detector_wins() -> None:
    found = compare(GOOD, worse(GOOD), rounds=60)
    assert found.media == 80
    assert found.delong.first > found.delong.second
    assert found.delong.p < 0.05
    assert found.differences["AUC"].low > 0
    assert found.differences["AUC"].value == pytest.approx(found.delong.first - found.delong.second)
    assert found.differences["EER"].value < 0


def test_a_detector_does_not_differ_from_itself() -> None:
    found = compare(GOOD, GOOD, rounds=20)
    assert found.delong.p == 1.0
    assert {(one.value, one.low, one.high) for one in found.differences.values()} == {(0.0, 0.0, 0.0)}


def test_only_media_that_both_answered_count() -> None:
    quiet = [replace(GOOD[0], p_fake=None, abstained="no_face"), *GOOD[1:]]
    found = compare(GOOD, quiet, rounds=20)
    assert (found.media, found.first_alone, found.second_alone) == (79, 1, 0)
    with pytest.raises(DataError, match="share no medium"):
        compare(GOOD, drawn(5, 0, 9.0, source="else"), rounds=20)


def test_predictions_come_back_from_disk(tmp_path: Path) -> None:
    whole = [*GOOD, silent(0)]
    path = save_predictions({"test": whole, "holdout": drawn(3, 0, 5.0)}, tmp_path / "predictions.parquet")
    found = read_predictions(path, ["test"])
    assert [one.p_fake for one in found] == [one.p_fake for one in whole]
    assert [one.row.label for one in found] == [one.row.label for one in whole]
    assert compare(GOOD, found, rounds=20).media == 80
    assert len(read_predictions(path)) == len(whole) + 3


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no table", encoding="utf-8")
    with pytest.raises(InvalidOption, match="no Parquet"):
        read_predictions(tmp_path / "a.parquet")
    with pytest.raises(InvalidOption):
        read_predictions(tmp_path / "gone.parquet")


def test_files_and_words(tmp_path: Path) -> None:
    found = write_comparison(GOOD, worse(GOOD), tmp_path, names=("good", "bad"))
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.json", "comparison.png", "differences.png"}
    document = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert document["delong"]["p"] == found.delong.p
    assert "| AUC | +0." in comparison_section(found, ("good", "bad"))
