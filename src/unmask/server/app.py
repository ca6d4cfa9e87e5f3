"""The application: every part is made here once and handed to the others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI

from unmask import __version__
from unmask.server import problems
from unmask.server.api import catalogue, events, health, jobs, media, results, session, uploads, webhooks
from unmask.server.deliveries import Deliveries
from unmask.server.fetches import Fetches
from unmask.server.gate import Gate
from unmask.server.intake import Intake
from unmask.server.jobs.examine import OpenExaminer, open_pipeline
from unmask.server.jobs.ledger import Ledger
from unmask.server.jobs.queue import JobQueue
from unmask.server.jobs.supervisor import Supervisor
from unmask.server.measures import Measured, Measures
from unmask.server.pages.routes import router as pages
from unmask.server.pages.routes import trouble
from unmask.server.reading import API, Reader
from unmask.server.security.keys import Keys
from unmask.server.security.rate import RateLimit
from unmask.server.security.sessions import Sessions
from unmask.server.service import Service
from unmask.server.settings import Settings
from unmask.server.storage.database import Database
from unmask.server.storage.files import FileStore
from unmask.server.storage.results import ResultStore
from unmask.server.storage.uploads import UploadStore
from unmask.server.view import View
from unmask.server.watch import Hub


def create_app(settings: Settings, *, open_examiner: OpenExaminer = open_pipeline) -> FastAPI:
    """Make the application; workers start with it and stop with it.

    Args:
        settings: Of the server.
        open_examiner: Opens what judges, in each worker.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    parts = _parts(settings, open_examiner)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        deliveries = Deliveries(parts.database, parts.reader, settings.private_networks)
        chores = [asyncio.create_task(parts.hub.run()), asyncio.create_task(deliveries.run())]
        parts.supervisor.start()
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.to_thread(parts.supervisor.stop)
            parts.database.close()

    app = FastAPI(
        title="unmask",
        version=__version__,
        description="Tells whether a face, a person in a video or a voice has been forged.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service, app.state.pages = parts, View(parts.reader)
    problems.install(app, trouble)
    api = APIRouter(prefix=API)
    for routes in (media, uploads, jobs, results, events, catalogue, webhooks):
        api.include_router(routes.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(session.router)
    app.include_router(pages, include_in_schema=False)
    app.add_middleware(Measured, measures=parts.measures)
    app.add_middleware(Gate, settings=settings, keys=parts.keys, sessions=parts.sessions)
    return app


def _parts(settings: Settings, open_examiner: OpenExaminer) -> Service:
    database = Database(settings.database)
    database.migrate()
    files = FileStore(settings.data, min_free_bytes=settings.min_free_bytes)
    results_store, queue, ledger = ResultStore(settings.data), JobQueue(settings), Ledger(database)
    reader = Reader(settings, database, results_store)
    intake = Intake(settings, database, files, results_store, queue)
    intake.tidy()
    hub = Hub(reader)
    return Service(
        settings=settings,
        database=database,
        files=files,
        results=results_store,
        uploads=UploadStore(database, files),
        ledger=ledger,
        reader=reader,
        intake=intake,
        hub=hub,
        keys=Keys(database),
        sessions=Sessions(settings.data),
        rate=RateLimit(settings.rate_per_minute),
        measures=Measures(ledger),
        fetches=Fetches(),
        supervisor=Supervisor(
            settings,
            open_examiner,
            ledger=ledger,
            queue=queue,
            sweeps=(lambda: hub.gone(intake.expired()),),
        ),
    )
