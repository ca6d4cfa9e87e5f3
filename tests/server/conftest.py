"""A server in this process without workers, whose jobs are done when a test says so; and servers to kill."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from tests.server.fake import examine, order
from unmask.server.app import create_app
from unmask.server.jobs.examine import Examine
from unmask.server.jobs.worker import Worker
from unmask.server.service import Service
from unmask.server.settings import Settings

API = "/api/v1"


@dataclass
class House:
    """A server, and the means to do its work."""

    settings: Settings
    web: TestClient
    service: Service
    examine: Examine = examine
    _workers: list[Worker] = field(default_factory=list)

    def hand_in(self, data: bytes = order(), name: str = "clip.png") -> dict[str, Any]:
        answer = self.web.post(f"{API}/media", files={"file": (name, data)})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def job(self, job: str) -> dict[str, Any]:
        return dict(self.web.get(f"{API}/jobs/{job}").json())

    def work(self, jobs: int = 1) -> None:
        if not self._workers:
            self._workers.append(Worker(self.settings, self.examine, "tester"))
        for _ in range(jobs):
            self._workers[0].step()

    def done(self, data: bytes = order(), name: str = "clip.png") -> dict[str, Any]:
        job = self.hand_in(data, name)
        self.work()
        return self.job(job["id"])

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        self.web.__exit__(None, None, None)


Open = Callable[..., House]


def _opened(data: Path, **changes: Any) -> House:
    values = {"data": data, "workers": 0, "min_free_bytes": 0, **changes}
    settings = Settings(**values)
    app = create_app(settings)
    client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    client.__enter__()
    return House(settings, client, app.state.service)


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Open]:
    """Open servers with changed settings."""
    houses: list[House] = []

    def build(**changes: Any) -> House:
        houses.append(_opened(tmp_path / "data", **changes))
        return houses[-1]

    yield build
    for house in houses:
        house.close()


@pytest.fixture
def house(open_house: Open) -> House:
    """A server with the settings that people get."""
    return open_house()


@pytest.fixture(scope="session")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server for tests that leave nothing behind: they ask, or are refused."""
    house = _opened(tmp_path_factory.mktemp("shared") / "data", allow_urls=True)
    yield house
    house.close()


class Killable:
    """A server in a process of its own, with fake workers."""

    def __init__(self, data: Path, **settings: object) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url, self._data = f"http://127.0.0.1:{self.port}", data
        values = {"data": data, "port": self.port, "workers": 1, "min_free_bytes": 0, **settings}
        self._environment = {**os.environ, **{f"UNMASK_{name.upper()}": str(value) for name, value in values.items()}}
        self.web = httpx2.Client(base_url=self.url, timeout=30)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.server.fake"]
        with (self._data.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            self.until(lambda: self.web.get("/readyz").status_code == 200)
        except AssertionError:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task")
        found = [int(pid) for task in children.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def hand_in(self, data: bytes, name: str = "clip.png") -> str:
        answer = self.web.post(f"{API}/media", files={"file": (name, data)})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        return dict(self.web.get(f"{API}/jobs/{job}").json())

    def until(self, true: Callable[[], bool], seconds: float = 300.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError((self._data.parent / "server.log").read_text()[-3000:])


@dataclass
class Elsewhere:
    """Another server on this machine, which answers as told and remembers what it was sent.

    Attributes:
        port: Of loopback.
        answers: Status, headers and content by path.
        heard: Path, headers and content of every request.
        goes_on: While it is cleared, an answer stops in the middle.
    """

    port: int = 0
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Start it."""
    told = Elsewhere()
    told.goes_on.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told.heard.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, headers, data = told.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            told.goes_on.wait(30)
            self.wfile.write(data[len(data) // 2 :])

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Callable[..., Killable]]:
    """Start servers that tests may kill."""
    started: list[Killable] = []

    def start(**settings: object) -> Killable:
        started.append(Killable(tmp_path / "data", **settings))
        return started[-1]

    yield start
    for server in started:
        server.web.close()
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    """A server in a process of its own that nobody may kill."""
    server = Killable(tmp_path_factory.mktemp("one") / "data")
    yield server
    server.web.close()
    server.stop()
