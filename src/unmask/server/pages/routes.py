"""The addresses of the pages. Everything that changes something goes over the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from unmask.client.documents import Job
from unmask.report.overlay import heat_legend_uri
from unmask.report.words import HEADLINES, NOUNS, percent, size, visible
from unmask.server.pages import catalogue, words
from unmask.server.pages.assets import assets, digest
from unmask.server.pages.rendering import is_local, render
from unmask.server.pages.result import result
from unmask.server.pages.source import Source, Wanted

NOTE_LENGTH = 10_000
PER_PAGE = 50
LONGEST_SEARCH = 200
OFFERED: Mapping[str, Container[str]] = {
    "state": words.STATES,
    "verdict": HEADLINES,
    "kind": NOUNS,
    "judgement": words.JUDGEMENTS,
    "sort": dict(words.ORDERS),
}
FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


def _source(request: Request) -> Source:
    source: Source = request.app.state.pages
    return source


FromServer = Annotated[Source, Depends(_source)]


@router.get("/static/{version}/{name}")
def static(version: str, name: str) -> Response:
    """Serve one of the files that pages load."""
    asset = assets().get(name)
    if asset is None:
        return Response(status_code=404)
    kept = FOREVER if version == digest() else "no-store"
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": kept})


@router.get("/", response_class=HTMLResponse)
def home(request: Request, source: FromServer) -> HTMLResponse:
    """Take files in, and show what becomes of them."""
    settings = source.settings()
    return _page(request, source, "home.html", {
        "max_bytes": settings.max_bytes,
        "url_submission": settings.url_submission,
        "promise": f"Up to {size(settings.max_bytes)} each. {_kept(request, source)}",
    })  # fmt: skip


@router.get("/items/{job_id}", response_class=HTMLResponse)
def item(request: Request, source: FromServer, job_id: str) -> HTMLResponse:
    """Show a result, how far it is, or why there is none."""
    job = source.job(job_id)
    if job is None:
        words_said = f"Perhaps the file has been deleted, or its time was up: files are deleted {_deleted(source)}."
        return _page(request, source, "trouble.html", {"title": words.NOTHING, "said": words_said}, status=404)
    shown: dict[str, Any] = {"job": job, "name": visible(job.name)}
    if job.state in {"queued", "running"}:
        return _page(request, source, "item_open.html", {**shown, "stages": words.STAGES})
    report = source.report(job_id) if job.state == "done" else None
    if report is None:
        return _page(request, source, "item_failed.html", {**shown, **words.failure(job)})
    return _page(request, source, "item.html", {
        **shown,
        **result(report, source.exhibits(job_id)),
        # The worker drew and escaped it; it is the report's own timeline.
        "timeline": Markup(source.timeline(job_id) or ""),  # noqa: S704
        "legend": heat_legend_uri(),
        "note_length": NOTE_LENGTH,
        "kept": words.until(job.expires_at),
    })  # fmt: skip


def _wanted(request: Request) -> Wanted:
    """Read the filters of the history; a word that is not offered counts as not given."""
    asked = request.query_params
    words_known = {name: asked[name] for name, offered in OFFERED.items() if asked.get(name) in offered}
    return Wanted(q=asked.get("q", "").replace("\0", "")[:LONGEST_SEARCH], **words_known)


@router.get("/history", response_class=HTMLResponse)
def history(
    request: Request,
    source: FromServer,
    wanted: Annotated[Wanted, Depends(_wanted)],
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Find earlier files."""
    found = source.jobs(wanted, page=page, per_page=PER_PAGE)
    asked = dataclasses.asdict(wanted)
    narrowed = wanted != Wanted(q=wanted.q)
    return _page(request, source, "history.html", {
        "items": [_row(job) for job in found.items],
        "found": "1 file" if found.total == 1 else f"{found.total} files",
        "filtered": bool(wanted.q) or narrowed,
        "narrowed": narrowed,
        "asked": asked,
        "orders": words.ORDERS,
        "page": page,
        "pages": -(-found.total // PER_PAGE),
        "link": lambda number: "/history?" + urlencode({**asked, "page": number}),
        "kept": f"Files and results are deleted {_deleted(source)}.",
    })  # fmt: skip


@router.get("/models", response_class=HTMLResponse)
def models(request: Request, source: FromServer) -> HTMLResponse:
    """Show which models there are, and how far each can be trusted."""
    return _page(request, source, "models.html", {"groups": catalogue.groups(), "terms": catalogue.TERMS})


@router.get("/about", response_class=HTMLResponse)
def about(request: Request, source: FromServer) -> HTMLResponse:
    """Explain how it works and how to use it well."""
    return _page(request, source, "about.html", {"kept": _kept(request, source)})


@router.get("/login", response_class=HTMLResponse)
def login(request: Request, source: FromServer, wrong: str = "", next: str = "/") -> HTMLResponse:  # noqa: A002
    """Ask for a key."""
    return _page(request, source, "login.html", {"wrong": bool(wrong), "next": next})


def trouble(request: Request, status: int, detail: str) -> HTMLResponse:
    """Say on a page what went wrong, with a way back.

    Args:
        request: What was asked for.
        status: HTTP status.
        detail: What happened and what to do next; not shown where the page says it better.
    """
    shown = words.trouble(status, detail)
    return _page(request, _source(request), "trouble.html", shown, status=status)


def _page(request: Request, source: Source, name: str, context: dict[str, Any], *, status: int = 200) -> HTMLResponse:
    shared = {"csrf": source.csrf(request), "signed_in": source.signed_in(request), "deleted": _deleted(source)}
    return render(request, name, {**shared, **context}, status=status)


def _deleted(source: Source) -> str:
    return words.deleted(source.settings().retention_days)


def _kept(request: Request, source: Source) -> str:
    """Say where files stay, and until when."""
    place = "this computer" if is_local(request) else "this server"
    return f"Your files stay on {place} and are deleted {_deleted(source)}."


def _row(job: Job) -> dict[str, Any]:
    return {
        **job.model_dump(include={"id", "kind", "state", "verdict", "judgement"}),
        "name": visible(job.name),
        "note": job.note,
        "when": words.moment(job.created_at),
        "created_at": job.created_at.isoformat(),
        "noun": NOUNS[job.kind] if job.kind else "",
        "size": size(job.bytes),
        "percent": "" if job.p_fake is None else percent(job.p_fake),
        "preview": job.links.preview if job.state == "done" and job.kind != "audio" else "",
    }
