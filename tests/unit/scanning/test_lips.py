"""From a clip to what is said of lips and sound. The voice is made; the mouth is drawn and opens with its loudness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers.people import pair, write_still_clip
from tests.makers.talking import syllables, write_talking
from tests.makers.videos import write_clip
from unmask.core.evidence import Abstention, LipSync
from unmask.core.records import Face, Track
from unmask.lips.match import Match
from unmask.scanning.lips import LONGEST_S, Stretch, choose_stretch, concluded
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.scanning.sight import Sighting

SAID, OTHER_WORDS = syllables(7.0, seed=1), syllables(5.0, seed=3)
# Lips begin to move before they are heard.
WORDS, MOUTH = SAID[100:600], SAID[106:606]
Lips = Callable[[Path], LipSync]


@pytest.fixture
def lips(tiny_plan: ScanPlan) -> Lips:
    def scan(path: Path) -> LipSync:
        found = Pipeline(tiny_plan).scan(path).lips
        assert found is not None
        return found

    return scan


def test_lips_that_follow(tiny_plan: ScanPlan, tmp_path: Path) -> None:
    path = write_talking(tmp_path / "own.mp4", mouth=MOUTH, voice=WORDS)
    report = Pipeline(tiny_plan).scan(path)
    assert report.lips is not None
    assert (report.lips.answer, report.lips.abstained) == ("follow", None)
    assert report.lips.offset_ms is not None
    assert abs(report.lips.offset_ms) <= 60
    assert report.reasons[-1].startswith("Beside the verdict: the lips follow the sound between 0:00 and 0:05")
    assert report.timings_s["lips"] > 0
    without = Pipeline(replace(tiny_plan, lips=False)).scan(path)
    assert without.lips is None
    assert (without.p_fake, without.verdict) == (report.p_fake, report.verdict)


def test_sound_that_was_moved(lips: Lips, tmp_path: Path) -> None:
    """The mouth says what the voice said 0.4 s before."""
    path = write_talking(tmp_path / "late.mp4", mouth=SAID[66:566], voice=WORDS)
    found = lips(path)
    assert found.answer == "shifted"
    assert found.offset_ms == pytest.approx(400, abs=60)


def test_the_sound_of_another(lips: Lips, tmp_path: Path) -> None:
    found = lips(write_talking(tmp_path / "dubbed.mp4", mouth=MOUTH, voice=OTHER_WORDS))
    assert found.answer in ("apart", "unclear")
    assert found.offset_ms is None


@pytest.mark.parametrize(
    ("name", "mouth", "voice", "reason"),
    [("silent.mp4", MOUTH, None, "no_speech"), ("still.mp4", None, WORDS, "mouth_still")],
)
def test_nothing_to_compare(
    lips: Lips, tmp_path: Path, name: str, mouth: np.ndarray, voice: np.ndarray, reason: str
) -> None:
    found = lips(write_talking(tmp_path / name, mouth=mouth, voice=voice))
    assert (found.answer, found.match, found.abstained) == (None, None, reason)
    assert found.detail


def test_too_few_pictures(lips: Lips, tmp_path: Path) -> None:
    slow = lips(write_talking(tmp_path / "slow.mp4", mouth=MOUTH, voice=WORDS, fps=8))
    one = lips(write_talking(tmp_path / "one.mp4", seconds=0.04, voice=WORDS[:4]))
    assert (slow.abstained, slow.detail) == ("too_short", "8 pictures a second are too few to follow lips")
    assert one.abstained == "no_speech"


def test_a_clip_without_a_face_or_with_two(lips: Lips, tmp_path: Path) -> None:
    assert lips(write_clip(tmp_path / "none.mp4", seconds=4.0)).abstained == "no_face"
    assert lips(write_still_clip(tmp_path / "two.mp4", pair(), seconds=4.0, sound=True)).abstained == "several_faces"


def test_a_video_without_sound_is_not_asked(tiny_plan: ScanPlan, tmp_path: Path) -> None:
    assert Pipeline(tiny_plan).scan(write_clip(tmp_path / "mute.mp4", sound=False)).lips is None


@pytest.mark.parametrize(
    ("match", "answer", "offset_ms"),
    [
        (Match(near=0.5, best=0.5, offset_ms=-40, apart=4.0), "follow", -40),
        (Match(near=0.1, best=0.5, offset_ms=320, apart=4.0), "shifted", 320),
        (Match(near=0.5, best=0.5, offset_ms=40, apart=1.0), "unclear", None),
        (Match(near=0.2, best=0.25, offset_ms=320, apart=2.5), "unclear", None),
        (Match(near=0.0, best=0.1, offset_ms=40, apart=1.0), "apart", None),
    ],
)
def test_what_is_concluded(match: Match, answer: str, offset_ms: int | None) -> None:
    found = concluded(match, 1.0, 6.0)
    assert (found.answer, found.offset_ms, found.match) == (answer, offset_ms, match.best)


def seen(*faces: tuple[int, float, float]) -> Sighting:
    """A sighting of (person, time, size)."""
    found = Sighting(frames=len(faces))
    for person, time_s, size in faces:
        found.faces.append(Face((0, 0, size, size), np.zeros((5, 2), np.float32), 0.9, round(time_s * 25), time_s))
        members = [place for place, face in enumerate(faces[: len(found.faces)]) if face[0] == person]
        found.tracks = [track for track in found.tracks if track.id != person] + [Track(person, tuple(members))]
    found.tracks.sort(key=lambda track: track.id)
    return found


@pytest.mark.parametrize(
    ("sighting", "spoken", "expected"),
    [
        (seen((0, 1.0, 200.0)), [], "no_speech"),
        (seen((0, 1.0, 200.0)), [(40.0, 44.0)], "no_speech"),
        (seen(), [(0.0, 4.0)], "no_face"),
        (seen((0, 1.0, 40.0)), [(0.0, 4.0)], "face_too_small"),
        (seen((0, 1.0, 200.0), (1, 1.0, 150.0)), [(0.0, 4.0)], "several_faces"),
        (seen((0, 1.0, 200.0), (1, 1.0, 50.0)), [(0.0, 4.0)], Stretch(0.0, LONGEST_S)),
        (seen((0, 1.0, 200.0), (0, 33.0, 200.0)), [(0.0, 2.0), (30.0, 36.0)], Stretch(30.0, 30.0 + LONGEST_S)),
        (seen((0, 59.0, 200.0)), [(58.0, 60.0), (56.0, 59.0)], Stretch(60.0 - LONGEST_S, 60.0)),
    ],
)
def test_where_to_look(sighting: Sighting, spoken: list[tuple[float, float]], expected: Stretch | str) -> None:
    found = choose_stretch(sighting, spoken, 60.0)
    assert (found.reason if isinstance(found, Abstention) else found) == expected
