"""Pictures as a whole, beside faces and without them, with the tiny models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.makers import images, models, people
from unmask.core.evidence import Evidence, ScanReport
from unmask.fusion.decide import decide
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan

Scan = Callable[..., ScanReport]


@pytest.fixture
def plan(tiny_plan: ScanPlan, model_folder: Path) -> ScanPlan:
    """The tiny plan, and pictures as a whole."""
    return replace(tiny_plan, picture=str(model_folder / "tiny-picture.toml"))


@pytest.fixture
def scan(plan: ScanPlan, tmp_path: Path) -> Scan:
    """Save a picture and scan it."""

    def run(pixels: np.ndarray, **settings: object) -> ScanReport:
        path = images.write_image(tmp_path / "picture.png", pixels)
        return Pipeline(replace(plan, **settings)).scan(path)  # type: ignore[arg-type]

    return run


def landscape(*, green: bool = False, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """Grainy, without a face."""
    width, height = size
    grain = np.random.default_rng(3).integers(0, 40, (height, width, 3)).astype(np.uint8)
    return grain + np.array((60, 160, 60) if green else (160, 60, 60), np.uint8)


def entry(report: ScanReport, modality: str) -> Evidence:
    return next(one for one in report.evidence if one.modality == modality)


@pytest.mark.parametrize(("green", "verdict"), [(True, "likely_fake"), (False, "likely_real")])
def test_without_a_face_the_whole_picture_decides(scan: Scan, *, green: bool, verdict: str) -> None:
    report = scan(landscape(green=green), exhibits=2)
    assert report.verdict == verdict
    assert entry(report, "face").abstained == "no_face"
    assert entry(report, "image").weight == 1
    assert [model.name for model in report.models][-1] == "tiny-picture"
    assert any("picture as a whole" in reason for reason in report.reasons)
    (exhibit,) = report.exhibits
    assert len(exhibit.heatmaps) == entry(report, "image").units
    assert [point.modality for point in report.timeline] == ["image"]
    assert report.timings_s["picture"] > 0


def test_a_forged_face_is_not_cleared_by_its_genuine_picture(scan: Scan) -> None:
    portrait = people.blue_portrait()
    alone, both = scan(portrait, picture=""), scan(portrait)
    assert both.verdict == alone.verdict == "likely_fake"
    assert both.p_fake == alone.p_fake
    assert entry(both, "image").weight == 0


def test_a_genuine_face_in_a_generated_picture_is_not_called_genuine(scan: Scan) -> None:
    portrait = people.portrait().astype(int)
    portrait[..., 1] += 90  # Green, and as red over blue as before.
    report = scan(np.clip(portrait, 0, 255).astype(np.uint8))
    assert entry(report, "image").p_fake == pytest.approx(1, abs=0.05)
    assert entry(report, "image").weight > 0.5
    assert report.verdict != "likely_real"


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (landscape(size=(50, 300)), "too_small"),
        (np.full((240, 240, 3), 128, np.uint8), "too_plain"),
        (np.pad(landscape(size=(64, 64)), ((0, 176), (0, 176), (0, 0))), "too_plain"),
    ],
    ids=["small", "flat", "mostly flat"],
)
def test_what_cannot_be_judged_stays_open(scan: Scan, pixels: np.ndarray, reason: str) -> None:
    report = scan(pixels)
    assert report.verdict == "inconclusive"
    assert entry(report, "image").abstained == reason
    assert report.p_fake is None


def test_a_picture_that_is_too_plain_does_not_stand_in_the_way_of_its_faces(scan: Scan) -> None:
    report = scan(people.portrait())
    calm = replace(entry(report, "image"), p_fake=None, abstained="too_plain")
    assert decide(report.p_fake, 1.0, [entry(report, "face"), calm]) == report.verdict == "likely_real"


def test_clips_are_not_asked_about(plan: ScanPlan, gallery: Path) -> None:
    report = Pipeline(replace(plan, speech="")).scan(gallery / "blue.mp4")
    assert [one.modality for one in report.evidence] == ["face"]
    report = Pipeline(replace(plan, face="", speech="")).scan(gallery / "faceless.mp4")
    assert (report.verdict, report.evidence) == ("inconclusive", ())


@pytest.mark.parametrize(("slack", "holds"), [(0.0, False), (99.0, True)])
def test_an_answer_that_does_not_survive_another_save_is_withdrawn(
    scan: Scan, tmp_path: Path, *, slack: float, holds: bool
) -> None:
    """Fine grain is what the tiny model alarms at, and what shrinking takes away."""
    model = str(models.write_grainy_picture_model(tmp_path, wear_slack=slack))
    noise = np.random.default_rng(0).normal(0, 30, (240, 320, 1))
    report = scan(np.clip(120 + noise.repeat(3, axis=2), 0, 255).astype(np.uint8), picture=model)
    found = entry(report, "image")
    assert (found.p_fake is not None) == holds
    assert report.verdict == ("likely_fake" if holds else "inconclusive")
    if not holds:
        assert found.abstained == "unstable"
        assert "as it is" in found.detail
