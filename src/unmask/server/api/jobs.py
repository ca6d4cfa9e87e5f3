"""Jobs: list, look at, note, judge, cancel, delete, export."""

from __future__ import annotations

import csv
import io
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import select, update

from unmask.client.documents import Deleted, Job, JobChange, JobPage, Judgement, Selection, State
from unmask.core.evidence import Verdict
from unmask.core.records import Kind
from unmask.datasets.manifest import COLUMNS
from unmask.server.api.answers import PROBLEMS, FoundJob, JobId, found_job, missing
from unmask.server.problems import Refused
from unmask.server.reading import Sort, Wanted
from unmask.server.service import Parts
from unmask.server.storage.tables import JobRow

router = APIRouter(prefix="/jobs", tags=["jobs"])
_LABELS = {"confirmed_real": "real", "confirmed_fake": "fake"}


def wanted(
    q: Annotated[str, Query(max_length=200, description="Part of the name or note.")] = "",
    state: State | None = None,
    verdict: Verdict | None = None,
    kind: Kind | None = None,
    judgement: Judgement | None = None,
    sort: Sort = "-created_at",
) -> Wanted:
    """Read the filters of a list."""
    return Wanted(q, state, verdict, kind, judgement, sort)


@router.get("", responses=PROBLEMS)
def find_jobs(
    parts: Parts,
    which: Annotated[Wanted, Depends(wanted)],
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobPage:
    """List jobs, the newest first unless sorted otherwise."""
    return parts.reader.search(which, page=page, per_page=per_page)


@router.get("/manifest.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}, **PROBLEMS})
def export_manifest(parts: Parts) -> Response:
    """Export the items that people judged as a manifest for `unmask datasets add`; paths are those in the store."""
    with parts.database.reading() as session:
        judged = select(JobRow).where(JobRow.judgement.is_not(None), JobRow.kind.is_not(None)).order_by(JobRow.id)
        rows = session.scalars(judged).all()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        label = _LABELS[row.judgement or ""]
        writer.writerow([parts.files.path(row.sha256), row.kind, label, "unmask-serve", "", row.sha256])
    return Response(
        text.getvalue(), headers={"Content-Disposition": 'attachment; filename="manifest.csv"'}, media_type="text/csv"
    )


@router.get("/{job}", responses=PROBLEMS)
async def get_job(job: FoundJob) -> Job:
    """Look at one job."""
    return job


@router.patch("/{job}", responses=PROBLEMS)
def change_job(job: JobId, change: JobChange, parts: Parts) -> Job:
    """Note something, or say what it really was; `null` takes a judgement back."""
    values = change.model_dump(exclude_unset=True)
    if values.get("note", "") is None:
        values["note"] = ""
    with parts.database.writing() as session:
        statement = update(JobRow).where(JobRow.id == job)
        session.execute(statement.values(**values, updated_at=time.time(), revision=JobRow.revision + 1))
    return found_job(job, parts)


@router.delete("/{job}", status_code=204, responses=PROBLEMS)
def delete_job(job: JobId, parts: Parts) -> None:
    """Delete a job, its result and its file."""
    gone = parts.intake.delete([job])
    if not gone:
        raise missing("such job; it may have been deleted")
    parts.hub.gone(gone)


@router.post("/delete", responses=PROBLEMS)
def delete_jobs(selection: Selection, parts: Parts) -> Deleted:
    """Delete several jobs, or all."""
    gone = parts.intake.delete(None if selection.ids == "all" else selection.ids)
    parts.hub.gone(gone)
    return Deleted(deleted=len(gone))


@router.post("/{job}/cancel", responses=PROBLEMS)
def cancel_job(job: FoundJob, parts: Parts) -> Job:
    """Stop a job that waits or runs."""
    if not parts.ledger.cancel(job.id):
        raise Refused(409, "ended", f"The job has ended already ({job.state}).")
    return found_job(job.id, parts)
