"""The PDF: whole, readable, the same everywhere, and never fooled by text from outside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pypdf
import pytest

from tests.unit.report.made import clip, faceless, portrait, sound
from unmask.core.evidence import Provenance, ScanReport, Trace
from unmask.core.records import MediaInfo
from unmask.report.to_pdf import _DRAWN, drawn, save_pdf

NAMES = "Ωmega Жук Ærø תמונה صورة گل Հայ ქართ 12:30 №1"


def recording() -> ScanReport:
    media = MediaInfo(
        Path("voice.ogg"), "audio", "ogg", duration_s=10.0, has_audio=True, sample_rate_hz=8000, channels=1
    )
    return ScanReport(media, "inconclusive", None, None, 0.0, sound=sound())


def words(report: ScanReport, folder: Path) -> str:
    reader = pypdf.PdfReader(save_pdf(report, folder / "report.pdf"))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


@pytest.mark.parametrize("report", [portrait(), clip(), faceless(), recording()], ids=["one", "clip", "none", "sound"])
def test_every_kind_is_whole(report: ScanReport, tmp_path: Path) -> None:
    text = words(report, tmp_path)
    for part in ("What this means", "What it does not mean", "Where it comes from", "The file", "Limits", "not proof"):
        assert part in text
    assert [one.name for one in tmp_path.iterdir()] == ["report.pdf"]


def test_clip_shows_what_the_page_shows(tmp_path: Path) -> None:
    text = words(clip(), tmp_path)
    for part in (
        "Likely forged",
        "93%",
        "87% to 97%",
        "Person 1",
        "0:05.0 to 0:10.0, up to 90%",
        "Three packets were",
        "faces too small",
        "louder is brighter",
        "0123456789abcdef" * 4,
    ):
        assert part in text
    reader = pypdf.PdfReader(tmp_path / "report.pdf")
    assert sum(len(page.images) for page in reader.pages) >= 2


def test_nothing_scored_shows_no_number(tmp_path: Path) -> None:
    text = words(faceless(), tmp_path)
    assert "no probability is given" in text
    assert "Probability of forgery" not in text


def test_it_is_tagged_for_screen_readers(tmp_path: Path) -> None:
    reader = pypdf.PdfReader(save_pdf(portrait(), tmp_path / "a.pdf"))
    catalogue = reader.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Likely forged \u2013 photo.jpg"
    assert b"pdfuaid" in catalogue["/Metadata"].get_data()


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    attack = '#panic("x") #read("/etc/passwd") $x$ *b* @ref [ ] \\u{1F600} <script> #image("0.jpg")'
    said = Provenance("untrusted", attack, (attack,), attack, traces=(Trace(attack, attack, attack),), notes=(attack,))
    media = replace(portrait().media, path=Path(attack.replace("/", "-")), warnings=(attack,))
    text = words(replace(portrait(), media=media, reasons=(attack,), provenance=said), tmp_path)
    assert text.replace(" ", "").count(attack.replace(" ", "")) >= 6


def test_names_in_many_scripts_are_set_and_others_are_numbered(tmp_path: Path) -> None:
    assert drawn(NAMES) == NAMES
    assert drawn("写真 😀 e\u0301") == "[U+5199][U+771F] [U+1F600] é"
    assert drawn("z\u0304 \u0486") == "z[U+0304] [U+0486]"
    assert drawn("a\nb\x00") == "a[U+000A]b[U+0000]"
    media = replace(portrait().media, path=Path(f"{NAMES} 写.jpg"))
    text = words(replace(portrait(), media=media), tmp_path)
    assert "Ωmega Жук Ærø" in text
    assert "[U+5199].jpg" in text


def test_every_letter_that_counts_as_drawn_has_a_glyph(tmp_path: Path) -> None:
    """PDF/UA-1 refuses letters without a glyph, so this fails where the table promises too much."""
    letters = [chr(code) for first, last in _DRAWN for code in range(first, last + 1)]
    reasons = tuple(drawn(" ".join(letters[start : start + 50])) for start in range(0, len(letters), 50))
    save_pdf(replace(portrait(), reasons=reasons), tmp_path / "a.pdf")


def test_no_mixture_of_letters_fails(tmp_path: Path) -> None:
    random = Random(5)
    letters = [chr(code) for first, last in _DRAWN for code in range(first, last + 1)]
    marks = [chr(code) for code in range(0x300, 0x340)]
    mixed = ("".join(random.choices([*letters, *10 * marks], k=40)) for _ in range(400))
    save_pdf(replace(portrait(), reasons=tuple(mixed)), tmp_path / "a.pdf")


def test_a_long_clip_stays_small_and_quick(tmp_path: Path) -> None:
    point = clip().timeline[0]
    many = tuple(replace(point, t_s=number / 100) for number in range(1000))
    path = save_pdf(replace(clip(), timeline=many), tmp_path / "a.pdf")
    assert path.stat().st_size < 1_000_000
