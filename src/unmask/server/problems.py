"""Errors as problem details (RFC 9457): one shape for all, with a code for programs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from unmask.client.documents import Problem
from unmask.core.errors import InputError, MediaTooLarge, UnmaskError, UnsupportedMedia
from unmask.server.jobs.ledger import QueueFull
from unmask.server.security.outside import PlaceRefused, PlaceUnreachable
from unmask.server.security.rate import TooOften
from unmask.server.storage.files import StorageFull
from unmask.server.storage.uploads import UploadBusy

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[UnmaskError], int] = {
    MediaTooLarge: 413,
    UnsupportedMedia: 415,
    InputError: 400,
    PlaceRefused: 403,
    PlaceUnreachable: 422,
    StorageFull: 507,
}

log = logging.getLogger(__name__)


class Refused(Exception):
    """A request that is answered by a problem.

    Attributes:
        status: HTTP status.
        code: For programs.
        headers: Further headers.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.headers = status, code, headers or {}


def problem(
    status: int, code: str, detail: str, instance: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Write a problem.

    Args:
        status: HTTP status.
        code: For programs, in small letters.
        detail: What happened and what to do next.
        instance: Path that was asked for.
        headers: Further headers.
    """
    title = HTTPStatus(status).phrase
    found = Problem(type="about:blank", title=title, status=status, detail=detail, instance=instance, code=code)
    return JSONResponse(found.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


Page = Callable[[Request, int, str], Response]


def install(app: FastAPI, page: Page) -> None:
    """Answer every error of an application: with a page where a browser asks for one, else by a problem.

    Args:
        app: The application.
        page: Writes a page from a request, a status, and what happened and what to do next.
    """

    def answer(request: Request, error: Exception) -> Response:
        status, code, detail, headers = _described(error)
        if _is_for_people(request):
            shown = page(request, status, detail)
            shown.headers.update(headers)
            return shown
        return problem(status, code, detail, request.url.path, headers)

    for kind in (
        Refused,
        HTTPException,
        RequestValidationError,
        UnmaskError,
        QueueFull,
        TooOften,
        UploadBusy,
        SQLAlchemyError,
    ):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(ClientDisconnect, answer)
    app.add_exception_handler(Exception, answer)


def _is_for_people(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def _described(error: Exception) -> tuple[int, str, str, Mapping[str, str]]:  # noqa: PLR0911 - one answer for each kind
    match error:
        case Refused():
            return error.status, error.code, str(error), error.headers
        case HTTPException():
            return error.status_code, _code(error.status_code), str(error.detail), error.headers or {}
        case RequestValidationError():
            return 422, "invalid", "; ".join(_complaint(one) for one in error.errors()), {}
        case QueueFull():
            return 429, "queue_full", "Too many items wait to be examined. Try again later.", {"Retry-After": "30"}
        case TooOften():
            return 429, "too_often", str(error), {"Retry-After": str(error.retry_s)}
        case UploadBusy():
            return 423, "upload_busy", "Another request is writing to this upload.", {"Retry-After": "2"}
        case UnmaskError():
            status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
            return status, _snake(type(error).__name__), str(error), {}
        case SQLAlchemyError():
            log.warning("The database did not answer: %s", error)
            return 503, "database_away", "The database does not answer. Try again in a moment.", {"Retry-After": "5"}
        case ClientDisconnect():
            return 400, "client_gone", "The client went away before the request was whole.", {}
        case _:
            return 500, "unforeseen", "An error that nobody foresaw; the server's log has the details.", {}


def _complaint(error: Mapping[str, object]) -> str:
    where = error.get("loc")
    place = ".".join(str(part) for part in where[1:]) if isinstance(where, tuple) else ""
    return f"{place}: {error.get('msg')}" if place else str(error.get("msg"))


def _code(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
