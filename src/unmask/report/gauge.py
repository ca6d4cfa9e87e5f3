"""The gauge: the probability on a line from genuine to forged, with interval, thresholds and the band between."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from unmask.core.evidence import Evidence, Modality, ScanReport
from unmask.core.thresholds import held_against
from unmask.report.words import interval, percent

BAR_TOP, BAR_HEIGHT = 34, 22
HEIGHT = 84


def thresholds(evidence: Iterable[Evidence], modality: Modality | None = None) -> tuple[float, float] | None:
    """Find the thresholds that a verdict was held against; see `unmask.core.thresholds`.

    Args:
        evidence: One entry per detector.
        modality: Only look at detectors of this modality; None for all.

    Returns:
        ``(likely_real_below, likely_fake_above)``; None if no detector answered or none has thresholds. A whole
        picture without weight did not count beside its faces, and does not here.
    """
    answered = [one for one in evidence if one.abstained is None and modality in (None, one.modality)]
    known = [one for one in answered if one.likely_real_below > 0.0 or one.likely_fake_above < 1.0]
    if not known:
        return None
    return held_against([one for one in known if one.weight > 0.0 or one.modality != "image"] or known)


def gauge(report: ScanReport) -> Markup | None:
    """Draw the gauge as SVG; None when there is no probability to show."""
    if report.p_fake is None:
        return None
    limits = thresholds(report.evidence)
    parts = [_track(limits), *_interval(report.interval), _needle(report.p_fake), _ends(limits)]
    spoken = f"Probability of forgery {percent(report.p_fake)}, 90% interval {interval(report.interval)}."
    if limits is not None:
        spoken += f" Below {percent(limits[0])} counts as likely genuine, above {percent(limits[1])} as likely forged."
    return Markup('<svg class="gauge" role="img" aria-label="{}" width="100%" height="{}">{}</svg>').format(
        spoken, HEIGHT, Markup("").join(parts)
    )


def _box(start: float, end: float, kind: str) -> Markup:
    return Markup('<rect class="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>').format(
        kind, 100 * start, BAR_TOP, 100 * max(end - start, 0.0), BAR_HEIGHT
    )


def _track(limits: tuple[float, float] | None) -> Markup:
    """Draw the three zones and the marks of the thresholds."""
    if limits is None:
        return _box(0.0, 1.0, "zone-unknown")
    low, high = limits
    hatch = Markup(
        '<defs><pattern id="gauge-hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>'
    )
    zones = (_box(0.0, low, "zone-real"), _box(low, high, "zone-unknown"), _box(high, 1.0, "zone-fake"))
    between = Markup('<rect fill="url(#gauge-hatch)" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>').format(
        100 * low, BAR_TOP, 100 * max(high - low, 0.0), BAR_HEIGHT
    )
    crowded = high - low < 0.12
    marks = (_mark(low, "end" if crowded else None), _mark(high, "start" if crowded else None))
    return hatch + Markup("").join(zones) + between + Markup("").join(marks)


def _anchor(place: float, near: float) -> str:
    if place < near:
        return "start"
    return "end" if place > 1.0 - near else "middle"


def _mark(place: float, anchor: str | None) -> Markup:
    """Draw a threshold: a tick through the bar with its value below."""
    bottom = BAR_TOP + BAR_HEIGHT
    return Markup(
        '<line class="mark" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top}" y2="{bottom}"/>'
        '<text class="mark-text" x="{x:.2f}%" y="{text}" text-anchor="{anchor}">{value}</text>'
    ).format(
        x=100 * place,
        top=BAR_TOP - 4,
        bottom=bottom + 5,
        text=bottom + 19,
        anchor=anchor or _anchor(place, 0.04),
        value=percent(place),
    )


def _interval(bounds: tuple[float, float] | None) -> tuple[Markup, ...]:
    """Draw the interval: a thick line with end caps through the middle of the bar."""
    if bounds is None:
        return ()
    middle = BAR_TOP + BAR_HEIGHT / 2
    caps = Markup('<line class="spread" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top}" y2="{bottom}"/>')
    low, high = (100 * bound for bound in bounds)
    line = Markup('<line class="spread" x1="{:.2f}%" x2="{:.2f}%" y1="{y}" y2="{y}"/>').format(low, high, y=middle)
    return (line, *(caps.format(x=place, top=middle - 6, bottom=middle + 6) for place in (low, high)))


def _needle(p_fake: float) -> Markup:
    """Draw the probability: a pin on the bar with its value above."""
    return Markup(
        '<svg class="pin" x="{x:.2f}%" y="{y}" width="1" height="1">'
        '<path d="M-7,-9 L7,-9 L0,0 Z"/><circle r="4.5" cx="0" cy="{centre}"/></svg>'
        '<text class="pin-text" x="{x:.2f}%" y="18" text-anchor="{anchor}">{value}</text>'
    ).format(
        x=100 * p_fake,
        y=BAR_TOP - 2,
        centre=BAR_HEIGHT / 2 + 2,
        anchor=_anchor(p_fake, 0.08),
        value=percent(p_fake),
    )


def _ends(limits: tuple[float, float] | None) -> Markup:
    """Name the ends of the bar, unless the value of a threshold stands there."""
    bottom = BAR_TOP + BAR_HEIGHT + 19
    low, high = limits or (1.0, 0.0)
    left = Markup('<text class="end-text" x="0" y="{}">genuine</text>').format(bottom)
    right = Markup('<text class="end-text" x="100%" y="{}" text-anchor="end">forged</text>').format(bottom)
    return (left if low >= 0.2 else Markup("")) + (right if high <= 0.82 else Markup(""))
