"""Six panels of one detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.core.errors import DataError

pytest.importorskip("matplotlib")

from unmask.report.curves.canvas import FAKE, INK, REAL
from unmask.report.curves.overview import save_overview

P_FAKE = (0.0, 0.1, 0.35, 0.6, 0.4, 0.8, 0.95, 1.0)
LABELS = (0, 0, 0, 0, 1, 1, 1, 1)


def panels(path: Path) -> list[np.ndarray]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 800
        pixels = np.asarray(picture.convert("RGB"))
    return [part for row in np.array_split(pixels, 2) for part in np.array_split(row, 3, axis=1)]


def inked(panel: np.ndarray, colour: str) -> int:
    """How many pixels have a colour such as ``#333333``, or nearly."""
    wanted = np.array(tuple(bytes.fromhex(colour[1:])))
    return int((np.abs(panel.astype(int) - wanted).max(axis=2) < 12).sum())


def test_each_panel_draws_its_data(tmp_path: Path) -> None:
    ranks, precision, reliability, scores, confusion, surest = panels(
        save_overview(P_FAKE, LABELS, tmp_path / "deep" / "a.png", title="t")
    )
    for panel in (ranks, precision, reliability, surest):
        assert inked(panel, INK) > 200
    assert inked(ranks, FAKE) > 50, "the line at 5 % false alarms"
    assert inked(scores, FAKE) > 100, "the outline of forged media"
    assert (np.abs(scores.astype(int) - (38, 134, 189)).max(axis=2) < 20).sum() > 1000, "bars of genuine media"
    assert (confusion[..., 2] > confusion[..., 0] + 30).sum() > 5000, "coloured cells"
    assert REAL != FAKE


def test_other_scores_give_another_picture(tmp_path: Path) -> None:
    first, again, turned = (
        panels(save_overview(P_FAKE, labels, tmp_path / f"{name}.png", title="t"))
        for name, labels in (("a", LABELS), ("b", LABELS), ("c", LABELS[::-1]))
    )
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert not any(np.array_equal(one, other) for one, other in zip(first, turned, strict=True))


def test_one_label_draws_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        save_overview([0.2, 0.4], [0, 0], tmp_path / "a.png", title="t")
    assert not (tmp_path / "a.png").exists()
