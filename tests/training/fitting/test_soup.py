"""The mean of several runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.training.fitting.soup import average_runs  # noqa: E402


def run(folder: Path, name: str, value: float, *, width: int = 3, architecture: str = "face_cnn") -> Path:
    out = folder / name
    out.mkdir()
    weights = {
        "head": torch.full((width,), value),
        "half": torch.full((2,), value).bfloat16(),
        "count": torch.tensor(7),
    }
    save_file(weights, out / "weights.safetensors")
    (out / "run.json").write_text(json.dumps({"recipe": {"architecture": architecture}}), encoding="utf-8")
    return out


def test_it_is_the_mean_and_counters_stay(tmp_path: Path) -> None:
    runs = [run(tmp_path, "one", 1.0), run(tmp_path, "two", 2.0), run(tmp_path, "six", 6.0)]
    mean = load_file(average_runs(runs, tmp_path))
    assert mean["head"].tolist() == [3.0] * 3
    assert mean["half"].dtype == torch.bfloat16
    assert int(mean["count"]) == 7


def test_a_checkpoint_can_stand_for_a_run(tmp_path: Path) -> None:
    other = run(tmp_path, "two", 2.0) / "weights.safetensors"
    assert load_file(average_runs([run(tmp_path, "one", 1.0), other], tmp_path))["head"].tolist() == [1.5] * 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 4}, r"two is a run of another network than .*one: 1 of 3 tensors differ, for example head"),
        (
            {"architecture": "meso4"},
            r"Only runs of one architecture have a mean: .*two is a run of meso4, .*one is a run of face_cnn",
        ),
    ],
    ids=["shapes", "names"],
)
def test_runs_of_different_architectures_are_refused(tmp_path: Path, settings, words: str) -> None:
    runs = [run(tmp_path, "one", 1.0), run(tmp_path, "two", 2.0, **settings)]
    with pytest.raises(InvalidOption, match=words):
        average_runs(runs, tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


@pytest.mark.parametrize("damage", [None, b"no weights"], ids=["missing", "damaged"])
def test_runs_without_weights_are_refused(tmp_path: Path, damage: bytes | None) -> None:
    other = run(tmp_path, "two", 2.0)
    (other / "weights.safetensors").unlink()
    if damage:
        (other / "weights.safetensors").write_bytes(damage)
    with pytest.raises(InvalidOption, match="no weights that can be averaged"):
        average_runs([run(tmp_path, "one", 1.0), other], tmp_path)
