"""Clean and robust figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from unmask.core.errors import DataError
from unmask.evaluate.trials.robust import robustness, write_robustness

pytest.importorskip("matplotlib")

LABELS = np.array([0, 0, 1, 1])
GROUPS = ["a", "b", "c", "d"]


def test_by_hand() -> None:
    found = robustness([-1, 1, 1, 2], [1, 1, -1, 2], LABELS, GROUPS)
    values = {name: one.value for name, one in found.items()}
    assert values["clean accuracy"] == 0.75
    assert values["robust accuracy"] == 0.25
    assert values["right answers turned"] == pytest.approx(2 / 3)
    assert values["clean AUC"] == 0.875
    assert values["robust AUC"] == 0.5


def test_an_attack_that_does_nothing() -> None:
    found = robustness([-1, 1, 1, 2], [-1, 1, 1, 2], LABELS, GROUPS)
    assert found["right answers turned"].value == 0
    assert found["clean accuracy"] == found["robust accuracy"]
    with pytest.raises(DataError):
        robustness([1, 2], [1, 2], [1, 1], ["a", "b"])


def test_files(tmp_path: Path) -> None:
    logits = (np.array([-1.0, 1, 1, 2]), np.array([1.0, 1, -1, 2]))
    done = {"attack": "fgsm", "epsilon": 2.0}
    text = write_robustness(logits, LABELS.tolist(), GROUPS, tmp_path, attack=done, title="tiny")
    assert "tiny under attack (attack fgsm, epsilon 2.0), 4 units" in text
    assert "| robust accuracy | 0.250 |" in text
    assert json.loads((tmp_path / "attack.json").read_text(encoding="utf-8"))["attack"] == done
    assert {path.name for path in tmp_path.iterdir()} == {"attack.json", "attack.md", "attack.png"}
