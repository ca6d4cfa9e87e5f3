"""What stands on the page of one medium: the report in plain words, section by section."""

from __future__ import annotations

from typing import Any

from unmask.core.evidence import Evidence, ModelUsed, Person, ScanReport
from unmask.core.records import MediaInfo
from unmask.report import lips, timeline
from unmask.report.drawing import sound
from unmask.report.drawing.lane import axis
from unmask.report.figures import figures, level, thumbnails
from unmask.report.gauge import gauge, thresholds
from unmask.report.overlay import heat_legend_uri, jpeg_uri
from unmask.report.provenance import panel
from unmask.report.schema import all_warnings
from unmask.report.words import (
    ABSTENTION_LABELS,
    ABSTENTIONS,
    LIMITS,
    MEANS_NOT,
    MODALITIES,
    NOTHING,
    NOUNS,
    clock,
    headline,
    interval,
    lede,
    meaning,
    percent,
    person_name,
    size,
    visible,
    whole_percent,
)

ZONES = {"fake": "likely_fake", "real": "likely_real", "unknown": "inconclusive"}


def page(report: ScanReport) -> dict[str, Any]:
    """Gather everything that the template shows.

    Args:
        report: What was concluded.

    Returns:
        Plain values by name; all text still to be escaped by the template engine.
    """
    return {
        "name": visible(report.media.path.name),
        "noun": NOUNS[report.media.kind],
        "verdict": report.verdict,
        "headline": headline(report.verdict),
        "lede": lede(report),
        "percent": percent(report.p_fake),
        "scored": report.p_fake is not None,
        "interval": interval(report.interval),
        "gauge": gauge(report),
        "has_thresholds": thresholds(report.evidence) is not None,
        "differs": _differs(report),
        "coverage": whole_percent(report.coverage),
        "warnings": [visible(text) for text in all_warnings(report)],
        "reasons": [visible(text) for text in report.reasons],
        "means": meaning(report),
        "means_not": MEANS_NOT[report.verdict],
        "limits": LIMITS,
        "figures": figures(report),
        "legend": heat_legend_uri(),
        "time": time(report),
        "people": [_person(person, timed=report.media.kind != "image") for person in report.people],
        "evidence": [_evidence(one) for one in report.evidence],
        "lips": lips.panel(report.lips),
        "provenance": panel(report.provenance),
        "models": [_model(model) for model in report.models],
        "facts": _facts(report.media),
        "timings": [(visible(stage), f"{spent:.2f} s") for stage, spent in report.timings_s.items()],
    }


def _differs(report: ScanReport) -> bool:
    """Tell whether the probability alone would give another verdict, as when too little could be scored."""
    limits = thresholds(report.evidence)
    if report.p_fake is None or limits is None:
        return False
    return ZONES[level(report.p_fake, limits)] != report.verdict


def time(report: ScanReport) -> dict[str, Any] | None:
    """Gather what `templates/timeline.html` shows; None for pictures and where there is nothing to draw."""
    length_s = timeline.length_s(report)
    pictures = {person: jpeg_uri(content) for person, content in thumbnails(report).items()}
    lanes = timeline.lanes(report, pictures)
    heard = report.sound if report.sound is not None and report.sound.mel_db.size else None
    if length_s <= 0.0 or (not lanes and heard is None):
        return None
    rows, moments = timeline.table(report)
    return {
        "duration": round(length_s, 3),
        "step": round(max(length_s / 200, 0.05), 3),
        "peaks": timeline.peaks(report),
        "lanes": lanes,
        "axis": axis(length_s),
        "spectrogram": None if heard is None else sound.spectrogram(heard, length_s),
        "waveform": None if heard is None else sound.waveform(heard, length_s),
        "activity": None if heard is None else sound.activity(heard, length_s),
        "has_spans": any(person.spans for person in report.people) or any(voice.spans for voice in report.voices),
        "rows": rows,
        "moments": moments,
    }


def _person(person: Person, *, timed: bool) -> dict[str, Any]:
    spans = [f"{clock(span.start_s)} to {clock(span.end_s)} (up to {percent(span.p_fake)})" for span in person.spans]
    remark = f"Stood out from {', '.join(spans)}." if spans else ""
    if person.abstained is not None:
        remark = f"Not judged: {ABSTENTION_LABELS[person.abstained]}."
    return {
        "name": person_name(person.id),
        "percent": percent(person.p_fake),
        "coverage": whole_percent(person.coverage),
        "faces": person.faces,
        "remark": remark,
        "quiet": "No stretch of time stood out." if timed else "",
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    limits = thresholds([one])
    return {
        "detector": visible(one.detector),
        "modality": MODALITIES[one.modality],
        "percent": percent(one.p_fake),
        "interval": interval(one.interval),
        "coverage": whole_percent(one.coverage),
        "units": one.units,
        "weight": whole_percent(one.weight),
        "thresholds": NOTHING if limits is None else " / ".join(percent(limit) for limit in limits),
        "label": "" if one.abstained is None else ABSTENTION_LABELS[one.abstained],
        "explained": "" if one.abstained is None else ABSTENTIONS[one.abstained],
        "detail": visible(one.detail),
    }


def _model(model: ModelUsed) -> dict[str, str]:
    return {"name": visible(model.name), "sha256": model.sha256, "short": model.sha256[:12]}


def _facts(media: MediaInfo) -> list[tuple[str, str]]:
    """List what the file is; the folder it lay in stays private."""
    rate = "" if media.frame_rate is None else f"{float(media.frame_rate):.4g} frames per second"
    sound_text = f"{media.sample_rate_hz / 1000:g} kHz, {media.channels} channel{'s' * (media.channels != 1)}"
    facts = [
        ("File", visible(media.path.name)),
        ("Kind", f"{NOUNS[media.kind]}, {visible(media.format)}"),
        ("Dimensions", f"{media.width_px} \u00d7 {media.height_px} pixels" if media.width_px else ""),
        ("Length", clock(media.duration_s) if media.duration_s else ""),
        ("Frames", f"{media.frame_count}, {rate}" if rate else ""),
        ("Sound", sound_text if media.has_audio or media.kind == "audio" else ""),
        ("Size", size(media.bytes) if media.bytes else ""),
        ("SHA-256", media.sha256),
    ]
    return [(name, value) for name, value in facts if value]
