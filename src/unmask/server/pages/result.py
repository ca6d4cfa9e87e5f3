"""What stands on the page of a result: the report's own words, and its pictures by address instead of embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unmask.client.documents import Exhibits, Face, Picture
from unmask.core.evidence import Evidence, LipSync, ModelUsed, Person, Provenance, ScanReport, Span, Trace, Voice
from unmask.core.records import MediaInfo
from unmask.report.figures import level
from unmask.report.gauge import thresholds
from unmask.report.page import page
from unmask.report.schema import ReportDocument
from unmask.report.words import NOUNS, clock, interval, percent, person_name, whole_percent

JUDGED = {"face": "faces", "image": "pictures as a whole", "audio": "voices", "sync": "moments of speech"}
ZONES = {"fake": "counts as likely forged", "real": "counts as likely genuine", "unknown": "cannot tell"}
WIDE = 0.4
TAG_LIFT_PX = 22
LIFT_FROM = 12.0


def result(document: ReportDocument, exhibits: Exhibits) -> dict[str, Any]:
    """Gather what the template shows beside the job and the timeline.

    Args:
        document: What was concluded.
        exhibits: Pictures that were looked at, as the API gives them.

    Returns:
        Plain values by name; all text still to be escaped by the template engine.
    """
    report = restored(document)
    limits = thresholds(report.evidence, "face")
    timed = document.media.kind != "image"
    pictures = [_picture(one, limits, timed=timed) for one in exhibits.pictures]
    return {
        **page(report),
        "numbers": _numbers(document),
        "pictures": pictures,
        "has_heat": any(picture["overlay"] for picture in pictures),
    }


def restored(document: ReportDocument) -> ScanReport:
    """Turn the published document back into a record, without its timeline, pictures and sound."""
    kept = document.model_dump()
    media = {key: value for key, value in kept["media"].items() if key != "frame_rate"}
    people = (Person(**{**person, "spans": _spans(person)}) for person in kept["people"])
    voices = (Voice(**{**voice, "spans": _spans(voice)}) for voice in kept["voices"])
    origin = {**kept["provenance"], "traces": tuple(Trace(**trace) for trace in kept["provenance"]["traces"])}
    return ScanReport(
        media=MediaInfo(path=Path(document.path), sha256=document.sha256, **media),
        verdict=document.verdict,
        p_fake=document.p_fake,
        interval=document.interval,
        coverage=document.coverage,
        reasons=document.reasons,
        evidence=tuple(Evidence(**one) for one in kept["evidence"]),
        people=tuple(people),
        voices=tuple(voices),
        lips=LipSync(**kept["lips"]) if kept["lips"] else None,
        provenance=Provenance(**origin),
        models=tuple(ModelUsed(**model) for model in kept["models"]),
        timings_s=document.timings_s,
        warnings=document.warnings,
    )


def _spans(kept: dict[str, Any]) -> tuple[Span, ...]:
    return tuple(Span(**span) for span in kept["spans"])


def _numbers(document: ReportDocument) -> list[tuple[str, str]]:
    """Say probability, interval and coverage in sentences."""
    judged = {JUDGED[one.modality]: whole_percent(one.coverage) for one in document.evidence if one.coverage > 0.0}
    shares = " and ".join(f"{share} of the {what}" for what, share in judged.items())
    share = f"{shares} that were looked for could be judged."
    if not judged:
        share = f"Nothing in this {NOUNS[document.media.kind]} could be judged."
    said = [("How much could be judged", share)]
    if document.interval is not None:
        low, high = document.interval
        wide = " That is a wide range: take the number as a rough hint." if high - low > WIDE else ""
        said.insert(0, ("How sure the number is", f"It may well lie anywhere from {interval((low, high))}.{wide}"))
    if document.p_fake is not None:
        many = _count(document.p_fake)
        words = f"Of 100 files like this one, {many} would be forged, if forged and genuine files were equally common."
        said.insert(0, ("What the number says", words))
    return said


def _count(p_fake: float) -> str:
    if p_fake < 0.005:
        return "fewer than 1"
    return "more than 99" if p_fake > 0.995 else f"about {100 * p_fake:.0f}"


def _picture(picture: Picture, limits: tuple[float, float] | None, *, timed: bool) -> dict[str, Any]:
    faces = [_face(face, picture, limits) for face in picture.people]
    moment = clock(picture.t_s) if timed else ""
    count = {0: "no face", 1: "one face"}.get(len(faces), f"{len(faces)} faces")
    alt = f"Frame at {moment}, {count} marked." if moment else f"The picture, {count} marked."
    return {**picture.model_dump(), "faces": faces, "moment": moment, "alt": alt}


def _face(face: Face, picture: Picture, limits: tuple[float, float] | None) -> dict[str, Any]:
    """Place a box in per cent of the picture, so that its number keeps its size on small screens."""
    left, top, right, bottom = face.box_xyxy_px
    x0, x1 = (100 * min(max(x / picture.width, 0.0), 1.0) for x in (left, right))
    y0, y1 = (100 * min(max(y / picture.height, 0.0), 1.0) for y in (top, bottom))
    number = str(face.id + 1)
    zone = level(face.p_fake, limits)
    return {
        "name": person_name(face.id),
        "percent": "not judged" if face.p_fake is None else percent(face.p_fake),
        "words": ZONES[zone] if face.p_fake is not None and limits is not None else "",
        "level": zone,
        "number": number,
        "tag": 14 + 8 * len(number),
        # The number stands on top of its box, where there is room, so that it hides nothing of a small face.
        "lift": -TAG_LIFT_PX if y0 > LIFT_FROM else 0,
        **{key: round(value, 2) for key, value in {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}.items()},
    }
