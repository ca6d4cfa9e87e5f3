"""Keys, sessions, and who gets in."""

from __future__ import annotations

import re
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.server.conftest import API, House, Open
from tests.server.fake import order
from tests.unit.cli.conftest import Run, run
from unmask.core.errors import InvalidOption
from unmask.server.run import run as serve
from unmask.server.security import sessions as cookies
from unmask.server.security.sessions import COOKIE, Sessions
from unmask.server.settings import Settings, read_settings

__all__ = ["run"]


@pytest.fixture
def locked(open_house: Open) -> tuple[House, str]:
    """A server that asks for a key, and a key."""
    house = open_house(require_key=True)
    return house, house.service.keys.add("newsroom")


def test_without_a_key_nothing_is_told(locked: tuple[House, str]) -> None:
    house, _ = locked
    for path in (f"{API}/jobs", f"{API}/settings", f"{API}/openapi.json", "/metrics"):
        answer = house.web.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/history", "/items/" + "0" * 32):
        answer = house.web.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert house.web.get("/livez").status_code == 200
    assert house.web.get("/login").status_code == 200


def test_a_key_opens_until_it_is_revoked(locked: tuple[House, str]) -> None:
    house, key = locked
    headers = {"Authorization": f"Bearer {key}"}
    assert house.web.get(f"{API}/jobs", headers=headers).status_code == 200
    assert house.web.post(f"{API}/media", headers=headers, files={"file": ("a.png", b"x")}).status_code == 415
    for wrong in (key[:-1], key + "x", "", "unmask_"):
        assert house.web.get(f"{API}/jobs", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    house.service.keys.revoke("newsroom")
    assert house.web.get(f"{API}/jobs", headers=headers).status_code == 401


def test_each_key_has_a_rate_of_its_own(open_house: Open) -> None:
    house = open_house(require_key=True, rate_per_minute=1)
    for name, statuses in {"newsroom": (202, 429), "archive": (202, 429)}.items():
        headers = {"Authorization": f"Bearer {house.service.keys.add(name)}"}
        for status in statuses:
            answer = house.web.post(f"{API}/media", headers=headers, files={"file": ("a.png", order())})
            assert answer.status_code == status


def test_only_digests_of_keys_are_kept(locked: tuple[House, str]) -> None:
    house, key = locked
    for path in house.settings.data.glob("unmask.db*"):
        assert key.encode() not in path.read_bytes()
    with sqlite3.connect(house.settings.data / "unmask.db") as database:
        ((digest,),) = database.execute("SELECT digest FROM keys").fetchall()
    assert re.fullmatch("[0-9a-f]{64}", digest)


def _sign_in(house: House, key: str, place: str = "/history") -> tuple[int, str]:
    answer = house.web.post("/login", data={"key": key, "next": place}, follow_redirects=False)
    return answer.status_code, answer.headers["location"]


def test_people_sign_in_with_a_key_and_out_again(locked: tuple[House, str]) -> None:
    house, key = locked
    assert _sign_in(house, "wrong") == (303, "/login?wrong=1&next=/history")
    assert _sign_in(house, key) == (303, "/history")
    page = house.web.get("/history")
    assert page.status_code == 200
    token = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', page.text)
    assert token is not None
    refused = house.web.post(f"{API}/jobs/delete", json={"ids": "all"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_token")
    headers = {"X-CSRF-Token": token[1]}
    assert house.web.post(f"{API}/jobs/delete", json={"ids": "all"}, headers=headers).status_code == 200
    assert house.web.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    assert house.web.post("/logout", data={"csrf": token[1]}, follow_redirects=False).status_code == 303
    assert house.web.get(f"{API}/jobs").status_code == 401


@pytest.mark.parametrize(
    "place", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/\r\nSet-Cookie: a=b"]
)
def test_signing_in_leads_nowhere_else(locked: tuple[House, str], place: str) -> None:
    house, key = locked
    assert _sign_in(house, key, place) == (303, "/")


def test_a_session_ends_with_its_key_and_with_time(locked: tuple[House, str], monkeypatch: pytest.MonkeyPatch) -> None:
    house, key = locked
    _sign_in(house, key)
    cookie = house.web.cookies[COOKIE]
    assert house.web.get(f"{API}/jobs").status_code == 200
    house.web.cookies.clear()
    house.web.cookies.set(COOKIE, cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))
    assert house.web.get(f"{API}/jobs").status_code == 401
    house.web.cookies.clear()
    _sign_in(house, key)
    house.service.keys.revoke("newsroom")
    assert house.web.get(f"{API}/jobs").status_code == 401
    monkeypatch.setattr(cookies, "LIFE_S", -1)
    sessions = Sessions(house.settings.data)
    assert sessions.key(sessions.open("somebody")) is None


def test_the_cookie_is_for_this_server_only(locked: tuple[House, str]) -> None:
    house, key = locked
    answer = house.web.post("/login", data={"key": key}, follow_redirects=False)
    words = answer.headers["set-cookie"].lower()
    assert "httponly" in words
    assert "samesite=strict" in words
    assert stat.S_IMODE((house.settings.data / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_listening_for_others_is_refused_without_a_key(tmp_path: Path, host: str) -> None:
    settings = Settings(data=tmp_path, host=host, workers=0)
    assert settings.keys_needed
    with pytest.raises(InvalidOption, match="needs an API key"):
        serve(settings)


def test_loopback_needs_no_key() -> None:
    assert not any(Settings(host=host).keys_needed for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))


def test_settings_come_from_flags_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_PORT", "9001")
    monkeypatch.setenv("UNMASK_RETENTION_DAYS", "7")
    monkeypatch.setenv("UNMASK_PRIVATE_NETWORKS", '["10.0.0.0/8"]')
    settings = read_settings(port=9002, host=None)
    assert (settings.port, settings.retention_days, settings.host) == (9002, 7, "127.0.0.1")
    assert str(settings.private_networks[0]) == "10.0.0.0/8"
    with pytest.raises(InvalidOption, match=r"port: .*UNMASK_PORT"):
        read_settings(port=99999)
    assert read_settings(database_url="postgres://u@h/d").database == "postgresql+psycopg://u@h/d"


def test_the_command_refuses_what_it_cannot_serve(run: Run, tmp_path: Path) -> None:
    refused = run("serve", "--host", "0.0.0.0", "--data", tmp_path)
    assert refused.code == 2
    assert "unmask serve keys add NAME" in refused.err
    refused = run("serve", "--database-url", "postgresql://u@127.0.0.1:1/d", "--data", tmp_path)
    assert refused.code == 2
    assert "The database does not answer" in refused.err


def test_keys_are_made_listed_and_revoked_on_the_command_line(run: Run, tmp_path: Path) -> None:
    made = run("serve", "keys", "add", "newsroom", "--data", tmp_path)
    assert made.out.startswith("unmask_")
    listed = run("serve", "keys", "list", "--data", tmp_path)
    assert "newsroom" in listed.out
    assert made.out.strip() not in listed.out
    assert run("serve", "keys", "revoke", "newsrom", "--data", tmp_path).code == 2
    assert run("serve", "keys", "revoke", "newsroom", "--data", tmp_path).code == 0
    assert run("serve", "keys", "list", "--data", tmp_path).out == ""
