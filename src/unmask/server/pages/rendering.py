"""Turns templates into pages, with what every page needs and with the policy that browsers hold it to."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from unmask.report.words import HEADLINES
from unmask.server.pages.assets import digest
from unmask.server.pages.words import JUDGEMENTS, STATES

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(self)",
    # With no-referrer browsers would hide the origin of forms, and the server could not tell its own from foreign ones.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def render(request: Request, name: str, context: dict[str, Any], *, status: int = 200) -> HTMLResponse:
    """Render one template as a page.

    Args:
        request: What was asked for.
        name: Template.
        context: Its values; text from outside is escaped by the template engine.
        status: HTTP status.

    Returns:
        The page, never kept by browsers.
    """
    shared = {
        "static": f"/static/{digest()}",
        "here": request.url.path,
        "local": is_local(request),
        "version": version("unmask"),
        "headlines": HEADLINES,
        "states": STATES,
        "judgements": JUDGEMENTS,
    }
    return HTMLResponse(_templates().get_template(name).render(**shared, **context), status, HEADERS)


def is_local(request: Request) -> bool:
    """Tell whether the page is looked at on the computer that serves it."""
    return request.url.hostname in LOOPBACK


@functools.cache
def _templates() -> Environment:
    shared = PrefixLoader({"report": PackageLoader("unmask.report")})
    return Environment(
        loader=ChoiceLoader([PackageLoader("unmask.server.pages"), shared]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
