"""Chromium in front of a server. Where there is no Chromium all of this is skipped; `make test` installs one if it may.

Every page that these tests open is watched: it may ask nothing of any other server, break no policy and log no error.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A camera and a microphone made in code, and nobody to ask for leave.
PRETENCE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PATIENCE_S = 60.0
expect.set_options(timeout=1000 * PATIENCE_S)


def _program() -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine; scripts/install-browser installs one")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module only: while it lives, its event loop stands in the way of tests that run their own."""
    program = _program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=PRETENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `unmask serve`, started as people start it, with the models that ship."""
    _program()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path_factory.mktemp("server")
    command = [sys.executable, "-m", "unmask", "serve", "--port", str(port), "--data", str(data)]
    with (data / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            until = time.monotonic() + PATIENCE_S
            while not _is_ready(f"http://127.0.0.1:{port}/readyz"):
                assert process.poll() is None, (data / "log.txt").read_text()
                assert time.monotonic() < until, "the server did not get ready"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open pages; what they do is watched until the test ends."""
    faults: list[str] = []
    contexts = []

    def open_page(address: str, *, width: int = 1440, scheme: str = "light", expects_errors: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        page = context.new_page()
        home = "/".join(address.split("/")[:3])

        def asked(request: Request) -> None:
            if not request.url.startswith((home, "data:", "blob:")):
                faults.append(f"asked {request.url}")

        def said(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text or (message.type == "error" and not expects_errors):
                faults.append(f"said {message.text}")

        page.on("request", asked)
        page.on("console", said)
        page.on("pageerror", lambda error: faults.append(f"broke {error}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
