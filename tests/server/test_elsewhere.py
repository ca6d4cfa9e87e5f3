"""PostgreSQL and Redis instead of files in a folder: real ones, where their programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.conftest import API, Open
from tests.server.fake import order
from unmask.server.jobs.queue import JobQueue
from unmask.server.settings import Settings

BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A cluster of its own on loopback, run by an ordinary user as it insists on."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.port, self._data, self._binaries = _free_port(), folder / "data", binaries
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "unmask", "--no-sync", "-E", "UTF8", "--locale=C")
        self.url = f"postgresql://unmask@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self._data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-o", options, "-l", self._data / "log", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *words: object) -> None:
        command = [*self._as, str(self._binaries / program), *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """Start a cluster."""
    if BINARIES is None:
        pytest.skip("needs Debian's package postgresql")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        cluster = Postgres(Path(name), BINARIES)
        cluster.start()
        yield cluster
        cluster.stop()


def test_postgresql_serves_goes_away_and_comes_back(postgres: Postgres, open_house: Open) -> None:
    house = open_house(database_url=postgres.url)
    job = house.done(name="100%_Ärger.png")
    assert (job["state"], job["verdict"]) == ("done", "likely_fake")
    assert house.web.get(f"{API}/jobs", params={"q": "100%_Ä", "sort": "-p_fake"}).json()["total"] == 1
    waiting = house.hand_in(order(salt="waits"))
    postgres.stop()
    for _ in range(3):
        answer = house.web.get(f"{API}/jobs")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        assert int(answer.headers["retry-after"]) > 0
    assert house.web.post(f"{API}/media", files={"file": ("b.png", order(salt="b"))}).status_code == 503
    assert house.web.get("/readyz").status_code == 503
    assert house.web.get("/livez").status_code == 200
    postgres.start()
    assert house.web.get(f"{API}/jobs").json()["total"] == 2
    house.service.supervisor._find_lost()
    house.work(2)
    assert house.job(waiting["id"])["state"] == "done"
    assert house.done(order(salt="b"))["state"] == "done"
    assert house.web.post(f"{API}/jobs/delete", json={"ids": "all"}).json() == {"deleted": 3}


def test_a_worker_waits_for_the_database_instead_of_losing_its_work(postgres: Postgres, open_house: Open) -> None:
    house = open_house(database_url=postgres.url)
    job = house.hand_in(order("sleep 2"))
    command = f"import time, subprocess; time.sleep(0.7); subprocess.run({_restart(postgres)!r}, shell=True)"
    with subprocess.Popen(
        [sys.executable, "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as away:
        house.work()
        away.wait()
    assert house.job(job["id"])["state"] == "done"


def _restart(postgres: Postgres) -> str:
    control = " ".join([*postgres._as, str(postgres._binaries / "pg_ctl"), "-D", str(postgres._data), "-w"])
    options = f"-p {postgres.port} -k {postgres._data} -c listen_addresses=127.0.0.1 -c fsync=off"
    return f"cd /; {control} -m immediate stop; sleep 2; {control} -o '{options}' -l {postgres._data}/log start"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """Start a Redis."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Debian's package redis-server")
    port = _free_port()
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
        process.terminate()


def test_redis_rings_for_workers(redis: str, open_house: Open) -> None:
    house = open_house(redis_url=redis)
    first, second = house.hand_in(order(salt="1")), house.hand_in(order(salt="2"))
    house.work(2)
    assert house.job(first["id"])["state"] == house.job(second["id"])["state"] == "done"
    assert house.job(first["id"])["started_at"] < house.job(second["id"])["started_at"]


def test_without_redis_jobs_are_kept_for_later(open_house: Open) -> None:
    house = open_house(redis_url=f"redis://127.0.0.1:{_free_port()}")
    job = house.hand_in()
    assert job["state"] == "queued"
    queue = JobQueue(Settings(redis_url=house.settings.redis_url))
    with pytest.raises(ConnectionError):
        queue.run_one()
    with pytest.raises(ConnectionError):
        len(queue)
