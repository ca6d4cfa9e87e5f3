"""How many pages a second the server answers, how many analyses a minute it makes, and what memory it takes.

``python -m bench.server`` starts `unmask serve` on a free port with real models and a folder of its own; everything
stays on loopback and is bounded in number.
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from skimage import data, io

from unmask.client import Client

PAGES = {"one job": "/api/v1/jobs/{job}", "50 jobs": "/api/v1/jobs", "history page": "/history", "/livez": "/livez"}
REQUESTS, CALLERS = 400, 8
ANALYSES = 50
UPLOADS = 1000


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as (url, process), Client(url) as client:
        portrait = Path(name) / "portrait.png"
        io.imsave(portrait, data.astronaut(), check_contrast=False)
        client.wait(client.submit(portrait).id)
        _analyses(client, portrait)
        _pages(url, process, client.jobs().items[0].id)
        _uploads(url, process, Path(name))


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"DATA": folder / "data", "PORT": port, "RATE_PER_MINUTE": 10**6, "QUEUE_LIMIT": 10**5}
    environment = {**os.environ, **{f"UNMASK_{name}": str(value) for name, value in settings.items()}}
    process = subprocess.Popen([sys.executable, "-m", "unmask", "serve"], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx2.TransportError:
                pass
            time.sleep(0.2)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def _analyses(client: Client, portrait: Path) -> None:
    took = []
    for _ in range(10):
        start = time.perf_counter()
        client.wait(client.submit(portrait).id)
        took.append(time.perf_counter() - start)
    _tell("analyses, one at a time", 60 * len(took) / sum(took), "a minute", took)
    start = time.perf_counter()
    jobs = [client.submit(portrait) for _ in range(ANALYSES)]
    ended = [client.wait(job.id) for job in jobs]
    spent = time.perf_counter() - start
    waits = [(job.finished_at - job.created_at).total_seconds() for job in ended if job.finished_at]
    _tell(f"analyses, {ANALYSES} waiting", 60 * ANALYSES / spent, "a minute", waits)


def _pages(url: str, process: subprocess.Popen[bytes], job: str) -> None:
    for name, path in PAGES.items():
        before = _cpu_s(process.pid)
        with httpx2.Client(base_url=url) as web:
            place = path.format(job=job)
            took, spent = _timed(lambda _: web.get(place).raise_for_status(), REQUESTS)  # noqa: B023 - run at once
        cpu_ms = 1000 * (_cpu_s(process.pid) - before) / REQUESTS
        _tell(f"{name}, {CALLERS} callers, {cpu_ms:.1f} ms of processor each", REQUESTS / spent, "a second", took)


def _timed(call: Callable[[int], object], count: int) -> tuple[list[float], float]:
    def one(number: int) -> float:
        start = time.perf_counter()
        call(number)
        return time.perf_counter() - start

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as callers:
        took = list(callers.map(one, range(count)))
    return took, time.perf_counter() - begin


def _uploads(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Small files that are no picture: every upload is stored, queued, refused by the worker and deleted."""
    memory = [_megabytes(process.pid)]
    with httpx2.Client(base_url=url, timeout=60) as web:

        def hand_in(number: int) -> None:
            head = b"\x89PNG\r\n\x1a\n" + str(number).encode()
            web.post("/api/v1/media", files={"file": (f"{number}.png", head)}).raise_for_status()

        for block in range(5):
            took, spent = _timed(lambda number, block=block: hand_in(block * 10**6 + number), UPLOADS // 5)  # type: ignore[misc]
            memory.append(_megabytes(process.pid))
        _tell(f"uploads, {CALLERS} callers", UPLOADS / 5 / spent, "a second", took)
    figures = ", ".join(f"{one:.0f}" for one in memory)
    sys.stdout.write(f"memory of the server before and after each 200 of {UPLOADS} uploads: {figures} MB\n")
    sys.stdout.write(
        f"folder: {sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.1f} MB\n"
    )


def _cpu_s(pid: int) -> float:
    """Processor time of a process, which other work on the machine does not change."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _tell(what: str, rate: float, per: str, took: list[float]) -> None:
    ninety_five = statistics.quantiles(took, n=20)[-1]
    sys.stdout.write(
        f"{what}: {rate:.1f} {per}, p50 {1000 * statistics.median(took):.0f} ms, p95 {1000 * ninety_five:.0f} ms\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
