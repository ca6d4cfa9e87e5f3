"""The timeline: one lane of SVG per person and one for sound, all over the same axis of time.

`templates/timeline.html`, `.css` and `.js` are the component; the self-contained report and the web page share them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from unmask.core.evidence import Modality, ScanReport, Span, TimelinePoint
from unmask.report.drawing.lane import lane, thinned
from unmask.report.gauge import thresholds
from unmask.report.words import clock, lane_name, percent

MOST_ROWS = 400
MOST_PEAKS = 12
LEAD_S = 0.5
NO_THUMBNAILS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Group:
    """The scored moments of one lane.

    Attributes:
        title: Who or what was looked at.
        note: One short line about it; may be empty.
        person: Person id for faces, None for sound.
        points: At least one.
        limits: Thresholds ``(likely_real_below, likely_fake_above)``.
        spans: Suspicious stretches.
    """

    title: str
    note: str
    person: int | None
    points: tuple[TimelinePoint, ...]
    limits: tuple[float, float] | None
    spans: tuple[Span, ...]

    @property
    def highest(self) -> TimelinePoint:
        """The most suspicious moment."""
        return max(self.points, key=lambda point: point.p_fake)


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane, ready for the page.

    Attributes:
        title: Who or what was looked at.
        note: One short line under the title; may be empty.
        svg: The drawing.
        points: The same moments as JSON, ``[[t_s, p_fake], ...]``, for the reader's position.
        person: Person id for faces, None for sound.
        thumbnail: The person's picture as a data URI; None without one.
    """

    title: str
    note: str
    svg: Markup
    points: str
    person: int | None = None
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True)
class Peak:
    """Something that stood out, as a place to jump to.

    Attributes:
        go_s: Where to jump to.
        words: What stands there.
    """

    go_s: float
    words: str


def length_s(report: ScanReport) -> float:
    """Give the length of the axis: the longest of file, sound and scored moments; 0 for a picture."""
    if report.media.kind == "image":
        return 0.0
    sound = 0.0 if report.sound is None else report.sound.duration_s
    return max([report.media.duration_s, sound, *(point.t_s for point in report.timeline)])


def lanes(report: ScanReport, thumbnails: Mapping[int, str] = NO_THUMBNAILS) -> list[Lane]:
    """Draw every lane that has scored moments, people first, sound last.

    Args:
        report: What was concluded.
        thumbnails: Pictures of people by id, as data URIs.

    Returns:
        Lanes over an axis of `length_s`; empty for pictures.
    """
    duration_s = length_s(report)
    if duration_s <= 0.0:
        return []
    drawn = []
    for group in groups(report):
        curve = thinned(group.points, duration_s)
        drawn.append(
            Lane(
                title=group.title,
                note=group.note,
                svg=lane(_spoken(group), curve, duration_s, group.limits, group.spans),
                points=json.dumps([[round(t_s, 3), round(mean, 4)] for t_s, mean, _, _ in curve]),
                person=group.person,
                thumbnail=None if group.person is None else thumbnails.get(group.person),
            )
        )
    return drawn


def groups(report: ScanReport) -> list[Group]:
    """Sort the scored moments into lanes, in the order in which the lanes stand."""
    found: dict[tuple[Modality, int | None], list[TimelinePoint]] = {}
    for point in report.timeline:
        found.setdefault((point.modality, point.person), []).append(point)
    order = {"face": 0, "image": 1, "sync": 2, "audio": 3}
    keys = sorted(found, key=lambda key: (order[key[0]], -1 if key[1] is None else key[1]))
    return [_group(report, key, found[key]) for key in keys]


def _group(report: ScanReport, key: tuple[Modality, int | None], points: list[TimelinePoint]) -> Group:
    modality, number = key
    seen = next((person for person in report.people if modality == "face" and person.id == number), None)
    heard = next((voice for voice in report.voices if modality == "audio" and voice.id == (number or 0)), None)
    who = seen or heard
    return Group(
        title=lane_name(modality, number),
        note="" if who is None or number is None else _note(who.p_fake),
        person=number if modality == "face" else None,
        points=tuple(points),
        limits=thresholds(report.evidence, modality),
        spans=who.spans if who else (),
    )


def peaks(report: ScanReport) -> list[Peak]:
    """List what stood out: suspicious stretches of people, and the highest moment of every other suspicious lane.

    Args:
        report: What was concluded.

    Returns:
        At most `MOST_PEAKS`, the highest, in order of time.
    """
    found: list[tuple[float, Peak]] = []
    for group in groups(report):
        highest = group.highest
        if group.spans:
            found += [(span.p_fake, _stretch(group.title, span)) for span in group.spans]
        elif group.limits is not None and highest.p_fake > group.limits[1]:
            words = f"{group.title}: {percent(highest.p_fake)} at {clock(highest.t_s)}"
            found.append((highest.p_fake, Peak(highest.t_s, words)))
    found.sort(key=lambda entry: -entry[0])
    return sorted((peak for _, peak in found[:MOST_PEAKS]), key=lambda peak: peak.go_s)


def _stretch(title: str, span: Span) -> Peak:
    """Start a moment early, so that a player does not begin in the middle of it."""
    words = f"{title}: {clock(span.start_s)} to {clock(span.end_s)}, up to {percent(span.p_fake)}"
    return Peak(max(span.start_s - LEAD_S, 0.0), words)


def _note(p_fake: float | None) -> str:
    return "could not be judged" if p_fake is None else f"overall {percent(p_fake)}"


def _spoken(group: Group) -> str:
    return (
        f"{group.title}: probability of forgery over time, {len(group.points)} moments, "
        f"highest {percent(group.highest.p_fake)} at {clock(group.highest.t_s)}."
    )


def table(report: ScanReport) -> tuple[list[tuple[str, str, str]], int]:
    """List the scored moments in words, for readers who cannot use the drawing.

    Args:
        report: What was concluded.

    Returns:
        Rows ``(time, who or what, probability)``, at most `MOST_ROWS` of them: where there are more, those with the
        highest probability, in order of time; and the number of moments in all.
    """
    points = sorted(report.timeline, key=lambda point: -point.p_fake)[:MOST_ROWS]
    rows = [
        (
            clock(point.t_s),
            lane_name(point.modality, point.person),
            percent(point.p_fake),
        )
        for point in sorted(points, key=lambda point: point.t_s)
    ]
    return rows, len(report.timeline)
