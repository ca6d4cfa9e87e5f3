"""Where the server itself goes: URLs that people give, and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import API, Elsewhere, House, Open
from tests.server.fake import order
from unmask.server.security import outside


@pytest.fixture
def fetching(open_house: Open) -> House:
    """A server that may fetch from this machine."""
    return open_house(allow_urls=True, private_networks=("127.0.0.0/8",), max_bytes=100_000, url_time_s=2)


def test_a_url_becomes_a_job(fetching: House, elsewhere: Elsewhere) -> None:
    elsewhere.answers["/a"] = (302, {"Location": "/media/clip%201.png?x=1"}, b"")
    elsewhere.answers["/media/clip%201.png?x=1"] = (200, {"Content-Type": "text/html"}, order())
    answer = fetching.web.post(f"{API}/urls", json={"url": f"{elsewhere.url}/a"})
    assert answer.status_code == 202
    assert answer.json()["name"] == "clip 1.png"
    fetching.work()
    assert fetching.job(answer.json()["id"])["state"] == "done"
    assert elsewhere.heard[0][1]["host"] == f"127.0.0.1:{elsewhere.port}"
    assert elsewhere.heard[0][1]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {}, b"x" * 100_001), "media_too_large"),
        ((200, {}, b"<html>a page about a picture</html>"), "unsupported_media"),
        ((200, {}, b""), "input_error"),
        ((404, {}, b"gone"), "place_unreachable"),
        ((302, {"Location": "/a"}, b""), "place_unreachable"),
        ((302, {"Location": "http://10.0.0.1/secret"}, b""), "place_refused"),
        ((302, {"Location": "http://[::1]/secret"}, b""), "place_refused"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "place_refused"),
        ((200, {"Content-Length": "500"}, order()), "place_unreachable"),
    ],
    ids=["large", "page", "empty", "missing", "loop", "private", "loopback6", "file", "cut off"],
)
def test_what_a_url_leads_to_is_checked_like_an_upload(
    fetching: House, elsewhere: Elsewhere, answer: tuple[int, dict[str, str], bytes], code: str
) -> None:
    elsewhere.answers["/a"] = answer
    refused = fetching.web.post(f"{API}/urls", json={"url": f"{elsewhere.url}/a"})
    assert refused.json()["code"] == code
    assert not list(fetching.service.files.incoming_folder.iterdir())
    assert fetching.web.get(f"{API}/jobs").json()["total"] == 0


def test_a_url_that_takes_too_long_is_given_up(open_house: Open, elsewhere: Elsewhere) -> None:
    house = open_house(allow_urls=True, private_networks=("127.0.0.0/8",), url_time_s=0.3)
    elsewhere.answers["/a"] = (200, {}, order(salt="x" * 100))
    elsewhere.goes_on.clear()
    refused = house.web.post(f"{API}/urls", json={"url": f"{elsewhere.url}/a"})
    elsewhere.goes_on.set()
    assert (refused.status_code, refused.json()["code"]) == (422, "place_unreachable")
    assert "took longer than 0.3 s" in refused.json()["detail"]
    assert not list(house.service.files.incoming_folder.iterdir())


def test_a_name_is_resolved_once_and_the_connection_goes_there(
    fetching: House, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a second answer of the name server would lead elsewhere, but nobody asks for it."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(outside.socket, "getaddrinfo", resolve)
    elsewhere.answers["/a.png"] = (200, {}, order())
    url = f"http://rebinding.example:{elsewhere.port}/a.png"
    assert fetching.web.post(f"{API}/urls", json={"url": url}).status_code == 202
    assert asked.count("rebinding.example") == 1
    assert elsewhere.heard[0][1]["host"] == f"rebinding.example:{elsewhere.port}"
    refused = fetching.web.post(f"{API}/urls", json={"url": url})
    assert (refused.status_code, refused.json()["code"]) == (403, "place_refused")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_webhooks_are_signed_and_sent_again(
    open_house: Open, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unmask.server.deliveries._FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr("unmask.server.deliveries._TICK_S", 0.1)
    house = open_house(private_networks=("127.0.0.0/8",))
    hook = house.web.post(f"{API}/webhooks", json={"url": f"{elsewhere.url}/hook"}).json()
    (listed,) = house.web.get(f"{API}/webhooks").json()
    assert listed == {**hook, "secret": None}
    elsewhere.answers["/hook"] = (500, {}, b"")
    job = house.done()
    _until(lambda: len(elsewhere.heard) >= 2)
    elsewhere.answers["/hook"] = (204, {}, b"")
    count = len(elsewhere.heard) + 1
    _until(lambda: len(elsewhere.heard) >= count)
    ids = {headers["webhook-id"] for _, headers, _ in elsewhere.heard}
    assert len(ids) == 1
    _, headers, body = elsewhere.heard[-1]
    message = json.loads(body)
    assert (message["type"], message["data"]["id"], message["data"]["verdict"]) == (
        "job.done",
        job["id"],
        "likely_fake",
    )
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    time.sleep(0.5)
    assert len(elsewhere.heard) <= count + 1
    assert house.web.delete(f"{API}/webhooks/{hook['id']}").status_code == 204
    assert house.web.delete(f"{API}/webhooks/{hook['id']}").status_code == 404
