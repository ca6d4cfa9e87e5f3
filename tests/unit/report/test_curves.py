"""Plots of an evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.core.errors import DataError

pytest.importorskip("matplotlib")

from unmask.report.curves import FAKE, INK, REAL, save_curves

P_FAKE = (0.0, 0.1, 0.35, 0.6, 0.4, 0.8, 0.95, 1.0)
LABELS = (0, 0, 0, 0, 1, 1, 1, 1)


def drawn(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_three_panels_in_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "curves.png"
    save_curves(P_FAKE, LABELS, path, title="tiny: test, 8 media")
    pixels = drawn(path)
    height, width = pixels.shape[:2]
    assert (width, height) == (1320, 440)
    assert path.stat().st_size < 200_000
    for panel in np.array_split(pixels, 3, axis=1):
        inked = (panel < 200).any(axis=2)
        assert 0.005 < inked.mean() < 0.5


def inked(panel: np.ndarray, colour: str) -> int:
    """How many pixels have a colour such as ``#333333``."""
    return int((panel == tuple(bytes.fromhex(colour[1:]))).all(axis=2).sum())


def test_each_panel_draws_its_data(tmp_path: Path) -> None:
    save_curves(P_FAKE, LABELS, tmp_path / "a.png", title="t")
    left, middle, right = np.array_split(drawn(tmp_path / "a.png"), 3, axis=1)
    assert inked(left, INK) > 200, "the ROC"
    assert inked(left, FAKE) > 100, "the line at 5 % false alarms"
    assert inked(middle, INK) > 200, "the reliability curve"
    assert inked(right, REAL) > 1000, "bars of genuine media"
    assert inked(right, FAKE) > 1000, "bars of forged media"


def test_other_scores_give_another_picture(tmp_path: Path) -> None:
    save_curves(P_FAKE, LABELS, tmp_path / "a.png", title="t")
    save_curves(P_FAKE, LABELS, tmp_path / "b.png", title="t")
    save_curves(P_FAKE, LABELS[::-1], tmp_path / "c.png", title="t")
    first, again, turned = (drawn(tmp_path / f"{name}.png") for name in "abc")
    assert np.array_equal(first, again)
    for one, other in zip(np.array_split(first, 3, axis=1), np.array_split(turned, 3, axis=1), strict=True):
        assert not np.array_equal(one, other)


def test_one_label_draws_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        save_curves([0.2, 0.4], [0, 0], tmp_path / "a.png", title="t")
    assert not (tmp_path / "a.png").exists()
