"""Answers questions about jobs, results and models, as documents; for the routes and for the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from unmask import __version__
from unmask.client.documents import (
    Exhibits,
    Face,
    Fault,
    Job,
    JobPage,
    Judgement,
    Links,
    Picture,
    Portrait,
    PublicSettings,
    SoundPictures,
    State,
)
from unmask.core.evidence import Verdict
from unmask.core.records import Kind
from unmask.report.schema import ReportDocument
from unmask.server.jobs.forecast import forecast
from unmask.server.jobs.ledger import OPEN, queue_order
from unmask.server.settings import Settings
from unmask.server.storage.database import Database
from unmask.server.storage.results import ResultStore
from unmask.server.storage.tables import JobRow

Sort = Literal["created_at", "-created_at", "p_fake", "-p_fake", "name", "-name"]
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs to list.

    Attributes:
        q: Part of the name or note, in any case; empty for all.
        state: Only jobs in this state.
        verdict: Only jobs with this verdict.
        kind: Only media of this kind.
        judgement: Only items that people judged so.
        sort: By what; a minus turns the order round.
    """

    q: str = ""
    state: State | None = None
    verdict: Verdict | None = None
    kind: Kind | None = None
    judgement: Judgement | None = None
    sort: Sort = "-created_at"


class Reader:
    """Reads the database and the results.

    Args:
        settings: Of the server.
        database: Jobs.
        results: What came out of them.
    """

    def __init__(self, settings: Settings, database: Database, results: ResultStore) -> None:
        self._settings, self._database, self._results = settings, database, results

    def job(self, job: str) -> Job | None:
        """Find one job; None if there is none of this id."""
        with self._database.reading() as session:
            row = session.get(JobRow, job)
            return None if row is None else self._documents(session, [row])[0]

    def jobs(self, ids: Sequence[str]) -> list[Job]:
        """Find several jobs, in the order of their ids; those that are gone are left out."""
        with self._database.reading() as session:
            rows = session.scalars(select(JobRow).where(JobRow.id.in_(ids)).order_by(JobRow.id)).all()
            return self._documents(session, rows)

    def changed(self, since: float) -> list[tuple[Job, int]]:
        """List jobs that changed since a time, and all that wait, each with its revision."""
        with self._database.reading() as session:
            fresh = (JobRow.updated_at >= since) | (JobRow.state == "queued")
            rows = session.scalars(select(JobRow).where(fresh).order_by(JobRow.id)).all()
            jobs = self._documents(session, rows)
            return [(job, row.revision) for job, row in zip(jobs, rows, strict=True)]

    def search(self, wanted: Wanted, *, page: int = 1, per_page: int = 50) -> JobPage:
        """List jobs."""
        which = _conditions(wanted)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(JobRow).where(*which)) or 0
            chosen = select(JobRow).where(*which).order_by(*_order(wanted.sort))
            rows = session.scalars(chosen.offset((page - 1) * per_page).limit(per_page)).all()
            return JobPage(items=tuple(self._documents(session, rows)), total=total, page=page, per_page=per_page)

    def report(self, job: str) -> ReportDocument | None:
        """Read the report of a job; None if there is none (yet)."""
        path = self._results.file(job, "report.json")
        return None if path is None else ReportDocument.model_validate_json(path.read_bytes())

    def timeline(self, job: str) -> str | None:
        """Read the timeline of a job as escaped HTML; None if there is nothing to draw."""
        path = self._results.file(job, "timeline.html")
        return None if path is None else path.read_text(encoding="utf-8")

    def exhibits(self, job: str) -> Exhibits | None:
        """List the pictures of a job; None if there is no result (yet)."""
        found = self._results.exhibits(job)
        if found is None:
            return None
        place = f"{API}/jobs/{job}/exhibits"
        pictures = tuple(
            Picture(
                n=n,
                t_s=one.t_s,
                width=one.width,
                height=one.height,
                picture=f"{place}/picture-{n}.jpg",
                overlay=f"{place}/overlay-{n}.png" if one.heat else None,
                people=tuple(Face(id=person, box_xyxy_px=box, p_fake=p_fake) for person, box, p_fake in one.faces),
            )
            for n, one in enumerate(found.pictures)
        )
        sound = None
        if found.sound_s is not None:
            evidence = f"{place}/evidence.png" if found.activity else None
            sound = SoundPictures(
                spectrogram=f"{place}/spectrogram.png", evidence=evidence, start_s=0.0, end_s=found.sound_s
            )
        people = tuple(Portrait(id=person, thumb=f"{place}/person-{person}.jpg") for person in found.people)
        return Exhibits(pictures=pictures, people=people, sound=sound)

    def settings(self) -> PublicSettings:
        """Say what this server takes."""
        settings = self._settings
        return PublicSettings(
            version=__version__,
            kinds=("image", "video", "audio"),
            max_bytes=settings.max_bytes,
            max_pixels=settings.max_pixels,
            max_duration_s=settings.max_duration_s,
            queue_limit=settings.queue_limit,
            url_submission=settings.allow_urls,
            retention_days=settings.retention_days,
            key_required=settings.keys_needed,
        )

    def _documents(self, session: Session, rows: Sequence[JobRow]) -> list[Job]:
        places: dict[str, int] = {}
        left_s: dict[str, float] = {}
        if any(row.state in OPEN for row in rows):
            queue = queue_order(session)
            places = {job: place for place, job in enumerate(queue, start=1)}
            left_s = forecast(session, queue, workers=self._settings.workers)
        return [_document(row, places.get(row.id), left_s.get(row.id)) for row in rows]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = ("state", "verdict", "kind", "judgement")
    which = [getattr(JobRow, one) == getattr(wanted, one) for one in columns if getattr(wanted, one) is not None]
    if wanted.q:
        which.append(
            JobRow.name.icontains(wanted.q, autoescape=True) | JobRow.note.icontains(wanted.q, autoescape=True)
        )
    return which


def _order(sort: Sort) -> tuple[ColumnElement[Any], ...]:
    column = getattr(JobRow, sort.lstrip("-"))
    ordered = column.desc() if sort.startswith("-") else column.asc()
    return (ordered.nulls_last(), JobRow.id.desc())


def _document(row: JobRow, position: int | None, left_s: float | None) -> Job:
    place = f"{API}/jobs/{row.id}"
    return Job(
        id=row.id,
        name=row.name,
        kind=row.kind,
        bytes=row.bytes,
        sha256=row.sha256,
        state=row.state,
        position=position,
        stage=row.stage,
        progress=row.progress,
        eta_s=None if left_s is None else round(left_s, 1),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        started_at=_moment(row.started_at),
        finished_at=_moment(row.finished_at),
        verdict=row.verdict,
        p_fake=row.p_fake,
        interval=None if row.low is None or row.high is None else (row.low, row.high),
        coverage=row.coverage,
        error=None if row.error_code is None else Fault(code=row.error_code, message=row.error_message or ""),
        note=row.note,
        judgement=row.judgement,
        batch=row.batch,
        expires_at=_moment(row.expires_at),
        links=Links(
            self=place,
            events=f"{place}/events",
            report=f"{place}/report",
            html=f"{place}/report.html",
            pdf=f"{place}/report.pdf",
            media=f"{place}/media",
            preview=f"{place}/preview",
        ),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
