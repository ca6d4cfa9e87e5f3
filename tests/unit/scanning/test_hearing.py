"""A recording of two voices with a forged passage, from the file to the sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.makers.models import write_speech_model
from tests.makers.sounds import speech_like, strummed, write_sound
from unmask.core.evidence import ScanReport
from unmask.core.records import Sound
from unmask.media.recode import through_opus
from unmask.report.timeline import lanes, peaks
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan

RATE = 16000
LIMITS = 'likely_real_below = 0.3, likely_fake_above = 0.7, fitted_on = ["nothing"], residual = 0.5'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    """A quiet voice that gets loud (which the tiny model calls forged) from 6 s to 11 s, then another voice."""
    folder = tmp_path_factory.mktemp("talk")
    calibration = f"{{ unit_slope = 1.0, unit_offset = 3.5, medium_slope = 1.5, medium_offset = 5.5, {LIMITS} }}"
    model = write_speech_model(folder, calibration=calibration)
    talk = np.concatenate([0.05 * speech_like(16.0), np.diff(0.3 * speech_like(10.0, seed=1))])
    talk[6 * RATE : 11 * RATE] *= 30
    path = write_sound(folder / "talk.wav", talk)
    return Pipeline(ScanPlan(speech=str(model))).scan(path)


def test_the_passage_is_found_and_decides(report: ScanReport) -> None:
    assert report.verdict == "likely_fake"
    (span,) = report.voices[0].spans
    assert (span.start_s, span.end_s) == pytest.approx((6, 11), abs=1.0)
    assert any("Synthetic speech is likely in voice 1 of 2 between 0:06 and 0:1" in said for said in report.reasons)


def test_each_voice_has_its_evidence_and_its_lane(report: ScanReport) -> None:
    assert [entry.detail for entry in report.evidence] == ["voice 1 of 2", "voice 2 of 2"]
    assert report.evidence[0].p_fake > report.evidence[0].likely_fake_above
    assert report.voices[1].spans == ()
    assert [lane.title for lane in lanes(report)] == ["Voice 1", "Voice 2"]
    (peak,) = peaks(report)
    assert peak.words.startswith("Voice 1: 0:06.0 to 0:1")


CODED = (
    "{ coarse = { unit_slope = 1.0, unit_offset = -9.0, medium_slope = 1.5, medium_offset = -9.0, " + LIMITS + " } }"
)


@pytest.mark.parametrize(("name", "told"), [("talk.opus", True), ("talk.wav", False)])
def test_voices_stored_coarsely_have_a_calibration_of_their_own(tmp_path: Path, name: str, told: bool) -> None:  # noqa: FBT001 - a table of cases
    model = write_speech_model(tmp_path / "model", coded_calibrations=CODED)
    path = write_sound(tmp_path / name, 0.3 * speech_like(8.0), kbps=16 if told else None)
    report = Pipeline(ScanPlan(speech=str(model))).scan(path)
    plain = Pipeline(ScanPlan(speech=str(write_speech_model(tmp_path / "plain")))).scan(path)
    assert report.evidence[0].p_fake is not None
    assert plain.evidence[0].p_fake is not None
    assert (report.evidence[0].p_fake < plain.evidence[0].p_fake) is told
    assert any("stored with opus at 1" in said for said in report.warnings) is told
    assert not any("stored with" in said for said in plain.warnings)


def test_sound_goes_through_the_codec_that_the_card_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(blocks: Iterator[Sound], *, kbps: int, wanted: Callable[[Sound], bool]) -> Iterator[Sound]:
        asked.append(kbps)
        return through_opus(blocks, kbps=kbps, wanted=wanted)

    monkeypatch.setattr("unmask.scanning.hearing.through_opus", noted)
    wants = '{ name = "samples", dtype = "float32", rate_hz = 16000, length_s = 4.0, opus_kbps = 32 }'
    pipeline = Pipeline(ScanPlan(speech=str(write_speech_model(tmp_path, input=wants))))
    for name in ("talk.wav", "talk.opus"):
        report = pipeline.scan(
            write_sound(tmp_path / name, 0.3 * speech_like(8.0), kbps=16 if "opus" in name else None)
        )
        assert report.evidence[0].p_fake is not None
    assert asked == [32]


def test_a_song_has_no_verdict(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "song.wav", speech_like(8.0) + strummed(8.0))
    report = Pipeline(ScanPlan(speech=str(write_speech_model(tmp_path)))).scan(path)
    assert (report.verdict, report.p_fake) == ("inconclusive", None)
    assert "differs from everything the detector has learned" in report.reasons[0]


_LISTEN = r"""
import re, sys
from pathlib import Path
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
report = Pipeline(ScanPlan(face="")).scan(Path(sys.argv[1]))
print(len(report.timeline), re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="this system does not tell the most a process held")
def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """Each in a process of its own, because a process that has heard something has room for more."""
    few, short_kb = _listened(write_sound(tmp_path / "short.wav", speech_like(20.0)))
    many, long_kb = _listened(write_sound(tmp_path / "long.wav", np.tile(speech_like(20.0), 9)))
    assert (few, many) == (9, 89)
    assert long_kb - short_kb < 60_000


def _listened(path: Path) -> tuple[int, int]:
    done = subprocess.run([sys.executable, "-c", _LISTEN, str(path)], capture_output=True, text=True, check=True)
    moments, peak_kb = done.stdout.split()
    return int(moments), int(peak_kb)
