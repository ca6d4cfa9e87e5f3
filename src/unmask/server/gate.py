"""The gate before every route: right host, right origin, right key; and headers on every answer.

Against DNS rebinding only known names are answered to. Against forged requests from other sites (CSRF) an unsafe
request must come from the same origin, and with a cookie it must carry the session's token.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unmask.server.problems import problem
from unmask.server.security.keys import Keys
from unmask.server.security.sessions import COOKIE, Sessions
from unmask.server.settings import Settings

_MOST_HEAD_BYTES = 16 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN = ("/livez", "/readyz", "/login", "/static/")
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        id: Key, or network address where no key is needed.
        csrf: Token of the session; empty without a cookie.
    """

    id: str
    csrf: str = ""


class Gate:
    """ASGI middleware.

    Args:
        app: What lies behind.
        settings: Of the server.
        keys: Who may come in.
        sessions: Reads cookies.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, keys: Keys, sessions: Sessions) -> None:
        self._app, self._settings, self._keys, self._sessions = app, settings, keys, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, dressed)

    async def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        fault = self._fault(scope, headers)
        if fault is not None:
            return problem(*fault, path[:200])
        if "authorization" in headers or "cookie" in headers:
            caller = await run_in_threadpool(self._caller, scope, headers)
        else:
            caller = None if self._settings.keys_needed else Caller(_address(scope))
        if caller is None and path.startswith(_OPEN):
            caller = Caller(_address(scope))
        if caller is None:
            return _ask_for_key(scope)
        if self._lacks_token(scope, headers, caller):
            return problem(403, "csrf_token", "The session's token is missing (header X-CSRF-Token).", path)
        scope.setdefault("state", {})["caller"] = caller
        return None

    def _fault(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        """Find what is wrong with a request whoever sends it."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEAD_BYTES:
            return 431, "head_too_large", "The headers of the request are too large."
        if len(scope["path"]) + len(scope["query_string"]) > _MOST_HEAD_BYTES:
            return 414, "path_too_long", "The path of the request is too long."
        if not self._is_known(headers.get("host", "")):
            return 400, "unknown_host", "This server does not go by that name (header Host)."
        if scope["method"] not in _SAFE and _is_foreign(headers):
            return 403, "foreign_origin", "The request comes from another site (header Origin)."
        return None

    def _caller(self, scope: Scope, headers: Headers) -> Caller | None:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            key = self._keys.find(secret.strip())
            return None if key is None else Caller(key)
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        key = self._sessions.key(cookie)
        if key is not None and self._keys.is_valid(key):
            return Caller(key, self._sessions.csrf(cookie))
        return None if self._settings.keys_needed else Caller(_address(scope))

    def _lacks_token(self, scope: Scope, headers: Headers, caller: Caller) -> bool:
        # The form of /logout carries its token as a field, which its route checks; /login has no session yet.
        if scope["method"] in _SAFE or not caller.csrf or scope["path"] in ("/login", "/logout"):
            return False
        return headers.get("x-csrf-token") != caller.csrf

    def _is_known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self._settings.host, *self._settings.trusted_hosts):
            return True
        try:  # An address cannot be rebound, only a name can.
            return ipaddress.ip_address(name).is_loopback or not self._settings.on_loopback
        except ValueError:
            return False


def _ask_for_key(scope: Scope) -> Response:
    path = scope["path"]
    if scope["method"] in _SAFE and not path.startswith("/api/") and path != "/metrics":
        return RedirectResponse(f"/login?next={quote(path)}", status_code=303)
    bearer = {"WWW-Authenticate": "Bearer"}
    return problem(401, "key_missing", "Send a valid API key: `Authorization: Bearer KEY`.", path, bearer)


def _is_foreign(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "local"
