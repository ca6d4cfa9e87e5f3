"""Pages for people: one self-contained HTML file per medium, and an index of many.

A page asks for nothing outside itself: pictures are data URIs, style and script are inline, and its content security
policy names their hashes and forbids everything else. All text from outside is escaped by the template engine, and
letters that hide or reorder text are made visible.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unmask.core.evidence import ScanFailure, ScanReport
from unmask.report.drawing.sound import player_uri
from unmask.report.figures import thumbnail
from unmask.report.page import page, time
from unmask.report.to_json import Result
from unmask.report.words import HEADLINES, LIMITS, NOTHING, NOUNS, interval, percent, visible, whole_percent

LONGEST_SLUG = 60
STYLES = ("palette.css", "style.css", "timeline.css")
SCRIPTS = ("timeline.js", "page.js")


def render_html(report: ScanReport, back: str | None = None) -> str:
    """Write the page of one medium.

    Args:
        report: What was concluded, with its exhibits. Where its file is still there, the page plays its sound.
        back: Relative link to an index; None for a page that stands alone.

    Returns:
        A whole HTML document.
    """
    player = player_uri(report.media) if report.sound is not None else None
    return _render("page.html", {**page(report), "back": back, "player": player})


def render_timeline(report: ScanReport) -> str | None:
    """Write the timeline alone, to be put into another page.

    The page brings `templates/palette.css`, `templates/timeline.css` and `templates/timeline.js`; the fragment holds
    neither script nor style, and its pictures are data URIs.

    Args:
        report: What was concluded, with its exhibits and sound.

    Returns:
        HTML, escaped; None for pictures and where there is nothing to draw.
    """
    found = time(report)
    if found is None:
        return None
    macro = _templates().get_template("timeline.html").module
    return str(macro.timeline(found))  # type: ignore[attr-defined]


def save_html(report: ScanReport, path: Path) -> Path:
    """Save the page of one medium; the file appears only when it is whole.

    Args:
        report: What was concluded.
        path: Where to; folders are made.

    Returns:
        `path`.
    """
    return _save(render_html(report), path)


def save_index(results: Iterable[Result], folder: Path, *, name: str = "index.html") -> Path:
    """Save one page a medium and an index, which lists them all, failures too.

    Results are taken one at a time and forgotten once their page is saved, so an iterator over any number will do.

    Args:
        results: Reports and failures.
        folder: Where to; made if missing. Pages of the same name are replaced.
        name: File name of the index.

    Returns:
        Path of the index.
    """
    rows = []
    for number, result in enumerate(results, 1):
        if isinstance(result, ScanFailure):
            rows.append(_failed_row(number, result))
            continue
        page = page_name(number, result.media.path)
        _save(render_html(result, back=name), folder / page)
        rows.append(_row(number, result, page))
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in HEADLINES}
    failed = sum(row["verdict"] is None for row in rows)
    context = {"rows": rows, "counts": counts, "failed": failed, "headlines": HEADLINES, "limits": LIMITS}
    return _save(_render("index.html", context), folder / name)


def page_name(number: int, path: Path) -> str:
    """Name the page of a medium after its number and file name, in letters that are safe everywhere."""
    plain = unicodedata.normalize("NFKD", path.name).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:LONGEST_SLUG].strip("-")
    return f"{number:04d}-{slug or 'medium'}.html"


def _row(number: int, report: ScanReport, name: str) -> dict[str, Any]:
    return {
        "number": number,
        "name": visible(report.media.path.name),
        "kind": NOUNS[report.media.kind],
        "link": name,
        "thumbnail": thumbnail(report),
        "verdict": report.verdict,
        "headline": HEADLINES[report.verdict],
        "sort": -1.0 if report.p_fake is None else report.p_fake,
        "percent": percent(report.p_fake),
        "interval": interval(report.interval),
        "coverage": whole_percent(report.coverage),
        "message": "",
    }


def _failed_row(number: int, failure: ScanFailure) -> dict[str, Any]:
    return {
        "number": number,
        "name": visible(Path(failure.path).name or failure.path),
        "kind": "",
        "link": None,
        "thumbnail": None,
        "verdict": None,
        "headline": "Not examined",
        "sort": -2.0,
        "percent": NOTHING,
        "interval": NOTHING,
        "coverage": NOTHING,
        "message": visible(failure.message),
    }


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("unmask.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(names: Iterable[str]) -> str:
    """Join styles or scripts; the hash below needs exactly what stands between the tags."""
    loader = _templates().loader
    assert loader is not None
    return "\n".join(loader.get_source(_templates(), name)[0].strip() for name in names)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") + "'"


def policy(style: str, script: str) -> str:
    """Write the content security policy: nothing but these inline sources, and pictures and sound within the page."""
    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _render(name: str, context: dict[str, Any]) -> str:
    style, script = _source(STYLES), _source(SCRIPTS)
    shared = {
        "style": Markup(style),  # noqa: S704 - from this package
        "script": Markup(script),  # noqa: S704 - from this package
        "policy": policy(style, script),
        "made_by": made_by(),
    }
    return _templates().get_template(name).render(**shared, **context)


def made_by() -> str:
    """Say what made a report."""
    try:
        return f"Made by unmask {version('unmask')}."
    except PackageNotFoundError:
        return "Made by unmask."


def _save(text: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
