"""Resumable uploads after tus 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, termination."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from unmask.core.errors import UnsupportedMedia
from unmask.media.file import HEAD_BYTES
from unmask.server.api.answers import PROBLEMS, missing
from unmask.server.api.bodies import paced
from unmask.server.intake import Received, check_kind, clean_name
from unmask.server.problems import Refused
from unmask.server.reading import API
from unmask.server.service import Parts, submission
from unmask.server.storage.files import too_large
from unmask.server.storage.uploads import Upload

router = APIRouter(prefix="/uploads", tags=["hand in, resumable"])
VERSION = "1.0.0"
_KIND = "application/offset+octet-stream"
_BODY = {"requestBody": {"content": {_KIND: {"schema": {"type": "string", "format": "binary"}}}}}


def _version(tus_resumable: Annotated[str, Header()]) -> None:
    if tus_resumable != VERSION:
        raise Refused(412, "tus_version", f"Send the header Tus-Resumable: {VERSION}.", {"Tus-Version": VERSION})


def _found(upload: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")], parts: Parts) -> Upload:
    found = parts.uploads.find(upload)
    if found is None:
        raise missing("such upload; it may have been given up a day ago")
    return found


Found = Annotated[Upload, Depends(_found)]
versioned = Depends(_version)


@router.options("", status_code=204, responses=PROBLEMS)
def options(parts: Parts) -> Response:
    """Tell what this server understands."""
    return Response(
        status_code=204,
        headers={
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,termination",
            "Tus-Max-Size": str(parts.settings.max_bytes),
        },
    )


@router.post(
    "", status_code=201, response_class=Response, responses=PROBLEMS, dependencies=[versioned, Depends(submission)]
)
def begin(
    parts: Parts,
    upload_length: Annotated[int, Header(ge=1)],
    upload_metadata: Annotated[str, Header(max_length=4096)] = "",
) -> Response:
    """Announce an upload of a known length; `filename` in Upload-Metadata names it."""
    if upload_length > parts.settings.max_bytes:
        raise too_large(parts.settings.max_bytes)
    upload = parts.uploads.begin(_filename(upload_metadata), upload_length)
    return Response(status_code=201, headers={"Tus-Resumable": VERSION, "Location": f"{API}/uploads/{upload.id}"})


@router.head("/{upload}", status_code=200, response_class=Response, responses=PROBLEMS, dependencies=[versioned])
def ask(upload: Found) -> Response:
    """Tell how far an upload is, and which job it became."""
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length)}
    if upload.job:
        headers["Unmask-Job"] = upload.job
    return Response(status_code=200, headers=headers)


@router.patch("/{upload}", status_code=204, responses=PROBLEMS, dependencies=[versioned], openapi_extra=_BODY)
async def go_on(request: Request, upload: Found, parts: Parts, upload_offset: Annotated[int, Header(ge=0)]) -> Response:
    """Send the next piece; the answer to the last one names the job."""
    if request.headers.get("content-type") != _KIND:
        raise Refused(415, "wrong_type", f"Send the piece as {_KIND}.")
    with parts.uploads.alone(upload.id):
        upload = await run_in_threadpool(_found, upload.id, parts)
        if upload_offset != upload.offset:
            raise Refused(409, "wrong_offset", f"The upload goes on at {upload.offset}, not at {upload_offset}.")
        offset, job = upload.offset, upload.job
        if job is None:
            offset = await parts.uploads.append(upload, paced(request, parts.settings))
            job = await run_in_threadpool(_conclude, upload, offset, parts)
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(offset)}
    return Response(status_code=204, headers=headers | ({"Unmask-Job": job} if job else {}))


@router.delete("/{upload}", status_code=204, responses=PROBLEMS, dependencies=[versioned])
def give_up(upload: Found, parts: Parts) -> Response:
    """Give an upload up; a job that it became stays."""
    with parts.uploads.alone(upload.id):
        parts.uploads.remove(upload)
    return Response(status_code=204, headers={"Tus-Resumable": VERSION})


def _conclude(upload: Upload, offset: int, parts: Parts) -> str | None:
    """Look at the first bytes as soon as they are there, and make a job when all are."""
    is_whole = offset == upload.length
    if is_whole or upload.offset < HEAD_BYTES <= offset:
        try:
            with upload.path.open("rb") as stream:
                check_kind(stream.read(HEAD_BYTES), upload.name)
        except UnsupportedMedia:
            parts.uploads.remove(upload)
            raise
    if not is_whole:
        return None
    received = Received(upload.name, upload.path, parts.uploads.whole(upload))
    (job,) = parts.intake.accept([received])
    parts.uploads.became(upload, job.id)
    return job.id


def _filename(metadata: str) -> str:
    for pair in metadata.split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "filename":
            try:
                return clean_name(base64.b64decode(value, validate=True).decode("utf-8", "replace"))
            except (binascii.Error, ValueError) as error:
                raise Refused(400, "malformed", "The filename in Upload-Metadata is no base64.") from error
    return "unnamed"
