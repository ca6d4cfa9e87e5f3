"""The report of one medium as PDF: typeset by Typst from `templates/report.typ`, tagged for screen readers (PDF/UA-1).

Text reaches Typst as data, never as markup. It is set in the fonts that Typst brings along, so that a report looks the
same everywhere; letters that they lack are written as their Unicode number instead of an empty box.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import unicodedata
from importlib import resources
from pathlib import Path
from typing import Any

from unmask.core.evidence import ScanReport
from unmask.core.records import Exhibit
from unmask.report import timeline
from unmask.report.drawing.lane import MOST_DOTS, pieces, thinned, ticks
from unmask.report.figures import Figure, figures, level
from unmask.report.gauge import thresholds
from unmask.report.overlay import heat_png, mel_png, picture_jpeg
from unmask.report.page import page
from unmask.report.to_html import made_by
from unmask.report.words import percent

# Ranges of letters that the two fonts hold; found by setting every letter of every range in a PDF/UA-1, which refuses
# empty boxes. A test does the same.
_DRAWN = (
    (0x20, 0x24F), (0x370, 0x4FF), (0x531, 0x587), (0x5D0, 0x5EA), (0x621, 0x63A), (0x641, 0x64A),
    (0x660, 0x669), (0x67E, 0x67E), (0x686, 0x686), (0x698, 0x698), (0x6A9, 0x6A9), (0x6AF, 0x6AF), (0x6CC, 0x6CC),
    (0x10D0, 0x10F0), (0x1E00, 0x1EFF), (0x2010, 0x2014), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026),
    (0x2030, 0x2030), (0x20AC, 0x20AC), (0x2116, 0x2116),
)  # fmt: skip
_PICTURE_PX = 1000


def save_pdf(report: ScanReport, path: Path) -> Path:
    """Save the report of one medium as PDF; the file appears only when it is whole.

    Args:
        report: What was concluded, with its exhibits.
        path: Where to; folders are made.

    Returns:
        `path`.
    """
    import typst

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = folder / "report.typ"
        with resources.as_file(resources.files("unmask.report") / "templates" / "report.typ") as source:
            shutil.copyfile(source, template)
        (folder / "data.json").write_text(json.dumps(_printable(_content(report, folder))), encoding="utf-8")
        # Fonts of this machine are left out, and nothing outside this folder can be read.
        fonts = typst.Fonts(include_system_fonts=False)
        content = typst.compile(template, root=folder, font_paths=fonts, format="pdf", pdf_standards="ua-1")
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def drawn(text: str) -> str:
    """Write letters that the fonts lack as their number, for example ``[U+5199]``.

    Accents are joined to their letters; those that cannot be are numbered too, since a font need not hold every pair.
    """
    return "".join(one if _is_drawn(one) else f"[U+{ord(one):04X}]" for one in unicodedata.normalize("NFC", text))


def _is_drawn(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _DRAWN) and unicodedata.category(letter)[0] not in "CM"


def _printable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _printable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(entry) for entry in value]
    return drawn(value) if isinstance(value, str) else value


def _content(report: ScanReport, folder: Path) -> dict[str, Any]:
    """Gather what the template shows, and write its pictures beside it."""
    shown = page(report)
    limits = thresholds(report.evidence)
    kept = ("name", "noun", "verdict", "headline", "lede", "percent", "interval", "differs", "coverage", "warnings",
            "reasons", "means", "means_not", "lips", "provenance", "models", "facts")  # fmt: skip
    return {
        **{name: shown[name] for name in kept},
        "p": report.p_fake,
        "bounds": report.interval,
        "limits": limits,
        "limit_words": [percent(limit) for limit in limits or ()],
        "figures": _figures(report, folder),
        "time": _time(report, folder),
        "people": [{**one, "remark": one["remark"] or one["quiet"]} for one in shown["people"]],
        "evidence": [_evidence(one) for one in shown["evidence"]],
        "limits_text": shown["limits"],
        "made": made_by(),
    }


def _evidence(one: dict[str, Any]) -> dict[str, Any]:
    remark = f"Not judged: {one['label']}. {one['explained']}" if one["label"] else ""
    return {**one, "remark": " ".join(part for part in (remark, one["detail"]) if part)}


def _figures(report: ScanReport, folder: Path) -> list[dict[str, Any]]:
    limits = thresholds(report.evidence, "face")
    ordered = sorted(report.exhibits, key=lambda exhibit: exhibit.time_s)
    pairs = enumerate(zip(ordered, figures(report), strict=True))
    return [_figure(number, exhibit, figure, limits, folder) for number, (exhibit, figure) in pairs]


def _figure(
    number: int, exhibit: Exhibit, figure: Figure, limits: tuple[float, float] | None, folder: Path
) -> dict[str, Any]:
    heat = heat_png(exhibit)
    (folder / f"{number}.jpg").write_bytes(picture_jpeg(exhibit.pixels_rgb_u8, _PICTURE_PX))
    if heat is not None:
        (folder / f"{number}.png").write_bytes(heat)
    faces = []
    for (person, (left, top, right, bottom), p_fake), (name, chance, words) in zip(
        exhibit.faces, figure.faces, strict=True
    ):
        x0, x1 = (min(max(x / figure.width_px, 0.0), 1.0) for x in (left, right))
        y0, y1 = (min(max(y / figure.height_px, 0.0), 1.0) for y in (top, bottom))
        box = (x0, y0, x1 - x0, y1 - y0)
        faces.append({"box": box, "number": str(person + 1), "name": name, "percent": chance, "words": words,
                      "level": level(p_fake, limits)})  # fmt: skip
    return {
        "picture": f"{number}.jpg",
        "heat": None if heat is None else f"{number}.png",
        "alt": figure.alt,
        "width": figure.width_px,
        "height": figure.height_px,
        "moment": figure.moment,
        "faces": faces,
    }


def _time(report: ScanReport, folder: Path) -> dict[str, Any] | None:
    length_s = timeline.length_s(report)
    heard = report.sound if report.sound is not None and report.sound.mel_db.size else None
    groups = timeline.groups(report)
    if length_s <= 0.0 or (not groups and heard is None):
        return None
    sound = None
    if heard is not None:
        (folder / "sound.png").write_bytes(mel_png(heard.mel_db))
        sound = {"picture": "sound.png", "share": min(heard.duration_s / length_s, 1.0)}
    lanes = []
    for group in groups:
        curve = thinned(group.points, length_s)
        limits = group.limits or ()
        lanes.append({
            "title": group.title,
            "note": group.note,
            "dotted": len(curve) <= MOST_DOTS,
            "pieces": [[(_share(t_s, length_s), mean) for t_s, mean, _, _ in piece] for piece in pieces(curve)],
            "spans": [(_share(span.start_s, length_s), _share(span.end_s, length_s)) for span in group.spans],
            "limits": limits,
            "limit_words": [percent(limit) for limit in limits],
        })  # fmt: skip
    return {
        "lanes": lanes,
        "sound": sound,
        "ticks": [(_share(t_s, length_s), words) for t_s, words in ticks(length_s)],
        "peaks": [peak.words for peak in timeline.peaks(report)],
    }


def _share(t_s: float, length_s: float) -> float:
    return min(max(t_s / length_s, 0.0), 1.0)
