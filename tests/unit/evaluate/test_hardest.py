"""The worst errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.evaluate.made import answer, silent
from unmask.core.records import Exhibit
from unmask.datasets.manifest import Row
from unmask.evaluate.hardest import face_tile, hardest, write_hardest
from unmask.evaluate.predict import judge
from unmask.scanning.many import InProcess
from unmask.scanning.plan import ScanPlan

pytest.importorskip("matplotlib")


def test_the_worst_of_each_label_come_first() -> None:
    media = [answer(float(logit), label) for label in (0, 1) for logit in range(-3, 4)]
    found = hardest([*media, silent(0)], 2)
    assert [(one.row.label, round(one.logit)) for one in found] == [(0, 3), (0, 2), (1, -3), (1, -2)]


def test_a_group_is_shown_once() -> None:
    media = [answer(float(logit), 0, group="one person") for logit in range(5)] + [answer(-1.0, 0, group="other")]
    assert [round(one.logit) for one in hardest(media, 6)] == [4, -1]


def test_a_tile_shows_the_most_suspicious_face_with_and_without_heat() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 100:] = 90
    calm, hot = np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)
    tile = face_tile(Exhibit(0.0, pixels, (), (((0, 0, 60, 60), calm), ((120, 10, 180, 120), hot))), "x")
    assert tile is not None
    left, right = np.split(tile.pixels_rgb_u8, 2, axis=1)
    assert (left == 90).all()
    assert (right[..., 0] > 120).all()
    assert face_tile(Exhibit(0.0, pixels), "x") is None


def test_sheets_of_faces_and_of_voices(gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    face, voice = ScanPlan(face=tiny_plan.face, speech=""), ScanPlan(face="", speech=tiny_plan.speech)
    for plan, modality, names in (
        (face, "face", ("genuine.png", "blue.png")),
        (voice, "audio", ("quiet.wav", "loud.wav")),
    ):
        rows = [Row(gallery / name, "image", label, "s", "", name) for label, name in enumerate(names)]
        media = [judge(plan, modality, row) for row in rows]  # type: ignore[arg-type]
        path = tmp_path / f"{modality}.png"
        assert write_hardest(media, plan, path, title="t", executor=InProcess())
        with Image.open(path) as sheet:
            assert sheet.width > 600
    assert not write_hardest([silent(0)], face, tmp_path / "none.png", title="t", executor=InProcess())
