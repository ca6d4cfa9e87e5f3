"""When open jobs will be over: a guess from what the last ones took, and from how far those at work are."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from unmask.server.storage.tables import JobRow

_RECENT = 20


def forecast(session: Session, queue: Sequence[str], *, workers: int) -> dict[str, float]:
    """Guess how long open jobs still take.

    Args:
        session: Reads the book.
        queue: Ids of the queued jobs, next first.
        workers: How many examine at once.

    Returns:
        Seconds by id; without those about which nothing is known yet.
    """
    at_work = select(JobRow.id, JobRow.progress, JobRow.started_at).where(JobRow.state == "running")
    running = session.execute(at_work.order_by(JobRow.started_at)).all()
    now = time.time()
    spent_s = {job: now - started for job, _, started in running if started is not None}
    whole_s = {job: spent_s[job] / progress for job, progress, _ in running if progress and job in spent_s}
    pace_s = _pace_s(session)
    if pace_s is None and whole_s:
        pace_s = sum(whole_s.values()) / len(whole_s)
    if pace_s is None:
        return {}
    left_s = {job: max(whole_s.get(job, pace_s) - spent, 0.0) for job, spent in spent_s.items()}
    # Each worker takes the next job when it is through with the one before.
    places = max(workers, 1)
    free_s = [*left_s.values(), *[0.0] * places][:places]
    heapq.heapify(free_s)
    for job in queue:
        left_s[job] = free_s[0] + pace_s
        heapq.heapreplace(free_s, left_s[job])
    return left_s


def _pace_s(session: Session) -> float | None:
    """Mean time that the last jobs took; None before the first."""
    took = (JobRow.finished_at - JobRow.started_at).label("took")
    last = select(took).where(JobRow.state == "done").order_by(JobRow.finished_at.desc()).limit(_RECENT).subquery()
    return session.scalar(select(func.avg(last.c.took)))
