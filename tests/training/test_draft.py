"""What goes on a draft card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from unmask.datasets.manifest import Row
from unmask.training.draft import PARITY_UNITS, parity_units, seen


def row(source: str, label: int) -> Row:
    return Row(Path("a"), "image", label, source, "", "g")


def test_training_data_is_counted_by_source_and_label() -> None:
    rows = [row("zoo", 1), row("ark", 0), row("zoo", 0), row("zoo", 1), row("ark", 0), row("ark", 0)]
    assert seen(rows) == ("ark: 3 real", "zoo: 2 fake", "zoo: 1 real")
    assert seen(rows[::-1]) == seen(rows)
    assert seen([]) == ()


@pytest.mark.parametrize("size_px", [50, 64, 224])
def test_parity_units_are_fixed(size_px: int) -> None:
    units = parity_units(size_px)
    assert units.shape == (PARITY_UNITS, size_px, size_px, 3)
    assert units.dtype == np.uint8
    assert np.array_equal(units, parity_units(size_px))


def test_parity_units_have_many_scales() -> None:
    """Smooth ones and grainy ones, none like another, over the whole range."""
    units = parity_units(64).astype(int)
    assert len({unit.tobytes() for unit in units}) == PARITY_UNITS
    grain = [np.abs(np.diff(unit, axis=1)).mean() for unit in units]
    assert max(grain) > 8 * min(grain)
    assert (units.min(), units.max()) == (0, 255)
