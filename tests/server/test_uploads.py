"""Resumable uploads, and what happens when somebody is gone in the middle."""

from __future__ import annotations

import base64
import socket
import time

import httpx2
import pytest

from tests.server.conftest import API, House, Killable, Open
from tests.server.fake import order

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def _begin(house: House, length: int, name: str = "clip.png") -> str:
    metadata = f"filename {base64.b64encode(name.encode()).decode()},filetype aW1hZ2UvcG5n"
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata}
    answer = house.web.post(f"{API}/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def _send(house: House, place: str, offset: int, data: bytes) -> httpx2.Response:
    return house.web.patch(place, headers={**PIECE, "Upload-Offset": str(offset)}, content=data)


def test_an_upload_in_pieces_becomes_a_job(house: House) -> None:
    data = order(salt="x" * 2000)
    place = _begin(house, len(data), "Straße.png")
    assert _send(house, place, 0, data[:700]).headers["upload-offset"] == "700"
    asked = house.web.head(place, headers=TUS)
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == ("700", str(len(data)))
    assert "unmask-job" not in asked.headers
    last = _send(house, place, 700, data[700:])
    assert last.status_code == 204
    job = house.job(last.headers["unmask-job"])
    assert (job["name"], job["bytes"]) == ("Straße.png", len(data))
    assert house.web.head(place, headers=TUS).headers["unmask-job"] == job["id"]
    house.work()
    assert house.job(job["id"])["state"] == "done"


def test_the_last_piece_can_be_repeated_when_the_queue_was_full(open_house: Open) -> None:
    house = open_house(queue_limit=1)
    house.hand_in(order(salt="first"))
    data = order(salt="second")
    place = _begin(house, len(data))
    assert _send(house, place, 0, data).status_code == 429
    house.work()
    again = _send(house, place, len(data), b"")
    assert again.status_code == 204
    assert _send(house, place, len(data), b"").headers["unmask-job"] == again.headers["unmask-job"]
    assert house.web.get(f"{API}/jobs").json()["total"] == 2


def test_an_upload_can_be_given_up(house: House) -> None:
    place = _begin(house, 100)
    _send(house, place, 0, order())
    assert house.web.delete(place, headers=TUS).status_code == 204
    assert house.web.head(place, headers=TUS).status_code == 404
    assert not list(house.service.files.incoming_folder.iterdir())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Tus-Resumable": "0.2"}, 412),
        ({"Content-Type": "text/plain"}, 415),
        ({"Upload-Offset": "7"}, 409),
        ({"Upload-Offset": "x"}, 422),
    ],
)
def test_a_wrong_piece_is_refused(shared_house: House, change: dict[str, str], status: int) -> None:
    place = _begin(shared_house, 100)
    answer = shared_house.web.patch(place, headers={**PIECE, "Upload-Offset": "0", **change}, content=order())
    assert answer.status_code == status
    assert shared_house.web.head(place, headers=TUS).headers["upload-offset"] == "0"


def test_more_than_announced_is_refused(open_house: Open) -> None:
    house = open_house(max_bytes=1000)
    assert house.web.post(f"{API}/uploads", headers={**TUS, "Upload-Length": "1001"}).status_code == 413
    place = _begin(house, 20)
    assert _send(house, place, 0, order(salt="much too long")).status_code == 413


def test_what_is_no_medium_is_refused_at_its_first_bytes(house: House) -> None:
    place = _begin(house, 10_000)
    assert _send(house, place, 0, b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 600).status_code == 415
    assert house.web.head(place, headers=TUS).status_code == 404


def test_options_tell_what_is_understood(shared_house: House) -> None:
    headers = shared_house.web.options(f"{API}/uploads").headers
    assert headers["tus-version"] == "1.0.0"
    assert headers["tus-extension"] == "creation,termination"
    assert headers["tus-max-size"] == str(shared_house.settings.max_bytes)


def test_a_client_that_is_gone_in_mid_upload_leaves_nothing_or_what_it_can_resume(one_server: Killable) -> None:
    data = order(salt="x" * 300_000)
    head = (
        f"POST {API}/media HTTP/1.1\r\nHost: 127.0.0.1:{one_server.port}\r\nContent-Length: 400000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="gone.png"\r\n\r\n'
    )
    _cut_off(one_server, head.encode() + data)
    begun = one_server.web.post(f"{API}/uploads", headers={**TUS, "Upload-Length": str(len(data))})
    place = begun.headers["location"]
    head = (
        f"PATCH {place} HTTP/1.1\r\nHost: 127.0.0.1:{one_server.port}\r\nContent-Length: {len(data)}\r\n"
        "Content-Type: application/offset+octet-stream\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\r\n"
    )
    _cut_off(one_server, head.encode() + data[:280_000])
    one_server.until(lambda: _offset(one_server, place) > 0)
    time.sleep(0.3)
    offset = _offset(one_server, place)
    assert 262_144 <= offset <= 280_000
    rest = one_server.web.patch(place, headers={**PIECE, "Upload-Offset": str(offset)}, content=data[offset:])
    job = rest.headers["unmask-job"]
    one_server.until(lambda: one_server.job(job)["state"] == "done")
    assert one_server.web.get(one_server.job(job)["links"]["media"]).content == data
    assert one_server.web.get(f"{API}/jobs", params={"q": "gone.png"}).json()["total"] == 0


def _cut_off(server: Killable, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(data)
        time.sleep(0.3)


def _offset(server: Killable, place: str) -> int:
    return int(server.web.head(place, headers=TUS).headers["upload-offset"])
