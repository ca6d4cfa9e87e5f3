"""The book of jobs: every change of state is one transaction here. The database is the truth, the queue only a bell.

A worker holds a job by a lease that it renews. Whoever's lease has run out, or was given to somebody else, can no
longer write, so that a job is concluded once even if two workers ever examine it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from unmask.client.documents import Stage, State
from unmask.core.evidence import ScanReport
from unmask.server.storage.database import Database
from unmask.server.storage.files import Stored
from unmask.server.storage.tables import DeliveryRow, JobRow, WebhookRow, WorkerRow, new_id

LEASE_S = 10.0
MOST_TRIES = 2
OPEN: tuple[State, ...] = ("queued", "running")
_GONE = "The examination was stopped {tries} times: {why}. The file may be crafted or damaged; nothing else was harmed."


class QueueFull(Exception):
    """Too many jobs wait."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds.

    Attributes:
        job: Its id.
        lease: Proof that it is held.
        sha256: Digest of its file.
        name: Name of its file, as given.
    """

    job: str
    lease: str
    sha256: str
    name: str


class Ledger:
    """Writes and reads the book.

    Args:
        database: Where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def check_room(self, jobs: int, limit: int) -> None:
        """Check that some more jobs may wait.

        Raises:
            QueueFull: With them more than `limit` would.
        """
        with self._database.reading() as session:
            waiting = session.scalar(select(func.count()).where(JobRow.state.in_(OPEN))) or 0
        if waiting + jobs > limit:
            raise QueueFull

    def add(self, name: str, stored: Stored, *, batch: str | None, expires_s: float | None) -> JobRow:
        """Note a new job."""
        now = time.time()
        row = JobRow(
            id=new_id(),
            name=name,
            sha256=stored.sha256,
            bytes=stored.bytes,
            batch=batch,
            created_at=now,
            updated_at=now,
            expires_at=None if expires_s is None else now + expires_s,
        )
        with self._database.writing() as session:
            session.add(row)
        return row

    def claim(self, job: str, worker: str) -> Claim | None:
        """Take a queued job; None if it is not queued any more."""
        lease, now = new_id(), time.time()
        with self._database.writing() as session:
            taken = _change(
                session,
                (JobRow.id == job) & (JobRow.state == "queued"),
                state="running",
                stage="probing",
                progress=0.0,
                started_at=now,
                attempts=JobRow.attempts + 1,
                worker=worker,
                lease=lease,
                lease_until=now + LEASE_S,
            )
            row = session.get(JobRow, job) if taken else None
            return None if row is None else Claim(job, lease, row.sha256, row.name)

    def renew(self, claim: Claim, stage: Stage, progress: float) -> bool:
        """Hold a job for longer and note how far it is; False if it is held no more."""
        until = time.time() + LEASE_S
        with self._database.writing() as session:
            return _change(session, _held(claim), stage=stage, progress=progress, lease_until=until) > 0

    def finish(self, claim: Claim, report: ScanReport) -> bool:
        """Note a conclusion; False if the job is held no more."""
        low, high = report.interval or (None, None)
        values = {
            "kind": report.media.kind,
            "format": report.media.format,
            "verdict": report.verdict,
            "p_fake": report.p_fake,
            "low": low,
            "high": high,
            "coverage": report.coverage,
        }
        with self._database.writing() as session:
            return _end(session, _held(claim), "done", **values) > 0

    def fail(self, claim: Claim, code: str, message: str) -> bool:
        """Note that a medium cannot be examined; False if the job is held no more."""
        with self._database.writing() as session:
            return _end(session, _held(claim), "failed", error_code=code, error_message=message) > 0

    def cancel(self, job: str) -> bool:
        """Stop a job; False if it has ended, or is not there."""
        with self._database.writing() as session:
            return _end(session, (JobRow.id == job) & JobRow.state.in_(OPEN), "cancelled") > 0

    def release(self, worker: str, why: str | None) -> list[str]:
        """Put a worker's jobs back, or fail those that were tried often enough.

        Args:
            worker: Name of the worker, which is dead.
            why: What killed it; None if it was told to stop, which is no fault of the job.

        Returns:
            Jobs to be queued again.
        """
        with self._database.writing() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.name == worker))
            return _put_back(session, (JobRow.state == "running") & (JobRow.worker == worker), why)

    def expire(self) -> list[str]:
        """Put jobs back whose worker has not been heard of; returns them."""
        overdue = (JobRow.state == "running") & (JobRow.lease_until < time.time())
        with self._database.writing() as session:
            return _put_back(session, overdue, "its worker was lost")

    def state(self, job: str) -> State | None:
        """Tell how a job is; None if it was deleted."""
        with self._database.reading() as session:
            return session.scalar(select(JobRow.state).where(JobRow.id == job))

    def queued(self) -> list[str]:
        """List queued jobs, next first."""
        with self._database.reading() as session:
            return queue_order(session)

    def counts(self) -> dict[State, int]:
        """Count jobs by state."""
        with self._database.reading() as session:
            return dict(session.execute(select(JobRow.state, func.count()).group_by(JobRow.state)).all())

    def greet(self, worker: str, pid: int, ready_at: float) -> None:
        """Note that a worker is alive."""
        with self._database.writing() as session:
            session.merge(WorkerRow(name=worker, pid=pid, ready_at=ready_at, beat_at=time.time()))

    def knows(self, worker: str) -> bool:
        """Tell whether a worker has ever said that it is alive."""
        with self._database.reading() as session:
            return session.get(WorkerRow, worker) is not None

    def ready_workers(self) -> int:
        """Count workers that have their models open and were heard of lately."""
        with self._database.reading() as session:
            alive = select(func.count()).where(WorkerRow.beat_at > time.time() - LEASE_S)
            return session.scalar(alive) or 0


