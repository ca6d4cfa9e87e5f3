"""The timeline: one lane of SVG per person and one for sound, all over the same axis of time.

Places along time are percentages, so that lines stretch with the page while letters and strokes keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from unmask.core.evidence import Modality, Person, ScanReport, Span, TimelinePoint
from unmask.report.gauge import thresholds
from unmask.report.words import MODALITIES, clock, percent, person_name

PLOT_TOP, PLOT_HEIGHT = 8, 84
LANE_HEIGHT = PLOT_TOP + PLOT_HEIGHT + 8
MOST_POINTS = 300
MOST_DOTS = 90
MOST_ROWS = 400
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
MOST_TICKS = 6

Curve = list[tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane, ready for the page.

    Attributes:
        title: Who or what was looked at.
        note: One short line under the title; may be empty.
        svg: The drawing.
    """

    title: str
    note: str
    svg: Markup


def length_s(report: ScanReport) -> float:
    """Give the length of the axis: the longest of file, sound and scored moments; 0 for a picture."""
    if report.media.kind == "image":
        return 0.0
    sound = 0.0 if report.sound is None else report.sound.duration_s
    return max([report.media.duration_s, sound, *(point.t_s for point in report.timeline)])


def lanes(report: ScanReport) -> list[Lane]:
    """Draw every lane that has scored moments, people first, sound last.

    Args:
        report: What was concluded.

    Returns:
        Lanes over an axis of `length_s`; empty for pictures.
    """
    duration_s = length_s(report)
    if duration_s <= 0.0:
        return []
    groups: dict[tuple[Modality, int | None], list[TimelinePoint]] = {}
    for point in report.timeline:
        groups.setdefault((point.modality, point.person), []).append(point)
    people = {person.id: person for person in report.people}
    order = {"face": 0, "image": 1, "sync": 2, "audio": 3}
    drawn = []
    for modality, person in sorted(groups, key=lambda key: (order[key[0]], -1 if key[1] is None else key[1])):
        who = None if person is None else people.get(person)
        title = MODALITIES[modality] if person is None else person_name(person)
        limits = thresholds(report.evidence, modality)
        points = groups[modality, person]
        svg = _lane(title, points, duration_s, limits, () if who is None else who.spans)
        drawn.append(Lane(title, _note(who), svg))
    return drawn


def _note(person: Person | None) -> str:
    if person is None:
        return ""
    return "could not be judged" if person.p_fake is None else f"overall {percent(person.p_fake)}"


def _lane(
    title: str,
    points: Sequence[TimelinePoint],
    duration_s: float,
    limits: tuple[float, float] | None,
    spans: Sequence[Span],
) -> Markup:
    curve = thinned(points, duration_s)
    highest = max(points, key=lambda point: point.p_fake)
    spoken = (
        f"{title}: probability of forgery over time, {len(points)} moments, "
        f"highest {percent(highest.p_fake)} at {clock(highest.t_s)}."
    )
    parts = [
        _ground(limits),
        *(_span(span, duration_s) for span in spans),
        _curve(curve, duration_s),
        *_dots(curve, duration_s),
        _limit_words(limits),
    ]
    return Markup('<svg class="lane-plot" role="img" aria-label="{}" width="100%" height="{}">{}</svg>').format(
        spoken, LANE_HEIGHT, Markup("").join(parts)
    )


def thinned(points: Sequence[TimelinePoint], duration_s: float) -> Curve:
    """Order moments and, where there are too many to draw, merge neighbours.

    Args:
        points: Scored moments of one lane.
        duration_s: Length of the axis.

    Returns:
        At most `MOST_POINTS` entries ``(time, mean, lowest, highest)``.
    """
    ordered = sorted(points, key=lambda point: point.t_s)
    if len(ordered) <= MOST_POINTS:
        return [(point.t_s, point.p_fake, point.p_fake, point.p_fake) for point in ordered]
    bins: dict[int, list[TimelinePoint]] = {}
    for point in ordered:
        place = min(int(MOST_POINTS * max(point.t_s, 0.0) / duration_s), MOST_POINTS - 1)
        bins.setdefault(place, []).append(point)
    merged: Curve = []
    for members in bins.values():
        chances = [point.p_fake for point in members]
        middle = sum(point.t_s for point in members) / len(members)
        merged.append((middle, sum(chances) / len(chances), min(chances), max(chances)))
    return merged


def _x(t_s: float, duration_s: float) -> float:
    return min(max(100.0 * t_s / duration_s, 0.0), 100.0)


def _y(p_fake: float) -> float:
    return PLOT_TOP + PLOT_HEIGHT * (1.0 - p_fake)


