"""What strangers may try."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import zlib
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from PIL import Image
from starlette.requests import Request

from tests.makers import sounds
from tests.server.conftest import API, House, Killable, Open
from tests.server.fake import PNG, order
from unmask.core.errors import MediaTooLarge, UnsupportedMedia
from unmask.server.api import bodies
from unmask.server.intake import clean_name
from unmask.server.jobs.examine import open_pipeline
from unmask.server.problems import Refused
from unmask.server.security import outside
from unmask.server.settings import Settings

NASTY = "<img src=x onerror=alert(1)>{{7*7}}'; DROP TABLE jobs;--.png"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/etc/cron.d/x", "x"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie: x=1.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\udce4.png", "xe4.png"),
        ("n" * 300 + ".png", "n" * 251 + ".png"),
    ],
)
def test_names_lose_their_folders_and_what_cannot_be_shown(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_name_never_becomes_a_path(house: House) -> None:
    before = {path for path in house.settings.data.parent.rglob("*") if path.is_file()}
    job = house.done(name="../../../escape.png")
    assert job["name"] == "escape.png"
    after = {path for path in house.settings.data.parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(house.settings.data) for path in after)
    assert not [path for path in after if "escape" in path.name]


@pytest.mark.parametrize("what", ["../report.json", "%2e%2e%2frecord.npz", "record.npz", "report.json", "x/../../1"])
def test_pictures_are_asked_for_by_known_names_only(house: House, what: str) -> None:
    job = house.done()
    assert house.web.get(f"{API}/jobs/{job['id']}/exhibits/{what}").status_code in (404, 422)


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"#EXTM3U\nhttp://127.0.0.1/",
        b"just words",
    ],
)
def test_what_is_no_medium_is_refused(shared_house: House, data: bytes) -> None:
    answer = shared_house.web.post(f"{API}/media", files={"file": ("innocent.png", data, "image/png")})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media")
    assert not shared_house.service.files.digests()


def test_a_polyglot_is_never_served_as_a_page(house: House) -> None:
    """A file that is a picture to one reader and a page to another comes back as neither before it was probed."""
    data = PNG + b"\n<html><script>alert(1)</script></html>"
    job = house.hand_in(data, "page.html")
    for state in ("queued", "done"):
        answer = house.web.get(job["links"]["media"])
        kind = {"queued": "application/octet-stream", "done": "video/mp4"}[state]
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        if state == "queued":
            assert answer.headers["content-disposition"].startswith("attachment")
        house.work()


def test_names_and_notes_are_data_everywhere(house: House) -> None:
    job = house.done(name=NASTY)
    assert job["name"] == NASTY
    house.web.patch(f"{API}/jobs/{job['id']}", json={"note": NASTY})
    assert house.web.get(f"{API}/jobs", params={"q": "'; DROP TABLE jobs;--"}).json()["total"] == 1
    assert house.web.get(f"{API}/jobs", params={"q": "' OR '1'='1"}).json()["total"] == 0
    for path in (job["links"]["html"], f"/items/{job['id']}", "/history"):
        page = house.web.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "&lt;img src=x" in page.text
        assert "{{7*7}}" in page.text


def test_media_that_claim_to_be_huge_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """With the real pipeline: a bomb of a few bytes, and limits of the operator."""
    examine = open_pipeline(Settings(data=tmp_path, max_pixels=10_000, max_duration_s=1))
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b""))
    with pytest.raises(MediaTooLarge, match="60000x60000"):
        examine(bomb, lambda _event: None)
    Image.new("RGB", (101, 100)).save(tmp_path / "large.png")
    with pytest.raises(MediaTooLarge, match="expected at most 10,000 pixels"):
        examine(tmp_path / "large.png", lambda _event: None)
    with pytest.raises(MediaTooLarge, match=r"lasts 2\.0 s; expected at most 1 s"):
        examine(sounds.write_speech_like(tmp_path / "long.wav", seconds=2.0), lambda _event: None)
    (tmp_path / "words.mp4").write_bytes(b"just words" * 100)
    with pytest.raises(UnsupportedMedia):
        examine(tmp_path / "words.mp4", lambda _event: None)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_too_many_bytes_are_refused_while_they_come_in(open_house: Open) -> None:
    house = open_house(max_bytes=1000, max_batch=2)
    answer = house.web.post(f"{API}/media", files={"file": ("big.png", order(salt="x" * 1000))})
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    words = {"comment": "x" * 200_000}
    answer = house.web.post(f"{API}/media", data=words, files={"file": ("a.png", order())})
    assert (answer.status_code, answer.json()["code"]) == (413, "form_too_large")
    files = [("files", (f"{n}.png", order())) for n in range(3)]
    assert house.web.post(f"{API}/batches", files=files).json()["code"] == "too_many_files"
    answer = house.web.post(f"{API}/media", files={"file": ("empty.png", b"")})
    assert (answer.status_code, answer.json()["code"]) == (400, "input_error")
    assert not list(house.service.files.incoming_folder.iterdir())


@pytest.mark.parametrize(
    "body", [b"", b"--b", b"no boundary", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n']
)
def test_malformed_forms_are_refused(shared_house: House, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = shared_house.web.post(f"{API}/media", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("malformed", "no_file")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5", "localhost.evil:8000", "", "["]
)
def test_a_forged_host_gets_no_answer(shared_house: House, host: str) -> None:
    for path in ("/", f"{API}/jobs", "/livez"):
        answer = shared_house.web.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_cannot_change_anything(shared_house: House, headers: dict[str, str]) -> None:
    job = shared_house.hand_in()
    for method, path in (("DELETE", f"/jobs/{job['id']}"), ("POST", "/media"), ("POST", "/jobs/delete")):
        answer = shared_house.web.request(method, API + path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    same = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert shared_house.web.delete(f"{API}/jobs/{job['id']}", headers=same).status_code == 204


def test_no_other_site_may_read_an_answer(shared_house: House) -> None:
    headers = shared_house.web.get(f"{API}/jobs", headers={"Origin": "https://evil.example"}).headers
    assert "access-control-allow-origin" not in headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.20.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
    ],
)
def test_private_addresses_are_known(address: str, public: object) -> None:
    assert outside.is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://user:secret@example.com/",
        "http://example.com:99999/",
        "http:///nothing",
    ],
)
def test_urls_to_private_places_are_refused(shared_house: House, url: str) -> None:
    answer = shared_house.web.post(f"{API}/urls", json={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (403, "place_refused")
    assert shared_house.web.post(f"{API}/webhooks", json={"url": url}).status_code == 403


def test_urls_are_off_unless_allowed(house: House) -> None:
    answer = house.web.post(f"{API}/urls", json={"url": "https://example.com/a.png"})
    assert (answer.status_code, answer.json()["code"]) == (403, "urls_off")


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, [["93.184.216.34", "10.0.0.1"]])
    with pytest.raises(outside.PlaceRefused, match=r"10\.0\.0\.1"):
        outside.checked_address("two.example", 80, ())
    assert str(outside.checked_address("two.example", 80, (ip_network("10.0.0.0/8"),))) == "93.184.216.34"


def _resolve(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Let the name server give one answer after the other; returns the names that were asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(outside.socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b" 4"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b" 4"),
        (b"NONSENSE\r\n\r\n", b" 400 "),
        (b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n", b" 400 "),
        (b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b" 40"),
        (b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b" 200 "),
    ],
    ids=["header", "path", "nonsense", "two hosts", "two lengths", "right"],
)
def test_oversize_and_malformed_heads_are_refused(one_server: Killable, head: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", one_server.port), timeout=10) as line:
        line.sendall(head)
        assert status in line.recv(4096).split(b"\r\n")[0]


def test_a_head_that_never_ends_is_hung_up_on(one_server: Killable) -> None:
    with socket.create_connection(("127.0.0.1", one_server.port), timeout=20) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert not line.recv(4096)


@pytest.mark.parametrize("pause_s", [0.05, 10.0], ids=["drips", "stops"])
def test_an_upload_that_is_too_slow_is_refused(monkeypatch: pytest.MonkeyPatch, pause_s: float) -> None:
    monkeypatch.setattr(bodies, "_GRACE_S", 0.2)

    async def receive() -> dict[str, object]:
        await asyncio.sleep(pause_s)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read() -> int:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        return sum([len(piece) async for piece in bodies.paced(request, Settings(min_upload_rate=100))])

    start = time.monotonic()
    with pytest.raises(Refused, match="too slowly") as refused:
        asyncio.run(read())
    assert refused.value.status == 408
    assert time.monotonic() - start < 5
