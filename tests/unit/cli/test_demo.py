"""``unmask demo``: its samples, and the command with tiny models in place of those that ship."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.makers import people
from tests.unit.cli.conftest import Run
from unmask.cli import demo
from unmask.media.audio import iter_sound
from unmask.media.probe import probe, probe_with_index
from unmask.media.video import iter_frames
from unmask.scanning import plan as plans
from unmask.scanning.plan import ScanPlan

pytest.importorskip("skimage")

NAMES = ["genuine-portrait.png", "forged-portrait.png", "genuine-clip.mp4", "forged-clip.mp4"]
REACH_PX = 30


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("samples")
    return list(demo._samples(people.portrait(), folder))


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def test_four_samples(samples: list[Path]) -> None:
    assert [path.name for path in samples] == NAMES
    assert {path.name for path in samples[0].parent.iterdir()} == set(NAMES)
    assert [probe(path).kind for path in samples] == ["image", "image", "video", "video"]


def test_the_genuine_portrait_is_untouched(samples: list[Path]) -> None:
    assert np.array_equal(pixels(samples[0]), people.portrait())


def test_the_forgery_differs_inside_the_face_only(samples: list[Path]) -> None:
    gap = np.abs(pixels(samples[1]).astype(int) - pixels(samples[0])).max(axis=2)
    left, top, right, bottom = people.FACE_BOX
    inside = np.zeros(gap.shape, bool)
    inside[top - REACH_PX : bottom + REACH_PX, left - REACH_PX : right + REACH_PX] = True
    assert not gap[~inside].any()
    assert (gap[top:bottom, left:right] > 8).mean() > 0.2, "the forgery must be worth looking for"


def test_forging_gives_the_same_every_time(samples: list[Path]) -> None:
    assert np.array_equal(demo._forged(people.portrait()), pixels(samples[1]))


def test_clips_move_and_have_sound(samples: list[Path]) -> None:
    for path in samples[2:]:
        info, index = probe_with_index(path)
        assert index is not None
        assert (info.width_px, info.height_px, info.frame_count, info.has_audio) == (480, 480, 60, True)
        assert info.duration_s == pytest.approx(4.0, abs=0.05)
        (heard,) = iter_sound(path, [0.5], length_s=3.0)
        assert 0.005 < np.sqrt((heard.samples_f32**2).mean()) < 0.2
        first, later = iter_frames(path, [0, 30], index)
        assert np.abs(first.pixels_rgb_u8.astype(int) - later.pixels_rgb_u8).mean() > 2


def test_the_forged_clip_shows_the_forgery(samples: list[Path]) -> None:
    shown = []
    for path in samples[2:]:
        _, index = probe_with_index(path)
        assert index is not None
        shown.append(next(iter(iter_frames(path, [20], index))).pixels_rgb_u8.astype(int))
    gap = np.abs(shown[0] - shown[1]).max(axis=2)
    face, corner = gap[60:220, 140:300], gap[300:, :120]
    assert face.mean() > 2 * corner.mean()


def test_the_command(run: Run, tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tiny = functools.partial(ScanPlan, face=tiny_plan.face, speech=tiny_plan.speech, frames=4, threads=1)
    monkeypatch.setattr(plans, "ScanPlan", tiny)
    answer = run("demo", "--out", tmp_path / "out")
    assert answer.code == 0
    page = tmp_path / "out" / "report.html"
    assert {path.name for path in page.parent.iterdir()} >= {*NAMES, page.name}
    assert all(name in page.read_text(encoding="utf-8") for name in NAMES)
    verdicts = [line for line in answer.out.splitlines() if "p(fake)" in line]
    assert len(verdicts) == 4
    assert all(line.endswith(name) for line, name in zip(verdicts, NAMES, strict=True))
    assert "report.html in a browser" in answer.err
