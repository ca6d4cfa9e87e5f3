from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers import models
from unmask.core.errors import CardMismatch, UnknownModel
from unmask.models.catalogue import find
from unmask.models.write import write_card
from unmask.scanning.kit import Kit
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan


def test_models_are_opened_when_needed_and_kept(tiny_plan: ScanPlan) -> None:
    kit = Kit(tiny_plan)
    assert kit.used() == ()
    assert kit.face is kit.face
    assert kit.finder is kit.finder
    assert [model.name for model in kit.used()] == ["yunet-2023mar", "tiny-face"]
    kit.begin(clip=False)
    assert kit.used() == ()


def test_a_report_names_the_models_of_its_own_medium(tiny_plan: ScanPlan, gallery: Path) -> None:
    pipeline = Pipeline(tiny_plan)

    def names(file: str) -> list[str]:
        return [model.name for model in pipeline.scan(gallery / file).models]

    picture = names("genuine.png")
    assert picture == ["yunet-2023mar", "tiny-face"]
    assert names("quiet.wav") == ["tiny-speech"]
    assert "sface-2021dec" in names("pair.mp4")
    assert names("faceless.png") == ["yunet-2023mar"]
    assert names("genuine.png") == picture


def test_a_card_without_calibration_gives_no_verdicts(tiny_plan: ScanPlan, gallery: Path, tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path, calibration="")
    with pytest.raises(CardMismatch, match="calibration"):
        Pipeline(replace(tiny_plan, face=str(card))).scan(gallery / "genuine.png")


def test_clips_may_have_a_calibration_of_their_own(tiny_plan: ScanPlan, gallery: Path, tmp_path: Path) -> None:
    plain = find(str(models.write_face_model(tmp_path)))
    assert plain.calibration is not None
    calm = replace(plain.calibration, medium_offset=-40.0, unit_offset=-40.0, likely_fake_above=0.9)
    write_card(replace(plain, name="calm", clip_calibration=calm), tmp_path / "calm.toml")
    pipeline = Pipeline(replace(tiny_plan, face=str(tmp_path / "calm.toml"), speech=""))
    before = Pipeline(replace(tiny_plan, face=str(tmp_path / "tiny-face.toml"), speech=""))
    assert pipeline.scan(gallery / "blue.png").p_fake == before.scan(gallery / "blue.png").p_fake
    clip = pipeline.scan(gallery / "pair.mp4")
    assert clip.p_fake == pytest.approx(0.0, abs=1e-5)
    assert max(point.p_fake for point in clip.timeline) == pytest.approx(0.0, abs=1e-5)
    assert clip.evidence[0].likely_fake_above == 0.9
    assert before.scan(gallery / "pair.mp4").p_fake != pytest.approx(0.0, abs=1e-5)


def test_unknown_models_are_named(tiny_plan: ScanPlan, gallery: Path) -> None:
    with pytest.raises(UnknownModel, match="nobody"):
        Pipeline(replace(tiny_plan, face="nobody")).scan(gallery / "genuine.png")
