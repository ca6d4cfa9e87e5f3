"""A worker: a process of its own that opens the models once and examines one medium after the other.

A crafted file can kill or hang it. The kernel ends it by SIGALRM when a job takes too long, whatever the decoder is
doing at that moment; the supervisor notices, starts another one, and the job is tried once more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from unmask.core.errors import UnmaskError
from unmask.core.events import Advanced
from unmask.server.jobs.examine import Examine, OpenExaminer
from unmask.server.jobs.ledger import Claim, Ledger
from unmask.server.jobs.progress import BEAT_S, Heart, JobLost
from unmask.server.jobs.queue import JobQueue
from unmask.server.settings import Settings
from unmask.server.storage.database import Database
from unmask.server.storage.files import FileStore
from unmask.server.storage.results import ResultStore

T = TypeVar("T")
_IDLE_S = 0.1
_PATIENCE_S = 120.0

log = logging.getLogger(__name__)


def work(settings: Settings, open_examiner: OpenExaminer, name: str) -> None:
    """Run until told to stop, or until the server is gone; the entry of the process.

    Args:
        settings: Of the server.
        open_examiner: Opens what judges.
        name: Of this worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then stops its workers.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    server = os.getppid()
    with contextlib.suppress(OSError):  # If memory runs out, this process goes first, not the server.
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    worker = Worker(settings, open_examiner(settings), name)
    while os.getppid() == server:
        worker.step()
    worker.close()


class Worker:
    """Takes jobs and concludes them.

    Args:
        settings: Of the server.
        examine: What judges.
        name: Of this worker.
    """

    def __init__(self, settings: Settings, examine: Examine, name: str) -> None:
        self._settings, self._examine, self._name = settings, examine, name
        self._database = Database(settings.database)
        self._ledger = Ledger(self._database)
        self._files, self._results = FileStore(settings.data), ResultStore(settings.data)
        self._queue = JobQueue(settings, self.do)
        self._ready_at, self._greeted = time.time(), 0.0

    def close(self) -> None:
        """Leave the database."""
        self._database.close()

    def step(self) -> None:
        """Do the next job, or wait a moment."""
        try:
            self.greet()
            if not self._queue.run_one():
                time.sleep(_IDLE_S)
        except (SQLAlchemyError, OSError) as error:
            log.warning("%s cannot reach its queue: %s", self._name, error)
            time.sleep(1.0)

    def greet(self) -> None:
        """Say that this worker is alive, now and then."""
        if time.monotonic() - self._greeted > BEAT_S:
            self._ledger.greet(self._name, os.getpid(), self._ready_at)
            self._greeted = time.monotonic()

    def do(self, _announced: str) -> None:
        """Examine the medium of the job that has waited longest, whichever was announced, and store what came out."""
        claim = _stubborn(self._next)
        if claim is None:
            return
        with _time_limit(self._settings.max_job_s), Heart(self._ledger, claim, self.greet) as heart:
            try:
                self._conclude(claim, heart)
            except JobLost:
                if _stubborn(lambda: self._ledger.state(claim.job)) in (None, "cancelled"):
                    self._results.remove(claim.job)
            except Exception as error:  # noqa: BLE001 - whatever a file provokes, it fails only its own job
                code, message = type(error).__name__, self._explained(claim, error)
                _stubborn(lambda: self._ledger.fail(claim, code, message))

    def _next(self) -> Claim | None:
        claims = (self._ledger.claim(job, self._name) for job in self._ledger.queued())
        return next(filter(None, claims), None)

    def _conclude(self, claim: Claim, heart: Heart) -> None:
        report = self._examine(self._files.path(claim.sha256), heart.listen)
        heart.listen(Advanced("reporting", 0, 1))
        self._results.save(claim.job, report, claim.name)
        heart.listen(Advanced("reporting", 1, 1))
        if not _stubborn(lambda: self._ledger.finish(claim, report)):
            raise JobLost

    def _explained(self, claim: Claim, error: Exception) -> str:
        """Say what went wrong, with the name of the file as people know it instead of its place in the store."""
        if isinstance(error, UnmaskError):
            return str(error).replace(str(self._files.path(claim.sha256)), claim.name)
        if isinstance(error, MemoryError):
            return f"{claim.name}: there is not enough memory to decode it."
        log.error("Job %s met an error that nobody foresaw.", claim.job, exc_info=error)
        return f"{claim.name}: an error that nobody foresaw ({type(error).__name__}); the server's log has the details."


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _stubborn(ask: Callable[[], T]) -> T:
    """Ask the database again until it answers: hours of work shall not be lost because it was restarted."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return ask()
        except SQLAlchemyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)
