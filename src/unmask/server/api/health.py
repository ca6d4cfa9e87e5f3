"""Is the server alive, is it ready, what does it do: for machines that watch it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from unmask.server.api.answers import PROBLEMS
from unmask.server.measures import MEDIA_TYPE
from unmask.server.problems import Refused
from unmask.server.service import Parts

router = APIRouter(tags=["health"])


@router.get("/livez", response_class=PlainTextResponse, responses=PROBLEMS)
async def alive() -> PlainTextResponse:
    """Tell that the server runs."""
    return PlainTextResponse("alive\n")


@router.get("/readyz", responses=PROBLEMS)
def ready(parts: Parts) -> JSONResponse:
    """Tell whether a worker has its models open and the database answers."""
    workers = parts.ledger.ready_workers()
    if not workers:
        raise Refused(503, "not_ready", "No worker has its models open yet.", {"Retry-After": "5"})
    return JSONResponse({"ready": True, "workers": workers})


@router.get("/metrics", response_class=PlainTextResponse, responses=PROBLEMS)
def metrics(parts: Parts) -> PlainTextResponse:
    """Give figures for Prometheus."""
    return PlainTextResponse(parts.measures.text(), media_type=MEDIA_TYPE)
