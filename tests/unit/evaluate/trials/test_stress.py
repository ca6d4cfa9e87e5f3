"""Worn media: what is done to them, and what is counted."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers import people
from tests.makers.sounds import speech_like
from tests.unit.evaluate.made import answer, silent
from unmask.core.errors import DataError
from unmask.datasets.manifest import Row
from unmask.evaluate.trials import damages, stress
from unmask.evaluate.trials.damages import (
    PICTURE_DAMAGES,
    SOUND_DAMAGES,
    Damage,
    read_pictures,
    read_samples,
    write_worn,
)
from unmask.evaluate.trials.stress import UNDAMAGED, Worn, some, stress_curves, write_stress
from unmask.media.probe import probe
from unmask.scanning.many import InProcess
from unmask.scanning.plan import ScanPlan
from unmask.voice.coding import coding

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", PICTURE_DAMAGES)
def test_every_damage_wears_pictures_ever_more(name: str) -> None:
    frames = [people.bust()] * 2
    losses = []
    for apply in PICTURE_DAMAGES[name].steps.values():
        worn = apply(frames)
        assert [frame.shape for frame in worn] == [frame.shape for frame in frames]
        losses.append(float(np.mean((worn[0].astype(float) - frames[0]) ** 2)))
    assert losses == sorted(losses)
    assert losses[0] > 0
    assert losses[-1] > 2 * losses[0]


@pytest.mark.parametrize("name", SOUND_DAMAGES)
def test_every_damage_wears_sound(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = (0.1 * rng.normal(size=16000)).astype(np.float32)
    for apply in SOUND_DAMAGES[name].steps.values():
        worn = read_samples(write_worn(tmp_path, apply(samples)))
        # Files of codecs hold whole packets; everything else keeps its length.
        assert worn.size == pytest.approx(samples.size, abs=0 if name == "telephone" else 3000)
        size = min(worn.size, samples.size)
        assert not np.allclose(worn[:size], samples[:size], atol=1e-2)


def test_a_scan_is_told_how_a_worn_recording_is_stored(tmp_path: Path) -> None:
    voice = 0.3 * speech_like(4.0)
    for strength, kind in (("64", None), ("32", "hybrid"), ("12", "coarse")):
        assert coding(probe(write_worn(tmp_path, SOUND_DAMAGES["Opus"].steps[strength](voice)))) == kind


def test_the_telephone_keeps_its_band_only() -> None:
    time_s = np.arange(16000) / 16000
    for hertz, kept in ((100, False), (1000, True), (6000, False)):
        tone = (0.3 * np.sin(2 * np.pi * hertz * time_s)).astype(np.float32)
        for strength in ("300-3400", "A-law", "mu-law"):
            share = np.square(SOUND_DAMAGES["telephone"].steps[strength](tone)).sum() / np.square(tone).sum()
            assert (share > 0.5) == kept


def test_clips_are_cut_and_come_back(gallery: Path, tmp_path: Path) -> None:
    frames = read_pictures(gallery / "genuine.mp4")
    assert 1 < len(frames) <= damages.CLIP_FRAMES
    again = read_pictures(write_worn(tmp_path, frames))
    assert len(again) == len(frames)
    assert np.abs(again[0].astype(int) - frames[0]).mean() < 3
    assert (read_pictures(write_worn(tmp_path, frames[:1]))[0] == frames[0]).all()
    sound = read_samples(gallery / "loud.wav")
    assert read_samples(write_worn(tmp_path, sound)) == pytest.approx(sound, abs=1e-3)


def test_rows_are_chosen_evenly() -> None:
    rows = [Row(Path(f"{source}{at}"), "image", label, source, "", "") for source, label, count in
            (("big", 0, 50), ("small", 0, 3), ("fakes", 1, 50)) for at in range(count)]  # fmt: skip
    chosen = some(rows, 20)
    assert chosen == some(rows[::-1], 20)
    assert [row.label for row in chosen].count(1) == 10
    assert [row.source for row in chosen].count("small") == 3


def test_a_scan_of_worn_media(
    gallery: Path, tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Swapping the channels turns the tiny detector's verdict round; a damage that does so must be seen to."""
    turned = {"swap": Damage("", {"all": lambda frames: [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]})}
    monkeypatch.setattr(stress, "PICTURE_DAMAGES", turned)
    names = (("genuine.png", 0), ("blue.png", 1), ("genuine.mp4", 0), ("loud.wav", 0))
    rows = [Row(gallery / name, "image", label, "s", "", name) for name, label in names]
    worn = stress.stress(rows, replace(tiny_plan, speech=""), "face", executor=InProcess())
    assert [bool(one.by_step) for one in worn] == [True, True, True, False]
    before, after = write_stress(worn, "face", tmp_path, title="tiny")["swap"]
    assert before.auc is not None
    assert after.auc is not None
    assert (before.auc.value, after.auc.value) == (1.0, 0.0)
    assert (before.flips, after.flips, after.false_alarms, after.answered) == (0.0, 1.0, 1.0, 1.0)
    assert (before.turned, after.turned) == (0.0, 1.0)
    document = json.loads((tmp_path / "stress.json").read_text(encoding="utf-8"))
    assert (document["media"], document["not_decoded"]) == (3, 1)
    assert (tmp_path / "stress.png").is_file()


def test_unanswered_media_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stress, "PICTURE_DAMAGES", {"blur": Damage("", {"3": lambda frames: frames})})
    real, fake = answer(-1.0, 0, verdict="likely_real"), answer(1.0, 1, verdict="likely_fake")
    worn = [
        Worn(real.row, {("", UNDAMAGED): real, ("blur", "3"): silent(0)}),
        Worn(fake.row, {("", UNDAMAGED): fake, ("blur", "3"): fake}),
    ]
    point = stress_curves(worn, "face")["blur"][1]
    assert point.auc is None
    assert point.answered == 0.5
    assert point.turned == 0.0
    assert math.isnan(point.flips)


def test_nothing_to_wear(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="None of the 1 media"):
        write_stress([Worn(answer(0.0, 0).row, {})], "face", tmp_path, title="tiny")
