"""One lane of the timeline as SVG: curve, dots, thresholds and suspicious stretches; and the axis below all lanes.

Places along time are percentages, so that lines stretch with the page while letters and strokes keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from unmask.core.evidence import Span, TimelinePoint
from unmask.report.words import clock, percent

PLOT_TOP, PLOT_HEIGHT = 8, 84
LANE_HEIGHT = PLOT_TOP + PLOT_HEIGHT + 8
MOST_POINTS = 300
MOST_DOTS = 90
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
MOST_TICKS = 6

Curve = list[tuple[float, float, float, float]]


def lane(
    spoken: str, curve: Curve, duration_s: float, limits: tuple[float, float] | None, spans: Sequence[Span]
) -> Markup:
    """Draw one lane.

    Args:
        spoken: What it shows, for screen readers.
        curve: Moments, as `thinned` returns them.
        duration_s: Length of the axis.
        limits: Thresholds ``(likely_real_below, likely_fake_above)``.
        spans: Suspicious stretches.

    Returns:
        SVG as wide as the page allows.
    """
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


def pieces(curve: Curve) -> list[Curve]:
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
    for piece in pieces(curve):
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


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Choose at most `MOST_TICKS` round moments for an axis, and one at its begin; with their labels."""
    step = next((one for one in STEPS_S if duration_s / one < MOST_TICKS), duration_s / MOST_TICKS)
    moments = (number * step for number in range(int(duration_s / step + 1e-9) + 1))
    return [(t_s, clock(t_s, fine=step < 1)) for t_s in moments]


def axis(duration_s: float) -> Markup:
    """Draw the axis of time with its labels."""
    tick = Markup(
        '<line class="tick" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="5"/>'
        '<text class="tick-text" x="{x:.2f}%" y="18" text-anchor="{anchor}">{text}</text>'
    )
    drawn = []
    for t_s, text in ticks(duration_s):
        place = _x(t_s, duration_s)
        anchor = "start" if place == 0 else "end" if place > 95 else "middle"
        drawn.append(tick.format(x=place, anchor=anchor, text=text))
    line = Markup('<line class="tick" x1="0" x2="100%" y1="0.5" y2="0.5"/>')
    return Markup('<svg class="axis" aria-hidden="true" width="100%" height="24">{}{}</svg>').format(
        line, Markup("").join(drawn)
    )
