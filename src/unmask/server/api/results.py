"""What came out of a job: report, pictures, and the medium itself, never served as anything that could run."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse

from unmask.client.documents import Exhibits, Job
from unmask.report.schema import ReportDocument
from unmask.report.to_html import save_html
from unmask.report.to_pdf import save_pdf
from unmask.server.api.answers import PROBLEMS, FoundJob, missing, served_as
from unmask.server.problems import Refused
from unmask.server.service import Parts

router = APIRouter(prefix="/jobs/{job}", tags=["results"])
# What browsers may show, by the format that was found in the bytes; everything else is only saved.
_SHOWN = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "TIFF": "image/tiff",
    "mov,mp4": "/mp4",
    "matroska,webm": "/webm",
    "ogg": "/ogg",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "aac": "audio/aac",
}
# Opened in a tab of its own, a file from a stranger gets no origin and may run nothing.
_CAGE = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
_REPORT_CAGE = (
    "sandbox allow-scripts allow-popups; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)
_PICTURE = r"^(picture|overlay)-\d{1,3}\.(jpg|png)$|^person-\d{1,4}\.jpg$|^(spectrogram|evidence)\.png$"
_KINDS = {".jpg": "image/jpeg", ".png": "image/png"}


@router.get("/report", responses=PROBLEMS)
def get_report(job: FoundJob, parts: Parts) -> ReportDocument:
    """Read the report: the same document that `unmask scan --json` prints."""
    report = parts.reader.report(job.id)
    if report is None:
        raise _not_yet(job)
    return report


@router.get("/report.html", response_class=FileResponse, responses=served_as("text/html"))
def get_html(job: FoundJob, parts: Parts, download: Annotated[bool, Query()] = False) -> FileResponse:  # noqa: FBT002
    """Read the report as one self-contained page."""
    path = parts.results.rendered(job.id, "report.html", save_html)
    if path is None:
        raise _not_yet(job)
    name = f"{FilePath(job.name).stem}.html"
    return _file(path, "text/html", name if download else None, {"Content-Security-Policy": _REPORT_CAGE})


@router.get("/report.pdf", response_class=FileResponse, responses=served_as("application/pdf"))
def get_pdf(job: FoundJob, parts: Parts) -> FileResponse:
    """Save the report as PDF."""
    path = parts.results.rendered(job.id, "report.pdf", save_pdf)
    if path is None:
        raise _not_yet(job)
    return _file(path, "application/pdf", f"{FilePath(job.name).stem}.pdf", {})


@router.get("/exhibits", responses=PROBLEMS)
def get_exhibits(job: FoundJob, parts: Parts) -> Exhibits:
    """List the pictures that the verdict rests on."""
    exhibits = parts.reader.exhibits(job.id)
    if exhibits is None:
        raise _not_yet(job)
    return exhibits


@router.get("/exhibits/{name}", response_class=FileResponse, responses=served_as(*_KINDS.values()))
def get_exhibit(job: FoundJob, name: Annotated[str, Path(pattern=_PICTURE)], parts: Parts) -> FileResponse:
    """Show one of these pictures, drawn by this server."""
    path = parts.results.file(job.id, name)
    if path is None:
        raise missing("such picture")
    return _file(path, _KINDS[path.suffix], None, {"Cache-Control": "private, max-age=3600"})


@router.get("/preview", response_class=FileResponse, responses=served_as(*_KINDS.values()))
def get_preview(job: FoundJob, parts: Parts) -> FileResponse:
    """Show what stands for the medium: its first picture, or its spectrogram."""
    for name in ("picture-0.jpg", "spectrogram.png"):
        path = parts.results.file(job.id, name)
        if path is not None:
            return _file(path, _KINDS[path.suffix], None, {"Cache-Control": "private, max-age=3600"})
    raise missing("preview of this job")


@router.get("/media", response_class=FileResponse, responses=served_as("application/octet-stream"))
def get_media(job: FoundJob, parts: Parts) -> FileResponse:
    """Give the medium back, whole or in ranges."""
    path = parts.files.path(job.sha256)
    if not path.is_file():
        raise missing("such file any more")
    kind = _shown(job, parts)
    return _file(
        path, kind or "application/octet-stream", None if kind else job.name, {"Content-Security-Policy": _CAGE}
    )


def _shown(job: Job, parts: Parts) -> str | None:
    report = parts.reader.report(job.id)
    kind = None if report is None else _SHOWN.get(report.media.format)
    return f"{job.kind}{kind}" if kind is not None and kind.startswith("/") else kind


def _file(path: FilePath, kind: str, save_as: str | None, headers: dict[str, str]) -> FileResponse:
    placed = "inline" if save_as is None else f"attachment; filename*=utf-8''{quote(save_as, safe='')}"
    return FileResponse(path, headers={**headers, "Content-Disposition": placed}, media_type=kind)


def _not_yet(job: Job) -> Refused:
    if job.state in ("queued", "running"):
        return Refused(409, "not_yet", f"The job is {job.state}; follow {job.links.events} and ask again.")
    state = "failed" if job.state == "failed" else f"was {job.state}"
    why = f": {job.error.message}" if job.error else ""
    return Refused(404, "no_result", f"The job {state} and has no result{why}")
