"""Listens: uvicorn with limits, and with keys wherever others can reach it."""

from __future__ import annotations

import asyncio

import h11
import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.protocols.http.h11_impl import H11Protocol

from unmask.core.errors import InvalidOption
from unmask.server.app import create_app
from unmask.server.jobs.examine import OpenExaminer, open_pipeline
from unmask.server.settings import Settings

_GRACE_S = 3
_HEAD_S = 10.0


class Patient(H11Protocol):
    """Speaks HTTP, and hangs up on whoever takes too long over the head of a request."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._late = self.loop.call_later(_HEAD_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """Stop waiting when the head is whole; wait for the next one as soon as it begins."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._late is None:
            self._late = self.loop.call_later(_HEAD_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._forget()
        super().connection_lost(exc)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def run(settings: Settings, *, open_examiner: OpenExaminer = open_pipeline) -> None:
    """Serve until stopped.

    Args:
        settings: Of the server.
        open_examiner: Opens what judges, in each worker.

    Raises:
        InvalidOption: Others could reach the server, and there is no key that would keep them out; or its database
            does not answer.
    """
    try:
        app = create_app(settings, open_examiner=open_examiner)
    except SQLAlchemyError as error:
        message = f"The database does not answer: {error}. Start it, or leave --database-url out to use SQLite."
        raise InvalidOption(message) from error
    if settings.keys_needed and not app.state.service.keys.exist():
        message = (
            f"Listening on {settings.host} needs an API key, or anybody could read what is handed in. "
            "Make one with `unmask serve keys add NAME`, or listen on 127.0.0.1."
        )
        raise InvalidOption(message)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Patient,
        ws="none",
        log_level="info",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=32 * 1024,
        limit_concurrency=1000,
        backlog=1024,
    )
    uvicorn.Server(config).run()
