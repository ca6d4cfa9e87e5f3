"""Forests, two detectors, damage, and sheets of pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib")

from unmask.core.errors import ProviderUnavailable
from unmask.core.records import SoundExhibit
from unmask.metrics.bootstrap import Estimate
from unmask.report.curves.canvas import FAKE, REAL, check_installed
from unmask.report.curves.forest import MOST_LINES, Line, save_forest
from unmask.report.curves.sheets import Tile, heated, save_sheet, save_sounds
from unmask.report.curves.stress import StressPoint, save_stress
from unmask.report.curves.versus import save_versus


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as found:
        return np.asarray(found.convert("RGB"))


def inked(pixels: np.ndarray, colour: str) -> int:
    return int((pixels == tuple(bytes.fromhex(colour[1:]))).all(axis=2).sum())


def test_a_forest_colours_what_is_surely_good_or_bad(tmp_path: Path) -> None:
    def drawn(low: float, high: float) -> np.ndarray:
        line = Line("a", Estimate((low + high) / 2, low, high))
        path = tmp_path / "f.png"
        return picture(save_forest([line], path, title="t", across="AUC", reference=0.5, limits=(0, 1)))

    assert inked(drawn(0.6, 0.9), REAL) > 100
    assert inked(drawn(0.1, 0.4), FAKE) > 100
    unsure = drawn(0.3, 0.8)
    assert inked(unsure, REAL) == inked(unsure, FAKE) == 0


def test_a_long_forest_is_cut(tmp_path: Path) -> None:
    lines = [Line(str(at), Estimate(0.7, 0.6, 0.8)) for at in range(MOST_LINES + 20)]
    sizes = []
    for count in (MOST_LINES, MOST_LINES + 20):
        path = tmp_path / f"{count}.png"
        sizes.append(picture(save_forest(lines[:count], path, title="t", across="", reference=0.5, limits=None)).shape)
    assert sizes[0] == sizes[1]


def test_two_detectors_have_two_colours(tmp_path: Path) -> None:
    scores = ([0.1, 0.4, 0.6, 0.9], [0.3, 0.6, 0.2, 0.8])
    path = save_versus(scores, [0, 0, 1, 1], tmp_path / "v.png", names=("a", "b"), title="t")
    left = picture(path)[:, :600]
    assert min(inked(left, REAL), inked(left, FAKE)) > 100


def test_each_damage_has_a_panel(tmp_path: Path) -> None:
    points = [StressPoint(name, Estimate(0.8, 0.7, 0.9), 0.1, 0.0, 0.0, 1.0) for name in ("none", "60")]
    points.append(StressPoint("30", None, float("nan"), float("nan"), float("nan"), 0.0))
    found = [
        picture(
            save_stress(dict.fromkeys(names, points), dict.fromkeys(names, "quality"), tmp_path / "s.png", title="t")
        )
        for names in (("JPEG",), ("JPEG", "blur"))
    ]
    assert found[1].shape[1] > 1.5 * found[0].shape[1]
    assert inked(found[1], REAL) > 1.5 * inked(found[0], REAL) > 0


def test_a_sheet_shows_its_tiles(tmp_path: Path) -> None:
    green = np.full((40, 40, 3), (0, 200, 0), np.uint8)
    one, five = (picture(save_sheet([Tile(green, "x")] * count, tmp_path / "s.png", title="t")) for count in (1, 5))
    assert inked(five, "#00c800") > 1.5 * inked(one, "#00c800") > 0


def test_heat_leaves_calm_places_alone() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    heat = np.zeros((8, 8), np.float32)
    heat[:, 4:] = 1.0
    found = heated(grey, heat)
    assert (found[:, :2] == 100).all()
    assert (found[:, 6:, 0] > 150).all()


def test_sounds_are_drawn_with_their_answers(tmp_path: Path) -> None:
    mel = np.linspace(-80, 0, 80 * 50, dtype=np.float32).reshape(80, 50)
    with_answer = SoundExhibit(np.zeros((50, 2), np.float32), mel, 0.5, np.array([0.2, 0.9], np.float32))
    without = SoundExhibit(np.zeros((50, 2), np.float32), mel, 0.5)
    first, second = (
        picture(save_sounds([(sound, "x")], tmp_path / "m.png", title="t")) for sound in (with_answer, without)
    )
    assert inked(first, FAKE) > inked(second, FAKE)


def test_an_installation_that_cannot_draw_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ProviderUnavailable, match=r"unmask\[evaluate\]"):
        check_installed()
