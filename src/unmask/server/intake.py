"""The way in and out of the store: what was uploaded becomes a job, what is deleted leaves nothing behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select, true

from unmask.client.documents import Job
from unmask.core.errors import UnsupportedMedia
from unmask.media.file import HEAD_BYTES, foreign_kind, image_format, stream_format
from unmask.report.schema import portable
from unmask.server.jobs.ledger import Ledger
from unmask.server.jobs.queue import JobQueue
from unmask.server.reading import Reader
from unmask.server.settings import Settings
from unmask.server.storage.database import Database
from unmask.server.storage.files import FileStore, Stored
from unmask.server.storage.results import ResultStore
from unmask.server.storage.tables import JobRow, UploadRow, new_id

_NAME_LETTERS = 255
_UPLOAD_LIFE_S = 24 * 3600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A whole file that has come in.

    Attributes:
        name: As the sender calls it.
        path: Where its bytes are.
        stored: Digest and size.
    """

    name: str
    path: Path
    stored: Stored


class Intake:
    """Takes media in and deletes them.

    Args:
        settings: Of the server.
        database: Jobs.
        files: Media.
        results: What came out.
        queue: Rings for the workers.
    """

    def __init__(
        self, settings: Settings, database: Database, files: FileStore, results: ResultStore, queue: JobQueue
    ) -> None:
        self._settings, self._database = settings, database
        self._files, self._results, self._queue = files, results, queue
        self._ledger = Ledger(database)
        self._reader = Reader(settings, database, results)
        # Files are shared between jobs: one that is being handed in again must not be deleted at that moment.
        self._lock = threading.Lock()

    def accept(self, received: Sequence[Received], *, batch: str | None = None) -> list[Job]:
        """Make a job of each file.

        Raises:
            QueueFull: Too many jobs wait.
        """
        days = self._settings.retention_days
        rows = []
        with self._lock:
            self._ledger.check_room(len(received), self._settings.queue_limit)
            for one in received:
                self._files.keep(one.path, one.stored)
                expires_s = None if days is None else days * 86400.0
                rows.append(self._ledger.add(one.name, one.stored, batch=batch, expires_s=expires_s))
        ids = [row.id for row in rows]
        self._queue.put(ids)
        return sorted(self._reader.jobs(ids), key=lambda job: ids.index(job.id))

    def delete(self, jobs: Sequence[str] | None) -> list[str]:
        """Delete jobs with their results, and their media unless another job has the same.

        Args:
            jobs: Their ids; None deletes all.

        Returns:
            Ids of those that were there.
        """
        which = true() if jobs is None else JobRow.id.in_(jobs)
        with self._lock:
            with self._database.writing() as session:
                rows = session.execute(select(JobRow.id, JobRow.sha256).where(which)).all()
                session.execute(delete(JobRow).where(which))
                left = set(session.scalars(select(JobRow.sha256).where(JobRow.sha256.in_({one for _, one in rows}))))
            for job, sha256 in rows:
                self._results.remove(job)
                if sha256 not in left:
                    self._files.remove(sha256)
        return [job for job, _ in rows]

    def expired(self) -> list[str]:
        """Delete what was kept long enough; returns the ids."""
        now = time.time()
        with self._database.writing() as session:
            old = session.scalars(select(JobRow.id).where(JobRow.expires_at < now, JobRow.state != "running")).all()
            session.execute(delete(UploadRow).where(UploadRow.created_at < now - _UPLOAD_LIFE_S))
        return self.delete(old) if old else []

    def tidy(self) -> None:
        """Delete files that belong to nothing, as a crash leaves them; run before anything is taken in."""
        with self._database.reading() as session:
            jobs = dict(session.execute(select(JobRow.id, JobRow.sha256)).all())
            uploads = set(session.scalars(select(UploadRow.id)))
        media = set(jobs.values())
        for sha256 in self._files.digests():
            if sha256 not in media:
                self._files.remove(sha256)
        for job in self._results.jobs():
            if job not in jobs:
                self._results.remove(job)
        for path in self._files.incoming_folder.iterdir():
            if path.name not in uploads:
                path.unlink(missing_ok=True)


def clean_name(raw: str) -> str:
    """Make a name to show out of whatever a sender calls a file: no folders, nothing that cannot be printed."""
    last = portable(raw).replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[-_NAME_LETTERS:] if printable.strip(".") else "unnamed"


def check_kind(head: bytes, name: str) -> None:
    """Refuse at the door what is clearly no medium.

    Args:
        head: First bytes of the file.
        name: As people know it.

    Raises:
        UnsupportedMedia: It is something else, for example a web page or an SVG drawing.
    """
    start = head[:HEAD_BYTES]
    if image_format(start) or stream_format(start):
        return
    kind = foreign_kind(start)
    if kind is not None:
        raise UnsupportedMedia(f"{name} is {kind}; expected an image, a video or a sound.")


def new_batch() -> str:
    """Make the id of a batch."""
    return new_id()
