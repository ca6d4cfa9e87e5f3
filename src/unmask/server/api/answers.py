"""What routes have in common: the problems they may answer with, and the question for a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path

from unmask.client.documents import Job, Problem
from unmask.server.problems import MEDIA_TYPE, Refused
from unmask.server.service import Parts

_WORDS = {
    400: "The request or the file is malformed.",
    401: "A key is needed.",
    403: "Not allowed here.",
    404: "There is no such thing.",
    408: "The body came in too slowly.",
    409: "It is not in the right state for that.",
    412: "Another version of the protocol is spoken here.",
    413: "Too large.",
    415: "Of no usable kind.",
    422: "A value is wrong.",
    423: "Somebody else is writing there.",
    429: "Too much at once; see Retry-After.",
    503: "Not at the moment; see Retry-After.",
    507: "The disk is full.",
}
_SHAPE = {"schema": Problem.model_json_schema()}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {MEDIA_TYPE: _SHAPE}} for status, words in _WORDS.items()
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}},
    **PROBLEMS,
}


def served_as(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Describe a route that answers with a file of one of these types."""
    return {200: {"description": "The file.", "content": {kind: {} for kind in kinds}}, **PROBLEMS}


JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Id of a job.")]


def missing(what: str) -> Refused:
    """Phrase that something is not there."""
    return Refused(404, "not_found", f"There is no {what}.")


def found_job(job: JobId, parts: Parts) -> Job:
    """Find the job that the path names.

    Raises:
        Refused: With 404, if there is none.
    """
    found = parts.reader.job(job)
    if found is None:
        raise missing("such job; it may have been deleted")
    return found


FoundJob = Annotated[Job, Depends(found_job)]
