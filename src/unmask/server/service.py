"""Everything that routes need, in one place; made once by `unmask.server.app.create_app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from unmask.server.fetches import Fetches
from unmask.server.gate import Caller
from unmask.server.intake import Intake
from unmask.server.jobs.ledger import Ledger
from unmask.server.jobs.supervisor import Supervisor
from unmask.server.measures import Measures
from unmask.server.reading import Reader
from unmask.server.security.keys import Keys
from unmask.server.security.rate import RateLimit
from unmask.server.security.sessions import Sessions
from unmask.server.settings import Settings
from unmask.server.storage.database import Database
from unmask.server.storage.files import FileStore
from unmask.server.storage.results import ResultStore
from unmask.server.storage.uploads import UploadStore
from unmask.server.watch import Hub


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running server."""

    settings: Settings
    database: Database
    files: FileStore
    results: ResultStore
    uploads: UploadStore
    ledger: Ledger
    reader: Reader
    intake: Intake
    hub: Hub
    keys: Keys
    sessions: Sessions
    rate: RateLimit
    measures: Measures
    fetches: Fetches
    supervisor: Supervisor


async def service(request: Request) -> Service:
    """Find the service of the application that a request came to (async, so that no thread is asked for it)."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


async def caller(request: Request) -> Caller:
    """Say who asks; the gate has checked it."""
    found = request.state.caller
    assert isinstance(found, Caller)
    return found


Parts = Annotated[Service, Depends(service)]
Asking = Annotated[Caller, Depends(caller)]


async def submission(parts: Parts, asking: Asking) -> None:
    """Count a submission against the caller's rate.

    Raises:
        TooOften: There were too many within a minute.
    """
    parts.rate.count(asking.id)
