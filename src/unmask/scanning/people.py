"""From scored faces to people, and from people to the evidence of the pictures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unmask.core.evidence import Abstention, Evidence, Person, Reason, Score, Span, TimelinePoint
from unmask.core.records import Track
from unmask.detectors.face_frame import FaceFrameDetector
from unmask.faces.exchange import CLEAR, Exchange
from unmask.fusion.calibrate import log_odds, medium_interval, medium_probability, unit_probability
from unmask.fusion.decide import any_forged, decide
from unmask.fusion.passages import hint, outstanding
from unmask.fusion.pool import pooled_logit, spread
from unmask.models.card import Calibration
from unmask.scanning.kit import Kit
from unmask.scanning.sight import Sighting
from unmask.scanning.summary import clock
from unmask.scanning.wear import out_of_reach, review, shifts

_FEW_FRAMES = 8
_EXCHANGE_SLOPE = 8.0
"""Log-odds that a medium gains per cosine by which an exchange of faces exceeds `CLEAR`; set by hand."""
_SUREST = 0.95
"""No exchange was claimed in 172 genuine clips, so that up to one in sixty may be wrong: more is not known."""
_OTHER_FACE = (
    "the face is another person's than in the rest of the shot, while the picture around it goes on: "
    "a swap, or a hidden cut."
)
_FEWEST_POINTS = 12
_MOST_POINTS = 400
"""More are averaged in groups before passages are looked for, whose time grows with the square of their number."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """A passage of a person's faces, with the logit that a whole clip as suspicious would have.

    It is judged by how far the detector's answers stand out, or by whose face it shows (`exchanged`).
    """

    start_s: float
    end_s: float
    logit: float
    exchanged: bool = False


def face_evidence(seen: Sighting, detector: str, card: Calibration) -> tuple[Evidence, tuple[Person, ...]]:
    """Judge each person, then the medium.

    In a clip, a person with a single scored face is listed but does not count, since one frame can mislead. A person is
    judged by all faces together, or by a passage that stands out from the rest or shows another person's face
    (`unmask.faces.exchange`), whichever is more suspicious.

    Args:
        seen: What was seen.
        detector: Name of the face model.
        card: Its calibration.

    Returns:
        The evidence and the people.
    """
    logits = _counted(seen)
    apart = _passages(seen, card)
    people = tuple(_person(seen, track, card, apart.get(track.id)) for track in seen.tracks)
    counted = [person for person in people if person.id in logits]
    coverage = seen.frames_scored / max(seen.frames, seen.expected, 1)
    common = {
        "detector": detector,
        "modality": "face",
        "coverage": coverage,
        "units": len(seen.faces) + sum(len(found) for found in seen.closer.values()),
        "likely_real_below": card.likely_real_below,
        "likely_fake_above": card.likely_fake_above,
    }
    if not counted:
        return Evidence(p_fake=None, interval=None, **_abstained(seen), **common), people  # type: ignore[arg-type]
    p_fake = any_forged([person.p_fake for person in counted if person.p_fake is not None])
    deciding = _deciding(seen, apart)
    ends = [medium_interval(deciding[person.id], spread(logits[person.id]), card) for person in counted]
    interval = (any_forged([low for low, _ in ends]), any_forged([high for _, high in ends]))
    detail = _where([apart[person.id] for person in counted if person.id in apart])
    return Evidence(p_fake=p_fake, interval=interval, abstained=None, detail=detail, **common), people  # type: ignore[arg-type]


def reviewed(
    seen: Sighting, found: Evidence, people: tuple[Person, ...], kit: Kit
) -> tuple[Evidence, tuple[Person, ...]]:
    """Ask a firm answer again after mild wear; see `unmask.scanning.wear`.

    Args:
        seen: What was seen.
        found: Evidence of the faces.
        people: Whom it concerns.
        kit: Open models.

    Returns:
        Evidence and people; those whose answer does not hold abstain.
    """
    detector = kit.face if seen.worn else None
    firm = decide(found.p_fake, found.coverage, [found]) != "inconclusive"
    card = kit.face_calibration
    answers = [p for p in (found.p_fake, *(person.p_fake for person in people)) if p is not None]
    if not firm or not isinstance(detector, FaceFrameDetector) or out_of_reach(answers, card):
        return found, people
    start = time.perf_counter()
    apart = _passages(seen, card)
    logits = {person: [logit] for person, logit in _deciding(seen, apart).items()}
    worn = {
        track.id: [seen.worn[place] for place in track.members if place in seen.worn and not _exchanged(track, apart)]
        for track in seen.tracks
    }
    moved = {person: shifts(worn[person], detector.score) for person in logits}
    seen.seconds["detect"] += time.perf_counter() - start
    return review(found, people, logits, moved, card)


def face_timeline(seen: Sighting, card: Calibration) -> list[TimelinePoint]:
    """One point for each scored face, in order of time."""
    points = [(time_s, track.id, logit) for track in seen.tracks for time_s, logit in _points(seen, track)]
    return [TimelinePoint(time_s, unit_probability(logit, card), "face", one) for time_s, one, logit in sorted(points)]


def doubtful_stretch(seen: Sighting, card: Calibration) -> tuple[float, float] | None:
    """Where a second look may find a passage that the first one only brushed.

    Args:
        seen: The first look at a clip.
        card: The detector's calibration.

    Returns:
        Begin and end in seconds; None where nobody's faces stand out for a moment.
    """
    if card.contrast is None:
        return None
    found = []
    for track in seen.tracks:
        points = _points(seen, track)
        values = np.array([logit for _, logit in points])
        around = hint(values, contrast=card.contrast) if values.size >= _FEWEST_POINTS else None
        if around:
            found.append((float(values.max() - np.median(values)), points[around[0]][0], points[around[1]][0]))
    return max(found)[1:] if found else None


def spans(points: Sequence[tuple[float, float]], threshold: float) -> tuple[Span, ...]:
    """Find stretches where the running median of three probabilities reaches a threshold.

    Args:
        points: (time, probability), in order of time.
        threshold: In [0, 1].

    Returns:
        One span for each run of such points; a run of one point is a span of no length.
    """
    values = np.array([p for _, p in points])
    if values.size >= 3:
        padded = np.pad(values, 1, mode="edge")
        values = np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    found: list[Span] = []
    start: int | None = None
    for place in range(values.size + 1):
        hot = place < values.size and values[place] >= threshold
        if hot and start is None:
            start = place
        elif not hot and start is not None:
            inside = points[start:place]
            found.append(Span(inside[0][0], inside[-1][0], max(p for _, p in inside)))
            start = None
    return tuple(found)


def _counted(seen: Sighting) -> dict[int, list[float]]:
    """Logits of the people who count, by person."""
    least = 2 if seen.frames >= _FEW_FRAMES else 1
    logits = {track.id: _logits(seen, track.members) for track in seen.tracks}
    return {person: own for person, own in logits.items() if len(own) >= least}


def _logits(seen: Sighting, members: Sequence[int]) -> list[float]:
    return [answer.logit for answer in (seen.answers[member] for member in members) if isinstance(answer, Score)]


def _points(seen: Sighting, track: Track) -> list[tuple[float, float]]:
    """Times and logits of a person, of both looks, in order of time."""
    first = [(seen.faces[member].time_s, seen.answers[member]) for member in track.members]
    scored = [(time_s, answer.logit) for time_s, answer in first if isinstance(answer, Score)]
    return sorted([*scored, *seen.closer.get(track.id, [])])


def _passages(seen: Sighting, card: Calibration) -> dict[int, _Apart]:
    """By person, the passage that is more suspicious than all of that person's faces together."""
    limit = (log_odds(card.likely_fake_above) - card.medium_offset) / card.medium_slope
    apart = {}
    for person, other in seen.exchanged.items():
        whole = _counted(seen).get(person)
        logit = max(_logit_of(other, card), pooled_logit(whole) if whole else -np.inf)
        apart[person] = _Apart(other.begin_s, other.end_s, logit, exchanged=True)
    if card.contrast is None:
        return apart
    for track in seen.tracks:
        points = _points(seen, track)
        whole = _logits(seen, track.members)
        if len(points) < _FEWEST_POINTS or not whole:
            continue
        step = -(-len(points) // _MOST_POINTS)
        logits = np.array([logit for _, logit in points])
        found = outstanding(np.array([logits[place : place + step].mean() for place in range(0, logits.size, step)]))
        if found is None or found.contrast < card.contrast:
            continue
        logit = limit + found.contrast - card.contrast
        if logit > max(pooled_logit(whole), apart[track.id].logit if track.id in apart else -np.inf):
            begin_s, end_s = points[found.begin * step][0], points[min(found.end * step, len(points)) - 1][0]
            apart[track.id] = _Apart(begin_s, end_s, logit)
    return apart


def _logit_of(found: Exchange, card: Calibration) -> float:
    """The raw logit of an exchange: at the upper threshold or beyond it, but never surer than few clips can tell."""
    least = log_odds(card.likely_fake_above)
    odds = min(least + _EXCHANGE_SLOPE * (found.contrast - CLEAR), max(log_odds(_SUREST), least))
    return (odds - card.medium_offset) / card.medium_slope


def _exchanged(track: Track, apart: Mapping[int, _Apart]) -> bool:
    """Whether a person is judged by whose face it is, which wear does not touch."""
    return track.id in apart and apart[track.id].exchanged


def _deciding(seen: Sighting, apart: Mapping[int, _Apart]) -> dict[int, float]:
    """The logit by which each person who counts is judged: of a passage, or else of all faces."""
    counted = _counted(seen)
    return {person: apart[person].logit if person in apart else pooled_logit(own) for person, own in counted.items()}


def _where(apart: Sequence[_Apart]) -> str:
    """Name passages; empty where there is none. What is told by whose face it is, is a sentence of its own."""
    stretches = [(one.exchanged, f"between {clock(one.start_s)} and {clock(one.end_s)}") for one in apart]
    exchanged = ", ".join(stretch for told, stretch in stretches if told)
    if exchanged:
        return f"{exchanged.capitalize()} {_OTHER_FACE}"
    return f"the faces {', '.join(stretch for _, stretch in stretches)}" if stretches else ""


def _person(seen: Sighting, track: Track, card: Calibration, passage: _Apart | None) -> Person:
    number, members = track.id, track.members
    logits = _logits(seen, members)
    coverage = len(logits) / len(members)
    if not logits:
        reasons = Counter(
            answer.reason for answer in (seen.answers[member] for member in members) if isinstance(answer, Abstention)
        )
        return Person(number, None, 0.0, len(members), abstained=reasons.most_common(1)[0][0])
    points = [(time_s, unit_probability(logit, card)) for time_s, logit in _points(seen, track)]
    hot = spans(points, card.likely_fake_above) if seen.frames > 1 else ()
    logit = passage.logit if passage else pooled_logit(logits)
    if passage:
        begin, end = passage.start_s, passage.end_s
        named = Span(begin, end, medium_probability(logit, card))
        hot = (*(span for span in hot if span.end_s < begin), named, *(span for span in hot if span.start_s > end))
    return Person(number, medium_probability(logit, card), coverage, len(members), spans=hot)


def _abstained(seen: Sighting) -> dict[str, str]:
    """Reason and detail of an evidence without an answer."""
    refusals = [answer for answer in seen.answers if isinstance(answer, Abstention)]
    if refusals:
        reason: Reason = Counter(refusal.reason for refusal in refusals).most_common(1)[0][0]
        detail = next(refusal.detail for refusal in refusals if refusal.reason == reason)
        return {"abstained": reason, "detail": detail}
    if seen.answers:
        return {"abstained": "too_short", "detail": "each face was seen in a single frame only"}
    return {"abstained": "no_face", "detail": f"none in {seen.frames} frame{'' if seen.frames == 1 else 's'}"}
