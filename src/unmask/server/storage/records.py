"""A `ScanReport` on disk, with its pictures and sound: JSON and arrays in one NPZ; nothing in it can run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter

from unmask.core.evidence import ScanReport
from unmask.core.records import Exhibit, SoundExhibit

_PICTURES = ("exhibits", "sound")
_FIELDS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind) for name, kind in get_type_hints(ScanReport).items() if name not in _PICTURES
}


def save_record(report: ScanReport, path: Path) -> None:
    """Write a report with its exhibits."""
    arrays: dict[str, Any] = {}
    exhibits = []
    for number, exhibit in enumerate(report.exhibits):
        arrays[f"picture_{number}"] = exhibit.pixels_rgb_u8
        for place, (_, heat) in enumerate(exhibit.heatmaps):
            arrays[f"heat_{number}_{place}"] = heat
        squares = [square for square, _ in exhibit.heatmaps]
        exhibits.append({"time_s": exhibit.time_s, "faces": exhibit.faces, "squares": squares})
    if report.sound is not None:
        sound = report.sound
        arrays |= {"envelope": sound.envelope, "mel_db": sound.mel_db, "activity": sound.activity}
    words = {
        "report": {name: kind.dump_python(getattr(report, name), mode="json") for name, kind in _FIELDS.items()},
        "exhibits": exhibits,
        "sound_s": None if report.sound is None else report.sound.duration_s,
    }
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, words=np.array(json.dumps(words)), **arrays)


def load_record(path: Path) -> ScanReport:
    """Read what `save_record` wrote.

    Raises:
        ValueError: It is not such a file.
        OSError: It cannot be read.
    """
    with np.load(path, allow_pickle=False) as arrays:
        words = json.loads(str(arrays["words"]))
        exhibits = tuple(_exhibit(number, one, arrays) for number, one in enumerate(words["exhibits"]))
        sound = None
        if words["sound_s"] is not None:
            sound = SoundExhibit(arrays["envelope"], arrays["mel_db"], words["sound_s"], arrays["activity"])
    fields = {name: kind.validate_python(words["report"][name]) for name, kind in _FIELDS.items()}
    return ScanReport(**fields, exhibits=exhibits, sound=sound)


def _exhibit(number: int, words: dict[str, Any], arrays: Any) -> Exhibit:  # noqa: ANN401 - NumPy names no type for it
    faces = tuple((person, tuple(box), p_fake) for person, box, p_fake in words["faces"])
    heats = tuple((tuple(square), arrays[f"heat_{number}_{place}"]) for place, square in enumerate(words["squares"]))
    return Exhibit(words["time_s"], arrays[f"picture_{number}"], faces, heats)
