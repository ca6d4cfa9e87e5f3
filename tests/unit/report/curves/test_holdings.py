"""The sheet of what a dataset holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from unmask.report.curves.canvas import FAKE, REAL
from unmask.report.curves.holdings import save_holdings


def share(path: Path, colour: str) -> float:
    """Share of the sheet that has a colour."""
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("RGB"), np.int16)
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return float((np.abs(pixels - wanted).max(axis=2) < 8).mean())


def test_longer_bars_take_more_ink(tmp_path: Path) -> None:
    few = [("image by source", ["a", "b"], {"real": [9, 9], "fake": [1, 0]})]
    many = [("image by source", ["a", "b"], {"real": [9, 9], "fake": [9, 9]})]
    assert share(save_holdings(few, tmp_path / "few.png"), FAKE) < 0.3 * share(
        save_holdings(many, tmp_path / "many.png"), FAKE
    )
    assert share(tmp_path / "few.png", REAL) > 0.02


def test_many_bars_end_in_one(tmp_path: Path) -> None:
    def size(path: Path) -> tuple[int, int]:
        with Image.open(path) as sheet:
            return sheet.size

    names = [f"method {number}" for number in range(40)]
    whole = save_holdings([("m", names, {"real": [0] * 40, "fake": [1] * 40})], tmp_path / "m.png")
    short = save_holdings([("m", names[:16], {"real": [0] * 16, "fake": [1] * 16})], tmp_path / "s.png")
    assert size(whole) == size(short)
