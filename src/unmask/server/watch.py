"""Tells listeners of every change: one look at the database a moment, for however many of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from unmask.client.documents import ENDED, Job
from unmask.server.reading import Reader

_TICK_S = 0.3
_OVERLAP_S = 5.0
_PING_S = 15.0
_MOST_UNREAD = 2000

_State = tuple[int, int | None, float | None]
"""Revision of a job, place in the queue and time left: what listeners hear of when it changes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        name: ``job`` or ``gone``.
        job: Id.
        data: JSON.
        is_last: Whether nothing more will happen to the job.
    """

    name: str
    job: str
    data: str
    is_last: bool


class Hub:
    """Sends events to whoever listens.

    Args:
        reader: Where changes are read.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ears: set[asyncio.Queue[Event | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        self._loop = asyncio.get_running_loop()
        seen: dict[str, _State] = {}
        since = time.time()
        try:
            while True:
                await asyncio.sleep(_TICK_S)
                if not self._ears:
                    seen, since = {}, time.time()
                    continue
                with contextlib.suppress(SQLAlchemyError):
                    start = time.time()
                    changed = await run_in_threadpool(self._reader.changed, since - _OVERLAP_S)
                    seen = self._tell(changed, seen)
                    since = start
        finally:
            for ear in list(self._ears):
                ear.put_nowait(None)

    def gone(self, jobs: Iterable[str]) -> None:
        """Tell that jobs were deleted; may be called from any thread."""
        for job in jobs:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._send, Event("gone", job, json.dumps({"id": job}), is_last=True))

    async def stream(self, only: str | None = None) -> AsyncIterator[bytes]:
        """Write events as `text/event-stream`.

        Args:
            only: Id of the one job to tell of, from how it is now until it ends; None tells of all.
        """
        with self._listening() as ear:
            yield b": here\n\n"
            if only is not None:
                job = await run_in_threadpool(self._reader.job, only)
                if job is None:
                    return
                yield _line(_news(job))
                if job.state in ENDED:
                    return
            while True:
                try:
                    event = await asyncio.wait_for(ear.get(), _PING_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                if only in (None, event.job):
                    yield _line(event)
                    if only is not None and event.is_last:
                        return

    @contextlib.contextmanager
    def _listening(self) -> Iterator[asyncio.Queue[Event | None]]:
        ear: asyncio.Queue[Event | None] = asyncio.Queue()
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)

    def _tell(self, changed: list[tuple[Job, int]], seen: dict[str, _State]) -> dict[str, _State]:
        now = {}
        for job, revision in changed:
            now[job.id] = (revision, job.position, _coarse(job.eta_s))
            if seen.get(job.id) != now[job.id]:
                self._send(_news(job))
        return now

    def _send(self, event: Event) -> None:
        for ear in list(self._ears):
            if ear.qsize() < _MOST_UNREAD:
                ear.put_nowait(event)
            else:  # It does not read; it may come back and ask again.
                self._ears.discard(ear)
                ear.put_nowait(None)


def _coarse(left_s: float | None) -> float | None:
    """Round a time left, so that those who wait hear of it now and then and not at every look."""
    if left_s is None:
        return None
    return left_s // 10 if left_s < 60 else 60 * (left_s // 60)


def _news(job: Job) -> Event:
    return Event("job", job.id, job.model_dump_json(), is_last=job.state in ENDED)


def _line(event: Event) -> bytes:
    return f"event: {event.name}\ndata: {event.data}\n\n".encode()
