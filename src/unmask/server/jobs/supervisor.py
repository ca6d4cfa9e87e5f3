"""Keeps workers alive and the queue complete: what died is started again, what was lost is queued again."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess

from sqlalchemy.exc import SQLAlchemyError

from unmask.server.jobs.examine import OpenExaminer
from unmask.server.jobs.ledger import Ledger
from unmask.server.jobs.queue import JobQueue
from unmask.server.jobs.worker import work
from unmask.server.settings import Settings
from unmask.server.storage.tables import new_id

_TICK_S = 0.2
_SWEEP_S = 2.0
_LONGEST_PAUSE_S = 30.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Post:
    """A place for one worker.

    Attributes:
        process: Who holds it; None while it is empty.
        name: Of the process; each has a new one.
        pause_s: How long to wait before the next one starts.
        open_at: When the next one may start.
    """

    process: SpawnProcess | None = None
    name: str = ""
    pause_s: float = 0.0
    open_at: float = 0.0


class Supervisor:
    """Runs workers from a thread of the server.

    Args:
        settings: Of the server.
        open_examiner: Opens what judges, in each worker.
        ledger: The book of jobs.
        queue: The bell.
        sweeps: Further things to do every two seconds, such as deleting what has expired.
    """

    def __init__(
        self,
        settings: Settings,
        open_examiner: OpenExaminer,
        *,
        ledger: Ledger,
        queue: JobQueue,
        sweeps: tuple[Callable[[], None], ...] = (),
    ) -> None:
        self._settings, self._open_examiner = settings, open_examiner
        self._ledger, self._queue = ledger, queue
        self._sweeps = (self._find_lost, *sweeps)
        self._posts = [_Post() for _ in range(settings.workers)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._swept_at = 0.0

    def start(self) -> None:
        """Start the workers."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the workers; what they were doing is queued again."""
        self._stop.set()
        self._thread.join()
        for post in self._posts:
            if post.process is not None:
                post.process.kill()
                post.process.join()
                with contextlib.suppress(SQLAlchemyError):
                    self._ledger.release(post.name, None)

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [post.process.pid for post in self._posts if post.process is not None and post.process.pid]

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            try:
                for post in self._posts:
                    self._watch(post)
                if time.monotonic() - self._swept_at > _SWEEP_S:
                    self._swept_at = time.monotonic()
                    for sweep in self._sweeps:
                        sweep()
            except (SQLAlchemyError, OSError) as error:  # The database or the disk; both may come back.
                log.warning("The supervisor will try again: %s", error)

    def _watch(self, post: _Post) -> None:
        if post.process is not None and post.process.is_alive():
            return
        if post.process is not None:
            self._bury(post, post.process)
        if time.monotonic() >= post.open_at:
            post.name = f"{os.getpid()}-{new_id()[-8:]}"
            entry = (self._settings, self._open_examiner, post.name)
            post.process = get_context("spawn").Process(target=work, args=entry, name="unmask-worker", daemon=True)
            post.process.start()

    def _bury(self, post: _Post, process: SpawnProcess) -> None:
        """Put the dead worker's jobs back; one that never got ready is followed by the next only after a pause."""
        log.warning("Worker %s ended with %s.", post.name, process.exitcode)
        was_ready = self._ledger.knows(post.name)
        self._queue.put(self._ledger.release(post.name, self._cause(process.exitcode)))
        # One that a file killed is replaced at once: whoever hands in many such files shall not make others wait.
        post.pause_s = 0.0 if was_ready else min(max(1.0, post.pause_s * 2), _LONGEST_PAUSE_S)
        post.process, post.open_at = None, time.monotonic() + post.pause_s

    def _cause(self, exitcode: int | None) -> str:
        if exitcode == -signal.SIGALRM:
            return f"it took longer than {self._settings.max_job_s:g} seconds"
        return f"its worker died (exit {exitcode})"

    def _find_lost(self) -> None:
        """Queue again whose worker vanished, and what the queue has forgotten, for example with its disk."""
        self._queue.put(self._ledger.expire())
        if not len(self._queue):
            self._queue.put(self._ledger.queued())
