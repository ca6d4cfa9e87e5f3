"""What breaks while the server runs: processes, disk, database."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import event

from tests.server.conftest import API, House, Killable, Open
from tests.server.fake import examine, order
from unmask.core.events import Listener
from unmask.core.evidence import ScanReport
from unmask.server.jobs import ledger as ledgers
from unmask.server.jobs.queue import JobQueue
from unmask.server.storage import files as stores


def test_killed_workers_and_servers_lose_nothing(killable: Callable[..., Killable]) -> None:
    server = killable(max_job_s=3, workers=2)
    crafted = server.hand_in(order("die"), "crafted.png")
    endless = server.hand_in(order("hang"), "endless.png")
    innocent = server.hand_in(order(salt="innocent"))
    server.until(lambda: server.job(endless)["state"] == server.job(crafted)["state"] == "failed")
    assert "2 times: its worker died (exit -9)" in server.job(crafted)["error"]["message"]
    assert "it took longer than 3 seconds" in server.job(endless)["error"]["message"]
    server.until(lambda: server.job(innocent)["state"] == "done")

    killed = server.hand_in(order("sleep 1", "worker"))
    server.until(lambda: server.job(killed)["state"] == "running")
    for pid in server.worker_pids():
        os.kill(pid, signal.SIGKILL)
    server.until(lambda: server.job(killed)["state"] == "done")

    running, waiting = server.hand_in(order("sleep 1", "server")), server.hand_in(order(salt="waiting"))
    server.until(lambda: server.job(running)["state"] == "running")
    pids = server.worker_pids()
    server.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    server.start()
    server.until(lambda: server.job(running)["state"] == server.job(waiting)["state"] == "done")
    jobs = server.web.get(f"{API}/jobs", params={"state": "done"}).json()
    assert jobs["total"] == 4
    assert len({job["finished_at"] for job in jobs["items"]}) == 4


def test_200_uploads_at_once_of_which_some_are_the_same(one_server: Killable) -> None:
    def hand_in(number: int) -> httpx2.Response:
        files = {"file": (f"crowd-{number}.png", order(salt=f"crowd {number // 2}" + "x" * 50_000))}
        return web.post(f"{one_server.url}{API}/media", files=files)

    # A client for each would cost so much that, on a busy machine, some are hung up on before they have said a word.
    limits = httpx2.Limits(max_connections=200)
    with httpx2.Client(limits=limits, timeout=60) as web, concurrent.futures.ThreadPoolExecutor(200) as crowd:
        answers = list(crowd.map(hand_in, range(200)))
    assert {answer.status_code for answer in answers} == {202}
    ids = {answer.json()["id"] for answer in answers}
    assert len(ids) == 200
    assert len({answer.json()["sha256"] for answer in answers}) == 100
    everything = {"q": "crowd-", "state": "done"}
    one_server.until(lambda: one_server.web.get(f"{API}/jobs", params=everything).json()["total"] == 200)
    assert one_server.web.post(f"{API}/jobs/delete", json={"ids": list(ids)}).json() == {"deleted": 200}


def test_the_same_file_twice_at_once_is_stored_once(house: House) -> None:
    data = order(salt="x" * 100_000)
    with concurrent.futures.ThreadPoolExecutor(2) as pair:
        first, second = pair.map(lambda _: house.hand_in(data), range(2))
    assert first["id"] != second["id"]
    assert house.service.files.digests() == [first["sha256"]]
    house.work(2)
    assert house.job(first["id"])["state"] == house.job(second["id"])["state"] == "done"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_problem_and_loses_nothing(house: House, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    kept = house.done()

    def full(_descriptor: int) -> None:
        raise OSError(number, "full")

    with monkeypatch.context() as broken:
        broken.setattr(stores.os, "fsync", full)
        answer = house.web.post(f"{API}/media", files={"file": ("b.png", order(salt="b"))})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not list(house.service.files.incoming_folder.iterdir())
    assert house.web.get(kept["links"]["report"]).status_code == 200
    assert house.done(order(salt="b"))["state"] == "done"


def test_uploads_leave_some_room_on_the_disk(open_house: Open) -> None:
    house = open_house(min_free_bytes=2**62)
    answer = house.web.post(f"{API}/media", files={"file": ("b.png", order())})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
    assert house.web.post(f"{API}/uploads", headers=headers).status_code == 507


def test_a_result_that_does_not_fit_fails_its_job_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as broken:
        broken.setattr("unmask.server.storage.results.save_record", full)
        job = house.done()
    assert (job["state"], job["error"]["code"]) == ("failed", "StorageFull")
    assert house.service.results.jobs() == []
    assert house.done()["state"] == "done"


def test_a_locked_database_is_waited_for_and_then_a_problem(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unmask.server.storage.database._BUSY_S", 1.5)
    house = open_house()
    lock = sqlite3.connect(house.settings.data / "unmask.db", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.3, lock.execute, ("ROLLBACK",)).start()
    assert house.hand_in()["state"] == "queued"
    lock.execute("BEGIN EXCLUSIVE")
    answer = house.web.post(f"{API}/media", files={"file": ("b.png", order(salt="b"))})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert int(answer.headers["retry-after"]) > 0
    lock.execute("ROLLBACK")
    lock.close()
    house.work()
    assert house.done(order(salt="b"))["state"] == "done"


def test_a_database_that_may_not_be_written_is_a_problem(house: House) -> None:
    job = house.done()
    # Every connection, those of workers among them: which one the pool hands out next is chance.
    event.listen(house.service.database._engine, "checkout", lambda one, *_: one.execute("PRAGMA query_only=ON"))
    answer = house.web.patch(f"{API}/jobs/{job['id']}", json={"note": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert house.web.get(job["links"]["self"]).status_code == 200


def test_a_job_is_concluded_once_even_if_two_workers_examine_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = house.hand_in()["id"]
    ledger = house.service.ledger
    monkeypatch.setattr(ledgers, "LEASE_S", -1.0)
    slow = ledger.claim(job, "slow")
    assert slow is not None
    assert ledger.expire() == [job]
    quick = ledger.claim(job, "quick")
    assert quick is not None
    assert not ledger.renew(slow, "looking", 0.5)
    assert not ledger.fail(slow, "DecodeFailed", "late")
    assert ledger.fail(quick, "DecodeFailed", "first")
    assert not ledger.fail(quick, "DecodeFailed", "again")
    assert house.job(job)["error"]["message"] == "first"
    assert ledger.claim(job, "third") is None


def test_a_server_that_is_told_to_stop_costs_a_job_no_try(house: House) -> None:
    job, ledger = house.hand_in()["id"], house.service.ledger
    for _ in range(5):
        assert ledger.claim(job, "stopped") is not None
        assert ledger.release("stopped", None) == [job]
    for _ in range(2):
        assert house.job(job)["state"] == "queued"
        assert ledger.claim(job, "crashed") is not None
        ledger.release("crashed", "its worker died")
    assert house.job(job)["error"]["code"] == "ExaminationStopped"


def test_a_worker_drops_a_job_that_was_cancelled(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = house.hand_in(order("sleep 30"))["id"]
    timer = threading.Timer(1.0, house.service.ledger.cancel, (job,))
    timer.start()
    house.work()
    timer.join()
    assert house.job(job)["state"] == "cancelled"
    assert house.service.results.jobs() == []


def test_a_job_deleted_while_it_runs_leaves_nothing(house: House) -> None:
    job = house.hand_in()["id"]

    def delete_meanwhile(path: Path, listener: Listener) -> ScanReport:
        found = examine(path, listener)
        assert house.service.intake.delete([job]) == [job]
        return found

    house.examine = delete_meanwhile
    house.work()
    assert house.service.results.jobs() == house.service.files.digests() == []


def test_a_queue_that_lost_its_messages_is_filled_again(house: House) -> None:
    job = house.hand_in()["id"]
    with sqlite3.connect(house.settings.data / "queue.db") as queue:
        queue.execute("DELETE FROM task")
    house.work()
    assert house.job(job)["state"] == "queued"
    house.service.supervisor._find_lost()
    house.work()
    assert house.job(job)["state"] == "done"


def test_who_came_first_is_next_whatever_was_announced_first(house: House) -> None:
    first, second = house.hand_in(order(salt="1"))["id"], house.hand_in(order(salt="2"))["id"]
    with sqlite3.connect(house.settings.data / "queue.db") as queue:
        queue.execute("DELETE FROM task")
    JobQueue(house.settings).put([second, first])
    house.work()
    assert (house.job(first)["state"], house.job(second)["state"]) == ("done", "queued")
    house.work()
    assert house.job(second)["state"] == "done"


def test_what_a_crash_left_behind_is_swept_up(open_house: Open) -> None:
    house = open_house()
    job = house.done()
    stray = house.service.files.path("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    (house.service.files.incoming_folder / "half").write_bytes(b"x")
    (house.settings.data / "results" / ("0" * 32)).mkdir()
    again = open_house()
    assert again.service.files.digests() == [job["sha256"]]
    assert again.service.results.jobs() == [job["id"]]
    assert not list(again.service.files.incoming_folder.iterdir())