def queue_order(session: Session) -> list[str]:
    """List queued jobs, next first."""
    return list(
        session.scalars(select(JobRow.id).where(JobRow.state == "queued").order_by(JobRow.created_at, JobRow.id))
    )


def _held(claim: Claim) -> ColumnElement[bool]:
    return (JobRow.id == claim.job) & (JobRow.state == "running") & (JobRow.lease == claim.lease)


def _change(session: Session, which: ColumnElement[bool], **values: object) -> int:
    """Change rows and count them; each change raises the revision that listeners watch."""
    values |= {"updated_at": time.time(), "revision": JobRow.revision + 1}
    statement = update(JobRow).where(which).values(**values).execution_options(synchronize_session=False)
    return session.execute(statement).rowcount  # type: ignore[attr-defined,no-any-return]


def _end(session: Session, which: ColumnElement[bool], state: State, **values: object) -> int:
    """End jobs, and leave word for every webhook in the same transaction."""
    jobs = session.scalars(select(JobRow.id).where(which)).all()
    ended = {"state": state, "stage": "done", "progress": 1.0 if state == "done" else None, "finished_at": time.time()}
    count = _change(session, which, **ended, lease=None, lease_until=None, **values)
    hooks = session.scalars(select(WebhookRow.id)).all()
    for job in jobs if count else ():
        session.add_all(DeliveryRow(webhook=hook, job=job, event=f"job.{state}", next_at=time.time()) for hook in hooks)
    return count


def _put_back(session: Session, which: ColumnElement[bool], why: str | None) -> list[str]:
    rows = session.execute(select(JobRow.id, JobRow.attempts).where(which)).all()
    back = []
    for job, tries in rows:
        only = (JobRow.id == job) & which
        if why is not None and tries >= MOST_TRIES:
            message = _GONE.format(tries=tries, why=why)
            _end(session, only, "failed", error_code="ExaminationStopped", error_message=message)
            continue
        queued = {"state": "queued", "stage": "waiting", "progress": None, "started_at": None, "worker": None}
        attempts = tries if why is not None else tries - 1
        if _change(session, only, **queued, lease=None, lease_until=None, attempts=attempts):
            back.append(job)
    return back
