"""Signing in with a key, for people with a browser."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from unmask.server.problems import Refused
from unmask.server.security.sessions import COOKIE, LIFE_S
from unmask.server.service import Asking, Parts, submission

router = APIRouter(include_in_schema=False)


@router.post("/login", status_code=303, response_class=RedirectResponse, dependencies=[Depends(submission)])
def sign_in(
    request: Request,
    parts: Parts,
    key: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the name of the field
) -> RedirectResponse:
    """Start a session and go on to a page of this server."""
    place = _local(next)
    found = parts.keys.find(key.strip())
    if found is None:
        return RedirectResponse(f"/login?wrong=1&next={quote(place)}", 303)
    answer = RedirectResponse(place, 303)
    answer.set_cookie(
        COOKIE,
        parts.sessions.open(found),
        max_age=LIFE_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout", status_code=303, response_class=RedirectResponse)
def sign_out(asking: Asking, csrf: Annotated[str, Form(max_length=200)] = "") -> RedirectResponse:
    """End a session."""
    if csrf != asking.csrf:
        raise Refused(403, "csrf_token", "The session's token is missing (field csrf).")
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _local(place: str) -> str:
    """Let only paths of this server through; browsers read `//host` and backslashes as other servers."""
    plain = place.startswith("/") and not place.startswith("//") and "\\" not in place and place.isprintable()
    return place if plain else "/"
