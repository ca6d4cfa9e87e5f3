"""Pages as the server writes them, without a browser."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.server.conftest import API, House, Open
from tests.server.fake import order, report
from unmask.core.evidence import Provenance, ScanReport, Trace
from unmask.report.schema import document
from unmask.server.pages import words
from unmask.server.pages.assets import assets, digest
from unmask.server.pages.result import restored

PAGES = ("/", "/history", "/models", "/about", "/login", "/items/none")
HOSTILE = "<b onclick=alert(1)>.png"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_it_does_not_need(shared_house: House, path: str) -> None:
    answer = shared_house.web.get(path)
    assert answer.status_code == (404 if path.endswith("none") else 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(
        r"<script>|<style|\sstyle=|\son\w+=|javascript:|https?://(?!127)",
        answer.text.replace('placeholder="https://"', ""),
    )


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(shared_house: House) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = shared_house.web.get("/nothing", headers=browser)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in page.text
    assert 'href="/"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for place, headers in (("/nothing", {}), (f"{API}/nothing", browser), (f"{API}/jobs/{'0' * 32}", browser)):
        answer = shared_house.web.get(place, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_what_goes_wrong_behind_a_page_is_said_on_a_page(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    house = open_house(require_key=True)
    headers = {"Accept": "text/html", "Authorization": f"Bearer {house.service.keys.add('newsroom')}"}
    wrong = house.web.get("/history?page=0", headers=headers)
    assert (wrong.status_code, "That did not work" in wrong.text) == (422, True)
    monkeypatch.setattr(house.service.database, "reading", _away)
    away = house.web.get("/history", headers=headers)
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    assert "The database does not answer. Try again in a moment." in away.text


def _away() -> None:
    raise OperationalError("", {}, OSError("gone"))


def test_files_of_pages_are_kept_for_good_under_the_address_of_their_state(shared_house: House) -> None:
    for name, asset in assets().items():
        answer = shared_house.web.get(f"/static/{digest()}/{name}")
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
    assert shared_house.web.get("/static/older/pages.css").headers["cache-control"] == "no-store"
    assert shared_house.web.get(f"/static/{digest()}/..%2Froutes.py").status_code == 404


def test_what_comes_from_outside_is_shown_as_text(house: House) -> None:
    job = house.done(name=HOSTILE)
    house.web.patch(f"{API}/jobs/{job['id']}", json={"note": "</textarea><img src=x>", "judgement": "confirmed_fake"})
    for path in (f"/items/{job['id']}", "/history"):
        text = house.web.get(path).text
        assert "&lt;b onclick=alert(1)&gt;.png" in text
        assert "<b onclick" not in text
        assert "<img src=x" not in text
        assert "onfirmed forged" in text


def test_a_result_is_explained(house: House) -> None:
    job = house.done(name="clip.mp4")
    text = house.web.get(f"/items/{job['id']}").text
    for said in (
        "Likely forged",
        "Of 100 files like this one, about 90 would be forged, if forged and genuine files were equally common.",
        "It may well lie anywhere from 80% to 95%.",
        "100% of the faces that were looked for could be judged.",
        "What it does not mean",
        "Lips and sound",
        'data-timeline-media src="/api/v1/jobs/',
        'class="timeline"',
        "Person 1: <strong>90%</strong>",
        "until you delete them",
    ):
        assert said in text, said


def test_the_document_holds_all_that_a_page_says(tmp_path: Path) -> None:
    origin = Provenance(
        "untrusted",
        "Some Generator",
        ("An Editor",),
        signer="Somebody",
        traces=(Trace("EXIF", "Software", "An Editor"),),
    )
    whole = dataclasses.replace(report(tmp_path / "a.mp4"), provenance=origin)
    again = restored(document(whole))
    left_out = {"timeline": (), "exhibits": (), "sound": None}
    expected: ScanReport = dataclasses.replace(whole, **left_out)
    assert again == expected


def test_a_file_that_cannot_be_examined_says_what_to_do(house: House) -> None:
    text = house.web.get(f"/items/{house.done(order('break'))['id']}").text
    assert "Could not be examined" in text
    assert words.ADVICE["DecodeFailed"][0] in text
    waiting = house.hand_in(order("a"))
    assert "Waiting its turn" in house.web.get(f"/items/{waiting['id']}").text
    house.web.post(f"{API}/jobs/{waiting['id']}/cancel")
    assert words.CANCELLED_ADVICE[0] in house.web.get(f"/items/{waiting['id']}").text


def test_the_history_finds_filters_and_ignores_words_it_does_not_offer(house: House) -> None:
    for number in range(3):
        house.done(order(salt=str(number)), f"clip-{number}.png")
    house.hand_in(order(salt="waiting"), "late.png")
    assert _names(house, "q=clip-1") == ["clip-1.png"]
    assert _names(house, "state=queued") == ["late.png"]
    assert _names(house, "verdict=likely_real") == []
    assert _names(house, "verdict=likely_fake&sort=name") == ["clip-0.png", "clip-1.png", "clip-2.png"]
    assert len(_names(house, "sort=__class__&state=%27%3B--&q=%00")) == 4


def _names(house: House, query: str) -> list[str]:
    answer = house.web.get(f"/history?{query}")
    assert answer.status_code == 200
    return re.findall(r'class="past-item" data-id="\w+" data-name="([^"]+)"', answer.text)


def test_a_long_history_has_pages(house: House) -> None:
    for number in range(51):
        house.hand_in(order(salt=str(number)), f"{number}.png")
    first = house.web.get("/history?state=queued").text
    assert "51 files" in first
    assert "Page 1 of 2" in first
    (link,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert "state=queued" in link
    assert len(re.findall('past-item"', house.web.get(link.replace("&amp;", "&")).text)) == 1


def test_models_are_described_in_words(shared_house: House) -> None:
    text = shared_house.web.get("/models").text
    assert re.search(r"it picks the forged one\s+\d\d times in 100", text)
    assert "Not allowed by the terms of its training data." in text
    assert "looked at last" in text
    assert "one genuine still of a clip of a kind it never met" in text
    assert re.findall(r'data-name="(\S+)">(?:(?!</article>).)*✓ In use', text, re.DOTALL) == [
        "face.fast-2",
        "speech.fast-1",
    ]


def test_pages_say_where_and_how_long_files_are_kept(open_house: Open) -> None:
    house = open_house(retention_days=7.0)
    assert "deleted 7 days after they were handed in" in house.web.get("/").text
    assert "stay on this computer" in house.web.get("/").text
    elsewhere = open_house(host="0.0.0.0", retention_days=None, require_key=False)
    text = elsewhere.web.get("/login", headers={"host": "10.1.2.3:8000"}).text
    assert "runs on this server" in text


@pytest.mark.parametrize(
    ("days", "said"),
    [(None, "only when you delete them"), (0.01, "1 hour"), (0.5, "12 hours"), (1.0, "24 hours"), (30.0, "30 days")],
)
def test_retention_is_said_in_words(days: float | None, said: str) -> None:
    assert words.deleted(days).startswith(said)
