"""From rows to predictions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from unmask.core.errors import DataError
from unmask.core.events import Advanced
from unmask.datasets.manifest import Row
from unmask.evaluate.predict import check_files, predict
from unmask.scanning.many import InProcess
from unmask.scanning.plan import ScanPlan


def rows(folder: Path, *names: str) -> list[Row]:
    return [Row(folder / name, "image", 0, "s", "", name) for name in names]


def test_faces_are_measured_and_people_kept(gallery: Path, tiny_plan: ScanPlan) -> None:
    heard: list[Advanced] = []
    plan = replace(tiny_plan, speech="")
    media = rows(gallery, "genuine.png", "pair.mp4", "faceless.png", "gone.png")
    found = predict(media, plan, "face", executor=InProcess(), listener=heard.append)
    portrait, pair, faceless, gone = found
    assert [one.row for one in found] == media
    assert portrait.traits.format == "PNG"
    assert 90 < portrait.traits.size < 140
    assert portrait.traits.rate > 1
    assert len(portrait.person_p) == 1
    assert len(pair.person_p) == 2
    assert min(pair.person_p) < 0.5 < max(pair.person_p)
    assert (faceless.p_fake, faceless.abstained, faceless.traits.format) == (None, "no_face", "PNG")
    assert (gone.p_fake, gone.abstained) == (None, "InputError")
    assert math.isnan(gone.traits.size)
    assert [event.done for event in heard] == [1, 2, 3, 4]


def test_voices_are_measured_in_seconds(gallery: Path, tiny_plan: ScanPlan) -> None:
    quiet, pictures = predict(
        rows(gallery, "loud.wav", "genuine.png"), replace(tiny_plan, face=""), "audio", executor=InProcess()
    )
    assert quiet.traits.size == pytest.approx(6.0, abs=0.1)
    assert quiet.traits.rate > 100
    assert quiet.person_p == ()
    assert pictures.abstained == "no_track"


def test_missing_files_are_named(gallery: Path) -> None:
    some = rows(gallery, "genuine.png", "gone.png")
    assert check_files(some) == some[1:]
    with pytest.raises(DataError, match="None of the manifest's 1 files exists"):
        check_files(some[1:])
    with pytest.raises(DataError, match="no row"):
        check_files([])
