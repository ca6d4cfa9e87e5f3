"""Say in plain sentences what a verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence

from unmask.core.evidence import Evidence, LipSync, Person, Reason, ScanReport, Span, Verdict, Voice
from unmask.fusion.decide import LEAST_COVERAGE

_MOST_SPANS = 3
_ROUNDING = 16  # One pixel, as made smaller frames have it.
_CAMERA = {"make", "model", "lensmodel"}
_WHAT = {"face": "the faces", "image": "the picture as a whole", "audio": "the voice", "sync": "lips and sound"}
_ALARM = {"audio": "sounds synthetic", "image": "looks generated"}
_CALM = {"audio": "shows no sign of synthesis", "image": "shows no sign of having been generated"}
_WHY: dict[Reason, str] = {
    "no_face": "no face was found",
    "face_too_small": "the faces are too small",
    "no_speech": "no speech was found",
    "too_short": "there is too little to judge",
    "too_compressed": "compression has removed the traces",
    "out_of_domain": "the material differs from everything the detector has learned",
    "unstable": "the answer does not hold when the file is saved again or made a little smaller",
    "too_dark": "the picture is too dark",
    "too_blurred": "the faces are too blurred",
    "too_small": "it is too small",
    "too_plain": "it is mostly flat colour, as drawings and screenshots are",
    "several_faces": "several faces are in view",
    "turned_away": "the face is turned away",
    "mouth_still": "the lips hardly move",
}


def reasons(
    verdict: Verdict,
    coverage: float,
    evidence: Sequence[Evidence],
    people: Sequence[Person],
    voices: Sequence[Voice] = (),
) -> tuple[str, ...]:
    """Explain a verdict.

    Args:
        verdict: The verdict.
        coverage: Of the medium.
        evidence: One entry a detector.
        people: People in the medium.
        voices: Voices in the medium.

    Returns:
        One to a few sentences, the most important first.
    """
    found = [_sentence(entry) for entry in sorted(evidence, key=_importance)]
    suspects = [person for person in people if person.spans]
    if len(people) > 1 and suspects:
        names = ", ".join(str(person.id + 1) for person in suspects)
        found.append(f"Of {len(people)} people, the suspicion concerns person {names}.")
    found += _heard(voices)
    if verdict == "inconclusive":
        found.append(_doubt(coverage, evidence))
    return tuple(found)


def lip_sentence(lips: LipSync | None) -> tuple[str, ...]:
    """Say whether the lips follow the sound, if that could be told.

    Args:
        lips: The observation.

    Returns:
        One sentence; none where nothing was compared or nothing came of it.
    """
    if lips is None or lips.answer is None or lips.answer == "unclear":
        return ()
    where = f"between {clock(lips.start_s)} and {clock(lips.end_s)}"
    claim = {
        "follow": f"the lips follow the sound {where}",
        "shifted": f"the lips follow the sound {where}, but {_lag(lips.offset_ms or 0)}",
        "apart": f"the lips do not follow the sound {where}; dubbing, a bad cut, a speaker out of view or a forgery "
        "can cause this",
    }
    return (f"Beside the verdict: {claim[lips.answer]}.",)


def still_sentence(report: ScanReport) -> tuple[str, ...]:
    """Name the clip as the better witness where a picture whose faces look forged may be a frame of one.

    Args:
        report: The report as it is.

    Returns:
        One sentence about a picture of the shape of a video frame that names no camera and no generator; else none.
    """
    media, origin = report.media, report.provenance
    alarmed = any(entry.modality == "face" and _alarming(entry) for entry in report.evidence)
    sides = sorted((media.width_px, media.height_px))
    like_a_frame = abs(sides[1] * 9 - sides[0] * 16) <= _ROUNDING
    named = origin.conclusive or origin.generator or any(trace.name.lower() in _CAMERA for trace in origin.traces)
    if media.kind != "image" or report.verdict != "likely_fake" or not alarmed or not like_a_frame or named:
        return ()
    return (
        "The picture has the shape of a video frame (16:9), and no camera is named in it. If it is a still of a clip, "
        "scan the clip: genuine stills raise more false alarms than photographs.",
    )


def _lag(offset_ms: int) -> str:
    return f"about {abs(offset_ms)} ms {'late' if offset_ms > 0 else 'early'}"


def _importance(entry: Evidence) -> tuple[bool, float]:
    """What counts comes first, the most suspicious before the others."""
    return (entry.weight == 0, -(entry.p_fake or -1.0))


def _heard(voices: Sequence[Voice]) -> list[str]:
    """Say where synthetic speech is likely, and whose voice it is."""
    found = []
    for voice in voices:
        spans = sorted(voice.spans, key=lambda span: -span.p_fake)[:_MOST_SPANS]
        where = ", ".join(_between(span) for span in sorted(spans, key=lambda span: span.start_s))
        who = f" in voice {voice.id + 1} of {len(voices)}" if len(voices) > 1 else ""
        found += [f"Synthetic speech is likely{who} {where}."] if where else []
    return found


def _between(span: Span) -> str:
    return f"between {clock(span.start_s)} and {clock(span.end_s)} ({span.p_fake:.0%})"


def clock(seconds: float) -> str:
    """Minutes and seconds, for example ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _doubt(coverage: float, evidence: Sequence[Evidence]) -> str:
    """Say why there is no clear verdict."""
    if all(entry.p_fake is None for entry in evidence):
        return "Nothing in this file could be judged, so there is no probability."
    if coverage < LEAST_COVERAGE:
        return f"Only {coverage:.0%} of the file could be judged, too little to call it genuine."
    if all(_calm(entry) for entry in evidence):
        return "What could be judged looks genuine, but that does not clear the rest."
    if any(_alarming(entry) for entry in evidence):
        return "One part raises suspicion, but taken together the evidence stays below the upper threshold."
    return "The evidence lies between the two thresholds; look for other sources before you decide."


def _alarming(entry: Evidence) -> bool:
    return entry.p_fake is not None and entry.p_fake >= entry.likely_fake_above


def _calm(entry: Evidence) -> bool:
    return entry.p_fake is None or entry.p_fake < entry.likely_real_below


def _sentence(entry: Evidence) -> str:
    if entry.p_fake is not None and entry.detail.endswith("."):
        return entry.detail
    what = _WHAT[entry.modality] if entry.p_fake is None else entry.detail or _WHAT[entry.modality]
    if entry.p_fake is None:
        why = _WHY[entry.abstained] if entry.abstained else "there is nothing to judge"
        detail = f" ({entry.detail})" if entry.detail else ""
        return f"{what.capitalize()} could not be judged: {why}{detail}."
    unit = {"audio": "window", "image": "view"}.get(entry.modality, "face")
    units = f"{entry.units} {unit}{'' if entry.units == 1 else 's'}"
    if entry.p_fake >= entry.likely_fake_above:
        claim = _ALARM.get(entry.modality, "look forged")
    elif entry.p_fake < entry.likely_real_below:
        claim = _CALM.get(entry.modality, "show no sign of forgery")
    else:
        return f"{entry.detector} is undecided about {what} ({entry.p_fake:.0%} from {units})."
    return f"{what.capitalize()} {claim} to {entry.detector} ({entry.p_fake:.0%} from {units})."
