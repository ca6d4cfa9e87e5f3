"""Handing media in: one file, many, or a URL."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from unmask.client.documents import Address, Batch, Job
from unmask.server.api.answers import PROBLEMS
from unmask.server.api.bodies import receive_files
from unmask.server.api.fetching import fetch
from unmask.server.intake import new_batch
from unmask.server.problems import Refused
from unmask.server.service import Parts, submission

router = APIRouter(tags=["hand in"], dependencies=[Depends(submission)])


def _form(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a body that is read as a stream, which FastAPI cannot see."""
    form = {"type": "object", "required": [field], "properties": {field: schema}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


_FILE = {"type": "string", "format": "binary"}


@router.post("/media", status_code=202, responses=PROBLEMS, openapi_extra=_form("file", _FILE))
async def hand_in(request: Request, parts: Parts, response: Response) -> Job:
    """Hand in one medium; answers at once with the job, which waits in the queue."""
    async with receive_files(request, parts.files, parts.settings, "file") as received:
        (job,) = await run_in_threadpool(parts.intake.accept, received)
    response.headers["Location"] = job.links.self
    return job


@router.post(
    "/batches",
    status_code=202,
    responses=PROBLEMS,
    openapi_extra=_form("files", {"type": "array", "items": _FILE}),
)
async def hand_in_many(request: Request, parts: Parts) -> Batch:
    """Hand in many media; if one of them is refused none is taken."""
    batch = new_batch()
    async with receive_files(request, parts.files, parts.settings, "files") as received:
        jobs = await run_in_threadpool(lambda: parts.intake.accept(received, batch=batch))
    return Batch(id=batch, jobs=tuple(jobs))


@router.post("/urls", status_code=202, responses=PROBLEMS)
async def hand_in_url(address: Address, parts: Parts, response: Response) -> Job:
    """Fetch a medium from a public URL; switched off unless the operator allows it."""
    if not parts.settings.allow_urls:
        raise Refused(403, "urls_off", "This server does not fetch URLs. Download the file and hand it in.")
    with parts.files.begin(parts.settings.max_bytes) as incoming:
        received = await fetch(address.url, incoming, parts.settings)
        (job,) = await run_in_threadpool(parts.intake.accept, [received])
    response.headers["Location"] = job.links.self
    return job