def _ground(limits: tuple[float, float] | None) -> Markup:
    """Draw the ground of a lane and the dashed thresholds."""
    ground = Markup('<rect class="plot" x="0" y="{}" width="100%" height="{}"/>').format(PLOT_TOP, PLOT_HEIGHT)
    line = Markup('<line class="limit" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
    return ground + Markup("").join(line.format(y=_y(limit)) for limit in limits or ())


def _limit_words(limits: tuple[float, float] | None) -> Markup:
    """Write the thresholds at their height, to the right of the plot."""
    if limits is None:
        return Markup("")
    low, high = limits
    apart = max(0.0, 7.0 - PLOT_HEIGHT * (high - low) / 2.0)
    text = Markup('<text class="limit-text" x="100%" dx="6" y="{y:.1f}">{words}</text>')
    upper = text.format(y=_y(high) + 4 - apart, words=percent(high))
    return upper + text.format(y=_y(low) + 4 + apart, words=percent(low))


def _span(span: Span, duration_s: float) -> Markup:
    """Shade a suspicious stretch, with a bar along the bottom so that colour is not the only sign."""
    start, end = _x(span.start_s, duration_s), _x(span.end_s, duration_s)
    words = f"Suspicious from {clock(span.start_s)} to {clock(span.end_s)}, up to {percent(span.p_fake)}"
    return Markup(
        '<g><title>{words}</title><rect class="span" x="{x:.2f}%" y="{top}" width="{width:.2f}%" height="{height}"/>'
        '<rect class="span-bar" x="{x:.2f}%" y="{bottom}" width="{width:.2f}%" height="4"/></g>'
    ).format(
        words=words,
        x=start,
        width=max(end - start, 0.4),
        top=PLOT_TOP,
        height=PLOT_HEIGHT,
        bottom=PLOT_TOP + PLOT_HEIGHT,
    )


def _pieces(curve: Curve) -> list[Curve]:
    """Cut a curve where nothing was scored for much longer than usual."""
    if len(curve) < 3:
        return [curve]
    times = np.asarray([entry[0] for entry in curve])
    gaps = np.diff(times)
    cuts = np.flatnonzero(gaps > 3.0 * max(float(np.median(gaps)), 1e-6)) + 1
    return [curve[start:end] for start, end in zip([0, *cuts], [*cuts, len(curve)], strict=True)]


def _curve(curve: Curve, duration_s: float) -> Markup:
    """Draw the line of means and, around merged moments, the band from lowest to highest."""
    paths = []
    for piece in _pieces(curve):
        places = [(10 * _x(t, duration_s), 100 * (1 - mean)) for t, mean, _, _ in piece]
        band = [(10 * _x(t, duration_s), 100 * (1 - high)) for t, _, _, high in piece]
        band += [(10 * _x(t, duration_s), 100 * (1 - low)) for t, _, low, _ in reversed(piece)]
        if any(high > low for _, _, low, high in piece):
            paths.append(Markup('<path class="band" d="{}Z"/>').format(_path(band)))
        paths.append(Markup('<path class="curve" d="{}"/>').format(_path(places)))
    return Markup(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 1000 100" preserveAspectRatio="none">{}</svg>'
    ).format(PLOT_TOP, PLOT_HEIGHT, Markup("").join(paths))


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _dots(curve: Curve, duration_s: float) -> list[Markup]:
    """Draw a dot per moment, with its value as a tooltip, unless they would run together."""
    if len(curve) > MOST_DOTS:
        return []
    dot = Markup('<circle class="dot" cx="{:.2f}%" cy="{:.1f}" r="2.6"><title>{}: {}</title></circle>')
    return [dot.format(_x(t, duration_s), _y(mean), clock(t), percent(mean)) for t, mean, _, _ in curve]


def axis(duration_s: float) -> Markup:
    """Draw the axis of time with at most `MOST_TICKS` labels."""
    step = next((one for one in STEPS_S if duration_s / one < MOST_TICKS), duration_s / MOST_TICKS)
    tick = Markup(
        '<line class="tick" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="5"/>'
        '<text class="tick-text" x="{x:.2f}%" y="18" text-anchor="{anchor}">{text}</text>'
    )
    ticks = []
    for number in range(int(duration_s / step + 1e-9) + 1):
        place = _x(number * step, duration_s)
        anchor = "start" if number == 0 else "end" if place > 95 else "middle"
        ticks.append(tick.format(x=place, anchor=anchor, text=clock(number * step, fine=step < 1)))
    line = Markup('<line class="tick" x1="0" x2="100%" y1="0.5" y2="0.5"/>')
    return Markup('<svg class="axis" aria-hidden="true" width="100%" height="24">{}{}</svg>').format(
        line, Markup("").join(ticks)
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
            MODALITIES[point.modality] if point.person is None else person_name(point.person),
            percent(point.p_fake),
        )
        for point in sorted(points, key=lambda point: point.t_s)
    ]
    return rows, len(report.timeline)
