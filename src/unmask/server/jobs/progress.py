"""How far a job is, and the heart of a worker: a thread that renews the lease while the work goes on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from unmask.client.documents import Stage
from unmask.core.events import Advanced
from unmask.server.jobs.ledger import Claim, Ledger

BEAT_S = 2.0
_TICK_S = 0.25
# Where in a job each stage begins, and which share of it it takes.
_STAGES: dict[str, tuple[Stage, float, float]] = {
    "probing": ("probing", 0.0, 0.05),
    "looking": ("looking", 0.05, 0.6),
    "listening": ("listening", 0.65, 0.25),
    "concluding": ("concluding", 0.9, 0.02),
    "reporting": ("reporting", 0.92, 0.08),
}

log = logging.getLogger(__name__)


class JobLost(Exception):
    """The job was cancelled, deleted or given to somebody else."""


class Heart:
    """Listens to the work, and tells the ledger in a thread of its own.

    Args:
        ledger: The book.
        claim: The job.
        pulse: Called at every beat, to say that the worker is alive.
    """

    def __init__(self, ledger: Ledger, claim: Claim, pulse: Callable[[], None]) -> None:
        self._ledger, self._claim, self._pulse = ledger, claim, pulse
        self._now: tuple[Stage, float] = ("probing", 0.0)
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def listen(self, event: Advanced) -> None:
        """Note how far the work is.

        Raises:
            JobLost: It need not go on.
        """
        if self._lost:
            raise JobLost
        if event.stage in _STAGES:
            stage, start, share = _STAGES[event.stage]
            self._now = (stage, round(start + share * min(event.done / max(event.total, 1), 1.0), 3))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        told, told_at = self._now, time.monotonic()
        while not self._stop.wait(_TICK_S) and not self._lost:
            if self._now == told and time.monotonic() - told_at < BEAT_S:
                continue
            told, told_at = self._now, time.monotonic()
            try:
                self._lost = not self._ledger.renew(self._claim, *told)
                self._pulse()
            except SQLAlchemyError as error:  # It may come back; until the lease has run out nothing is lost.
                log.warning("The database did not answer a heartbeat: %s", error)
