"""What one run decoded is not taken for what another may hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from safetensors.torch import load_file

from unmask.core.errors import ManifestInvalid
from unmask.datasets.manifest import Row, write_manifest
from unmask.datasets.split import SplitRule
from unmask.training import train_voices
from unmask.training.fitting.bench import Machine
from unmask.training.recipe import Recipe, Schedule
from unmask.training.train_voices import clips_by_side
from unmask.training.train_voices import train_voices as train
from unmask.training.voices import SAMPLES, VoiceClip

RECIPE = Recipe("tiny", "speech", "lcnn", "", Schedule(1, 2, 1e-3), SplitRule(test=("red",)))


def row(source: str, label: int) -> Row:
    name = f"{source}-{label}"
    return Row(Path(f"{name}.wav"), "audio", label, source, "", name)


ROWS = [row(source, label) for source in ("red", "green", "blue") for label in (0, 1)]


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names the recordings that were decoded, without decoding any."""
    found: list[str] = []

    def read_clips(rows: Sequence[Row], **_: object) -> list[VoiceClip]:
        found.extend(entry.group for entry in rows)
        return [VoiceClip(np.ones(8, np.float32), entry.label, entry.source, "", entry.group) for entry in rows]

    monkeypatch.setattr(train_voices, "read_clips", read_clips)
    return found


def sources(recipe: Recipe, rows: Sequence[Row], cache: Path) -> set[str]:
    return {clip.source for clip in clips_by_side(recipe, rows, cache)["train"]}


def test_runs_that_leave_out_other_sources_share_a_cache_without_harm(tmp_path: Path, heard: list[str]) -> None:
    assert sources(RECIPE, ROWS, tmp_path) == {"green", "blue"}
    other = replace(RECIPE, split=SplitRule(test=("blue",)))
    assert sources(other, ROWS, tmp_path) == {"red", "green"}
    count = len(heard)
    assert sources(RECIPE, ROWS, tmp_path) == {"green", "blue"}
    assert len(heard) == count  # It was there already.


def test_more_recordings_are_heard_and_folds_share_what_was_decoded(tmp_path: Path, heard: list[str]) -> None:
    sources(RECIPE, ROWS, tmp_path)
    assert sources(RECIPE, [*ROWS, row("grey", 0)], tmp_path) == {"green", "blue", "grey"}
    count = len(heard)
    assert sources(replace(RECIPE, split=SplitRule(test=("red",), without=("blue",))), ROWS, tmp_path) == {"green"}
    assert len(heard) == count


def test_a_missing_label_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"2 genuine and 0 forged ones \(sources: blue, green\)"):
        clips_by_side(RECIPE, [entry for entry in ROWS if not entry.label], tmp_path)


def test_missing_files_are_said(tmp_path: Path) -> None:
    lines = ["path,kind,label,source,method,group", "gone.wav,audio,real,a,,a", "lost.wav,audio,fake,a,,b"]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ManifestInvalid, match=r"Not one of the 2 files.*gone\.wav"):
        train(RECIPE, tmp_path / "data.csv", tmp_path / "out")


def test_a_run_trains_on_what_is_there_and_says_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(rows: Sequence[Row], **_: object) -> list[VoiceClip]:
        rng = np.random.default_rng(3)
        sounds = [0.1 * rng.normal(size=SAMPLES).astype(np.float32) for _ in rows]
        return [VoiceClip(one, row.label, row.source, "", row.group) for one, row in zip(sounds, rows, strict=True)]

    monkeypatch.setattr(train_voices, "read_clips", noisy)
    for entry in ROWS[:-1]:
        (tmp_path / entry.path).touch()
    write_manifest([replace(entry, path=tmp_path / entry.path) for entry in ROWS], tmp_path / "data.csv")
    schedule = Schedule(2, 2, 1e-3, warmup=1, validate_every=2)
    wanted = replace(RECIPE, schedule=schedule, network={"width": 8}, split=SplitRule(validation=("red",)))
    outcome = train(wanted, tmp_path / "data.csv", tmp_path / "run", machine=Machine(precision="32-true", workers=0))
    assert outcome.best["step"] == 2
    assert 0 <= outcome.best["validation_auc"] <= 1
    assert "1 of 6 files are missing" in outcome.notes[0]
    assert load_file(outcome.weights)
