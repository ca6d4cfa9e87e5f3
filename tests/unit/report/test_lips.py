"""Words for lips and sound, on pages, in PDFs and in the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from tests.unit.report.made import clip
from unmask.core.evidence import LipAnswer, LipSync
from unmask.report import lips
from unmask.report.schema import document
from unmask.report.to_html import render_html
from unmask.report.to_pdf import save_pdf
from unmask.scanning.summary import lip_sentence

APART = LipSync("apart", 2.0, 8.0, match=0.123456)
UNTOLD = LipSync(None, abstained="several_faces", detail="who of them speaks is not known")


def test_every_answer_has_words() -> None:
    for table in (lips.HEADLINES, lips.EXPLAINED):
        assert set(table) == set(get_args(LipAnswer))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (None, ""),
        (LipSync(None, abstained="mouth_still", detail="the lips hardly move"), ""),
        (LipSync("unclear", 0.0, 5.0, match=0.25), ""),
        (LipSync("follow", 0.0, 5.0, offset_ms=40, match=0.5), "The lips follow the sound"),
        (LipSync("shifted", 0.0, 5.0, offset_ms=-320, match=0.5), "The lips follow the sound about 320 ms early"),
        (APART, "The lips do not follow the sound"),
    ],
)
def test_one_line(found: LipSync | None, line: str) -> None:
    assert lips.line(found) == line
    assert bool(lip_sentence(found)) == bool(line)


def test_the_page_tells_where_and_what_else_it_can_be() -> None:
    text = render_html(replace(clip(), lips=APART))
    for words in ("Between 0:02.0 and 0:08.0", "Dubbing", "Agreement 0.12 of 1, over 6.0 s", "never enters"):
        assert words in text


def test_the_page_tells_why_nothing_was_compared() -> None:
    text = render_html(replace(clip(), lips=UNTOLD))
    assert "Not compared: several faces" in text
    assert "Lips and sound" not in render_html(clip())


def test_the_pdf_holds_them_too(tmp_path: Path) -> None:
    assert save_pdf(replace(clip(), lips=APART), tmp_path / "report.pdf").stat().st_size > 1000


def test_the_document_holds_them() -> None:
    found = document(replace(clip(), lips=APART)).lips
    assert found is not None
    assert (found.answer, found.start_s, found.end_s, found.offset_ms, found.match) == ("apart", 2.0, 8.0, None, 0.1235)
    assert document(clip()).lips is None


def test_the_sentence_is_careful() -> None:
    (said,) = lip_sentence(APART)
    assert said.startswith("Beside the verdict: the lips do not follow the sound between 0:02 and 0:08; dubbing")
