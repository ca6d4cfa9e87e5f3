"""Cookies of people who signed in with a key: signed, not stored; they end with their key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

COOKIE = "unmask_session"
LIFE_S = 12 * 3600


class Sessions:
    """Makes and reads cookies.

    Args:
        data: The server's folder; the signing secret lies in it, readable by its owner only.
    """

    def __init__(self, data: Path) -> None:
        self._secret = _secret(data / "secret")

    def open(self, key: str) -> str:
        """Make a cookie for the holder of a key."""
        body = f"{key}.{int(time.time()) + LIFE_S}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign('session', body)}"

    def key(self, cookie: str) -> str | None:
        """Return the key that a cookie was made for; None if it is forged or too old."""
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", body).encode()):
            return None
        key, until, _ = body.split(".")
        return key if float(until) > time.time() else None

    def csrf(self, cookie: str) -> str:
        """Return the token that unsafe requests with this cookie must carry."""
        return self._sign("csrf", cookie)

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def _secret(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as stream:
        stream.write(secrets.token_bytes(32))
    return path.read_bytes()
