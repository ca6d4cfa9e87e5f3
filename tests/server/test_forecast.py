"""How long open jobs still take."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from tests.server.conftest import House
from tests.server.fake import order
from unmask.server.jobs.forecast import forecast
from unmask.server.jobs.ledger import queue_order
from unmask.server.storage.tables import JobRow

PACE_S = 40.0


def _set(house: House, job: str, **values: float) -> None:
    with house.service.database.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(**values))


def _started(house: House, *, spent_s: float, progress: float) -> str:
    """A job at work."""
    job = str(house.hand_in(order(salt=f"{spent_s} {progress}"))["id"])
    assert house.service.ledger.claim(job, "worker") is not None
    _set(house, job, started_at=time.time() - spent_s, progress=progress)
    return job


def _waiting(house: House, count: int) -> list[str]:
    return [str(house.hand_in(order(salt=f"waits {number}"))["id"]) for number in range(count)]


def _past(house: House) -> None:
    """One job that took `PACE_S`."""
    job = house.done(order(salt="past"))["id"]
    _set(house, job, started_at=time.time() - PACE_S, finished_at=time.time())


def _left_s(house: House, *jobs: str) -> list[float]:
    return [house.job(job)["eta_s"] for job in jobs]


def test_those_who_wait_wait_for_the_job_at_work_too(house: House) -> None:
    _past(house)
    running, (first, second) = _started(house, spent_s=30, progress=0.75), _waiting(house, 2)
    assert _left_s(house, running, first, second) == pytest.approx([10, 10 + PACE_S, 10 + 2 * PACE_S], abs=1.5)
    _set(house, running, progress=0.5)
    assert _left_s(house, running, first) == pytest.approx([30, 30 + PACE_S], abs=1.5)


def test_nobody_is_at_work(house: House) -> None:
    _past(house)
    assert _left_s(house, *_waiting(house, 2)) == pytest.approx([PACE_S, 2 * PACE_S], abs=1.5)


def test_a_job_that_has_hardly_begun_is_taken_for_an_average_one(house: House) -> None:
    _past(house)
    running, (waiting,) = _started(house, spent_s=15, progress=0.0), _waiting(house, 1)
    assert _left_s(house, running, waiting) == pytest.approx([PACE_S - 15, 2 * PACE_S - 15], abs=1.5)
    _set(house, running, started_at=time.time() - 5 * PACE_S)
    assert _left_s(house, running, waiting) == pytest.approx([0, PACE_S], abs=1.5)


def test_before_the_first_verdict_the_job_at_work_sets_the_pace(house: House) -> None:
    (waiting,) = _waiting(house, 1)
    assert _left_s(house, waiting) == [None]
    _started(house, spent_s=20, progress=0.5)
    assert _left_s(house, waiting) == pytest.approx([20 + 40], abs=1.5)


def test_two_workers_share_the_queue(house: House) -> None:
    _past(house)
    _started(house, spent_s=30, progress=0.75)
    _started(house, spent_s=10, progress=0.25)
    waiting = _waiting(house, 3)
    with house.service.database.reading() as session:
        left_s = forecast(session, queue_order(session), workers=2)
    assert [left_s[job] for job in waiting] == pytest.approx([50, 70, 90], abs=1.5)


def test_those_who_wait_hear_when_it_takes_longer(house: House) -> None:
    _past(house)
    running, (waiting,) = _started(house, spent_s=30, progress=0.75), _waiting(house, 1)
    hub, reader = house.service.hub, house.service.reader
    with hub._listening() as ear:
        seen = hub._tell(reader.changed(0), {})
        assert ear.qsize() == 3
        seen = hub._tell(reader.changed(0), seen)
        assert ear.qsize() == 3
        _set(house, running, progress=0.2)
        hub._tell(reader.changed(0), seen)
        heard = [event.job for event in (ear.get_nowait() for _ in range(5)) if event is not None]
    assert set(heard[3:]) == {running, waiting}
