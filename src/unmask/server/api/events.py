"""Server-sent events."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from unmask.server.api.answers import STREAM, FoundJob
from unmask.server.service import Parts

router = APIRouter(tags=["events"])


@router.get("/events", response_class=StreamingResponse, responses=STREAM)
async def follow_all(parts: Parts) -> StreamingResponse:
    """Follow all jobs: event `job` with a job at every change, `gone` with an id."""
    return StreamingResponse(parts.hub.stream(), media_type="text/event-stream")


@router.get("/jobs/{job}/events", response_class=StreamingResponse, responses=STREAM)
async def follow(job: FoundJob, parts: Parts) -> StreamingResponse:
    """Follow one job from how it is now until it ends."""
    return StreamingResponse(parts.hub.stream(job.id), media_type="text/event-stream")
