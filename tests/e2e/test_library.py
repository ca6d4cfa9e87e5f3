"""The library as people use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import unmask
from unmask import ScanPlan
from unmask.core.errors import InputError, UnmaskError


def test_scan_a_file(gallery: Path, tiny_plan: ScanPlan, tmp_path: Path) -> None:
    report = unmask.scan(str(gallery / "blue.png"), tiny_plan)
    assert report.verdict == "likely_fake"
    assert report.p_fake is not None
    assert report.interval is not None
    assert report.interval[0] < report.p_fake < report.interval[1]
    assert json.loads(report.to_json())["verdict"] == "likely_fake"
    report.save_html(tmp_path / "page.html")
    assert "blue.png" in (tmp_path / "page.html").read_text(encoding="utf-8")
    report.save_pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


def test_a_scanner_gives_what_scan_gives(gallery: Path, tiny_plan: ScanPlan) -> None:
    scanner = unmask.Scanner(tiny_plan)
    for name in ("genuine.png", "loud.wav", "faceless.png"):
        one, other = scanner.scan(gallery / name), unmask.scan(gallery / name, tiny_plan)
        assert (one.verdict, one.p_fake, one.evidence) == (other.verdict, other.p_fake, other.evidence)


def test_errors_are_raised_with_a_common_root(tmp_path: Path, tiny_plan: ScanPlan) -> None:
    with pytest.raises(InputError):
        unmask.scan(tmp_path / "gone.jpg", tiny_plan)
    with pytest.raises(UnmaskError):
        ScanPlan(frames=0)


def test_public_names() -> None:
    assert set(dir(unmask)) == set(unmask.__all__)
    for name in unmask.__all__:
        assert getattr(unmask, name)
    with pytest.raises(AttributeError, match="no attribute 'scna'"):
        _ = unmask.scna  # type: ignore[attr-defined]
