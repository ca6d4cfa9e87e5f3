from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from unmask.core.evidence import Evidence, Modality, Person, Provenance, Reason, ScanReport, Span, Trace, Voice
from unmask.core.records import MediaInfo
from unmask.scanning.summary import reasons, still_sentence


def said(p_fake: float | None, modality: str = "face", abstained: str | None = None) -> Evidence:
    interval = None if p_fake is None else (p_fake, p_fake)
    return Evidence("model", modality, p_fake, interval, 1.0, 4, abstained, "", 0.3, 0.7)  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", get_args(Reason))
@pytest.mark.parametrize("modality", get_args(Modality))
def test_every_abstention_has_a_sentence(reason: str, modality: str) -> None:
    first, last = reasons("inconclusive", 0.0, [said(None, modality, reason)], ())
    assert "could not be judged" in first
    assert first.endswith(".")
    assert "no probability" in last


@pytest.mark.parametrize(
    ("p_fake", "modality", "words"),
    [
        (0.9, "face", "look forged"),
        (0.1, "face", "no sign of forgery"),
        (0.5, "face", "undecided"),
        (0.9, "audio", "sounds synthetic"),
        (0.1, "audio", "no sign of synthesis"),
        (0.9, "image", "looks generated"),
        (0.1, "image", "no sign of having been generated"),
    ],
)
def test_what_a_detector_says(p_fake: float, modality: str, words: str) -> None:
    (sentence,) = reasons("likely_fake", 1.0, [said(p_fake, modality)], ())
    assert words in sentence
    assert f"{p_fake:.0%}" in sentence


def test_a_detail_that_is_a_sentence_is_said_as_it_is() -> None:
    told = replace(said(0.9), detail="Between 0:02 and 0:03 the face is another person's.")
    assert reasons("likely_fake", 1.0, [told], ()) == (told.detail,)
    assert (
        "could not be judged" in reasons("inconclusive", 1.0, [replace(told, p_fake=None, abstained="no_face")], ())[0]
    )


def test_the_most_suspicious_comes_first() -> None:
    found = reasons("likely_fake", 1.0, [said(None, "face", "no_face"), said(0.2), said(0.9, "audio")], ())
    assert "synthetic" in found[0]
    assert "could not" in found[2]


def test_low_coverage_and_the_middle_are_explained() -> None:
    assert any("Only 10%" in text for text in reasons("inconclusive", 0.1, [said(0.1)], ()))
    assert any("between the two thresholds" in text for text in reasons("inconclusive", 1.0, [said(0.5)], ()))


def test_suspects_are_counted_from_one() -> None:
    people = [Person(0, 0.1, 1.0, 9), Person(1, 0.9, 1.0, 9, spans=(Span(0, 1, 0.9),))]
    assert any(
        "Of 2 people, the suspicion concerns person 2." in text for text in reasons("likely_fake", 1, [], people)
    )
    assert not any("person" in text for text in reasons("likely_fake", 1.0, [said(0.9)], people[1:]))


def test_a_verdict_held_back_by_the_other_parts_is_explained() -> None:
    suspicious = reasons("inconclusive", 1.0, [said(0.75), said(0.1, "audio")], ())
    assert "stays below the upper threshold" in suspicious[-1]
    unjudged = reasons("inconclusive", 1.0, [said(0.1, "audio"), said(None, "face", "face_too_small")], ())
    assert "does not clear the rest" in unjudged[-1]


def test_where_synthetic_speech_is_likely_is_said_in_minutes_and_seconds() -> None:
    voice = Voice(0, 0.9, 9, (Span(4.0, 9.0, 0.93), Span(64.6, 70.0, 0.81)))
    *_, last = reasons("likely_fake", 1.0, [said(0.9, "audio")], (), [voice])
    assert last == "Synthetic speech is likely between 0:04 and 0:09 (93%), between 1:05 and 1:10 (81%)."
    assert len(reasons("likely_real", 1.0, [said(0.1, "audio")], (), [Voice(0, 0.1, 9)])) == 1


def test_of_several_voices_the_suspicious_one_is_named() -> None:
    heard = [replace(said(p, "audio"), detail=f"voice {n} of 2") for n, p in ((1, 0.1), (2, 0.9))]
    voices = [Voice(0, 0.1, 5), Voice(1, 0.9, 5, (Span(10.0, 20.0, 0.9),))]
    found = reasons("likely_fake", 1.0, heard, (), voices)
    assert found[0].startswith("Voice 2 of 2 sounds synthetic")
    assert found[1].startswith("Voice 1 of 2 shows no sign")
    assert found[2] == "Synthetic speech is likely in voice 2 of 2 between 0:10 and 0:20 (90%)."


def test_what_counts_comes_before_what_is_more_suspicious_but_does_not_count() -> None:
    counted, muted = replace(said(0.75), weight=1.0), said(0.8, "image")
    first, second, *_ = reasons("likely_fake", 1.0, [muted, counted], ())
    assert first.startswith("The faces")
    assert second.startswith("The picture as a whole")


def accused(width: int = 1280, height: int = 720, kind: str = "image") -> ScanReport:
    media = MediaInfo(Path("a.png"), kind, "PNG", width, height)
    return ScanReport(media, "likely_fake", 0.9, (0.8, 0.95), 1.0, (), (said(0.9),))


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (737, 414), (996, 560), (689, 387), (1920, 1080)])
def test_an_accused_picture_that_may_be_a_still_is_sent_to_its_clip(size: tuple[int, int]) -> None:
    (sentence,) = still_sentence(accused(*size))
    assert "video frame (16:9)" in sentence
    assert "scan the clip" in sentence


@pytest.mark.parametrize(
    "report",
    [
        accused(1200, 800),
        accused(512, 512),
        accused(kind="video"),
        replace(accused(), verdict="inconclusive"),
        replace(accused(), evidence=(said(0.9, "image"), said(0.1))),
        replace(accused(), evidence=(said(None, abstained="no_face"),)),
        replace(accused(), provenance=Provenance(traces=(Trace("EXIF", "Model", "X100"),))),
        replace(accused(), provenance=Provenance(generator="Midjourney")),
        replace(accused(), provenance=Provenance(conclusive=True)),
    ],
)
def test_other_pictures_are_not(report: ScanReport) -> None:
    assert still_sentence(report) == ()
