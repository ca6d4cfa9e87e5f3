"""Listens: uvicorn with limits, and with keys wherever others can reach it."""

from __future__ import annotations

import sys

import uvicorn

from unmask.core.errors import InvalidOption
from unmask.server.app import create_app
from unmask.server.jobs.examine import OpenExaminer, open_pipeline
from unmask.server.settings import Settings

_GRACE_S = 3


def run(settings: Settings, *, open_examiner: OpenExaminer = open_pipeline) -> None:
    """Serve until stopped.

    Args:
        settings: Of the server.
        open_examiner: Opens what judges, in each worker.

    Raises:
        InvalidOption: Others could reach the server, and there is no key that would keep them out.
    """
    app = create_app(settings, open_examiner=open_examiner)
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
        http="h11",
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
    sys.stderr.write(f"unmask is at http://{settings.host}:{settings.port} - stop it with Ctrl-C.\n")
    uvicorn.Server(config).run()
