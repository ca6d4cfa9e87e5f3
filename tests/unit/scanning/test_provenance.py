"""Provenance in a scan: it stands beside the detectors' answer and never inside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers import credentials
from unmask.core.errors import InvalidOption
from unmask.provenance.credentials import TRUST_LIST
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan


@pytest.fixture(autouse=True)
def nobody_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRUST_LIST, raising=False)


def signed(gallery: Path, folder: Path, source: str, name: str = "genuine.png") -> Path:
    path = folder / name
    path.write_bytes(credentials.signed((gallery / name).read_bytes(), source=source))
    return path


def trust(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv(TRUST_LIST, str(credentials.write_trust_list(folder / "list.pem")))


def test_a_plain_file_has_no_credentials(gallery: Path, tiny_plan: ScanPlan) -> None:
    report = Pipeline(tiny_plan).scan(gallery / "genuine.png")
    assert report.provenance.credentials == "absent"
    assert report.timings_s["provenance"] >= 0


@pytest.mark.parametrize("name", ["genuine.png", "blue.png"])
def test_a_camera_claim_changes_nothing(
    gallery: Path, tmp_path: Path, tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plain = Pipeline(tiny_plan).scan(gallery / name)
    path = signed(gallery, tmp_path, "digitalCapture", name)
    stranger = Pipeline(tiny_plan).scan(path)
    trust(monkeypatch, tmp_path)
    friend = Pipeline(tiny_plan).scan(path)
    assert [one.provenance.credentials for one in (stranger, friend)] == ["untrusted", "trusted"]
    for one in (stranger, friend):
        same = replace(one, media=plain.media, provenance=plain.provenance, timings_s=plain.timings_s)
        assert same == plain


def test_an_untrusted_claim_is_told_and_moves_no_figure(gallery: Path, tmp_path: Path, tiny_plan: ScanPlan) -> None:
    plain = Pipeline(tiny_plan).scan(gallery / "genuine.png")
    report = Pipeline(tiny_plan).scan(signed(gallery, tmp_path, "trainedAlgorithmicMedia"))
    assert (report.verdict, report.p_fake, report.interval) == (plain.verdict, plain.p_fake, plain.interval)
    assert report.reasons[: len(plain.reasons)] == plain.reasons
    assert "on no trust list" in report.reasons[-1]


def test_a_trusted_statement_decides_but_leaves_the_probability_alone(
    gallery: Path, tmp_path: Path, tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Pipeline(tiny_plan).scan(gallery / "genuine.png")
    trust(monkeypatch, tmp_path)
    report = Pipeline(tiny_plan).scan(signed(gallery, tmp_path, "trainedAlgorithmicMedia"))
    assert (plain.verdict, report.verdict) == ("likely_real", "likely_fake")
    assert (report.p_fake, report.interval) == (plain.p_fake, plain.interval)
    assert "states that generative software made this file" in report.reasons[0]


def test_a_trust_list_that_is_none_stops_before_any_file(
    tmp_path: Path, tiny_plan: ScanPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TRUST_LIST, str(tmp_path / "gone.pem"))
    with pytest.raises(InvalidOption, match="UNMASK_TRUST_LIST"):
        Pipeline(tiny_plan)
