"""The bell that tells workers of a job: huey, over SQLite by default, over Redis when configured."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer
from redis.exceptions import RedisError

from unmask.server.settings import Settings

log = logging.getLogger(__name__)


class _Json(Serializer):  # type: ignore[misc]
    """Messages as JSON: unlike huey's own pickles, they cannot do anything when they are read."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


def _nobody(job: str) -> None:
    """Take no job: the server's end only rings."""


class JobQueue:
    """Sends and receives the ids of jobs, first in, first out.

    Args:
        settings: Which queue.
        examine: What a worker does with a job.
    """

    def __init__(self, settings: Settings, examine: Callable[[str], None] = _nobody) -> None:
        self._huey = _open(settings)

        @self._huey.task(name="examine")  # type: ignore[untyped-decorator]
        def ring(job: str) -> None:
            examine(job)

        self._task = ring

    def put(self, jobs: Iterable[str]) -> None:
        """Announce jobs. If the queue is away they are announced later: the supervisor compares it with the ledger."""
        try:
            with _outage_named():
                for job in jobs:
                    self._task(job)
        except ConnectionError as error:
            log.warning("A job will be announced later: %s", error)

    def run_one(self) -> bool:
        """Do the next announced job; False if there is none (Redis is waited for up to a second).

        Raises:
            ConnectionError: The queue is away.
        """
        with _outage_named():
            task = self._huey.dequeue()
        if task is None:
            return False
        self._huey.execute(task)
        return True

    def __len__(self) -> int:
        with _outage_named():
            return int(self._huey.pending_count())


@contextlib.contextmanager
def _outage_named() -> Iterator[None]:
    try:
        yield
    except (RedisError, sqlite3.Error, HueyException, ValueError) as error:
        raise ConnectionError(str(error)) from error


def _open(settings: Settings) -> Huey:
    shared: dict[str, Any] = {"results": False, "serializer": _Json()}
    if settings.redis_url:
        return RedisHuey("unmask", url=settings.redis_url, **shared)
    return SqliteHuey("unmask", filename=str(settings.data / "queue.db"), **shared)
