"""Copies of recordings as messengers and calls store them, to calibrate a detector of voices for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unmask.core.errors import InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import Row
from unmask.evaluate.trials.damages import read_samples
from unmask.media.wear.codec import RATE_HZ
from unmask.media.write import write_coded_sound
from unmask.voice.coding import Coding

COPY_KBPS: Mapping[Coding, tuple[int, ...]] = {"coarse": (12, 16, 20, 24), "hybrid": (28, 32, 40)}
"""Rates of Opus, in its mode for speech, that stand for each kind of storage."""


def store_copies(rows: Sequence[Row], coded: Coding, folder: Path, *, listener: Listener = ignore) -> list[Row]:
    """Store the first half minute of recordings anew, at every rate of a kind.

    Args:
        rows: Labelled recordings; those that cannot be decoded are left out.
        coded: Which kind.
        folder: Where the copies go; it is made.
        listener: Hears progress.

    Returns:
        A row for each copy, otherwise like that of its recording.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, row in enumerate(rows):
        listener(Advanced("copying", number, len(rows), row.path.name))
        try:
            samples = read_samples(row.path)
        except InputError:
            continue
        for kbps in COPY_KBPS[coded]:
            path = folder / f"{number}-{kbps}.opus"
            write_coded_sound(path, samples, RATE_HZ, kbps=kbps)
            found.append(replace(row, path=path))
    return found
