"""What pages show when things do not go smoothly; a fake examiner obeys what stands in each file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.server.browser.conftest import Visit
from tests.server.conftest import House, Killable
from tests.server.fake import order
from unmask.server.pages import catalogue
from unmask.server.security.keys import Keys
from unmask.server.settings import Settings
from unmask.server.storage.database import Database

Start = Callable[..., Killable]


@pytest.fixture
def fake(browser: Browser, one_server: Killable) -> Killable:
    """The server that nobody may kill; asks for the browser first, which may not be there."""
    return one_server


def test_the_queue_outlives_a_restart_of_the_server(visit: Visit, killable: Start) -> None:
    server = killable()
    page = visit(server.url, expects_errors=True)
    server.hand_in(order("sleep 1000"), "first.png")
    waiting = server.hand_in(order(), "second.png")
    rows = page.locator(".job")
    expect(rows.nth(0)).to_contain_text("Looking at the faces")
    expect(rows.nth(1)).to_contain_text("Next in line")
    expect(page.get_by_role("progressbar", name="Examining first.png")).to_be_visible()
    server.kill()
    expect(page.get_by_text("The connection to unmask was lost")).to_be_visible()
    server.start()
    expect(page.get_by_text("The connection to unmask was lost")).to_be_hidden()
    page.get_by_role("button", name="Cancel: first.png").click()
    expect(page.locator(".job", has_text="first.png")).to_contain_text("Cancelled")
    expect(page.get_by_role("status")).to_have_text("second.png: likely forged. The result is ready.")
    assert server.job(waiting)["state"] == "done"


def test_an_open_item_turns_into_its_result(visit: Visit, fake: Killable) -> None:
    page = visit(f"{fake.url}/items/{fake.hand_in(order('sleep 2'))}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Being examined")
    expect(page.locator("[aria-current=step]")).to_have_text("Looking at the faces")
    expect(page.get_by_role("heading", level=1)).to_have_text("Likely forged")


def test_an_upload_goes_on_where_it_broke(visit: Visit, fake: Killable) -> None:
    page = visit(fake.url, expects_errors=True)
    broken: list[Route] = []

    def break_once(route: Route) -> None:
        if route.request.method == "PATCH" and not broken:
            broken.append(route)
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/*", break_once)
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": order()})
    expect(page.get_by_text(re.compile("The connection broke. Trying again"))).to_be_visible()
    expect(page.get_by_role("link", name="Read the result: a.png")).to_be_visible()
    expect(page.locator(".job", has_text="a.png")).to_have_count(1)


def test_an_old_answer_does_not_undo_a_verdict(visit: Visit, fake: Killable) -> None:
    page = visit(fake.url)
    held: list[Route] = []
    page.route(re.compile("/api/v1/jobs/[0-9a-f]{32}$"), lambda route: held.append(route))
    page.set_input_files("#files", {"name": "old.png", "mimeType": "image/png", "buffer": order("sleep 0.5", "old")})
    row = page.locator(".job", has_text="old.png")
    expect(row).to_contain_text("Likely forged")
    (route,) = held
    job = fake.job(route.request.url.rpartition("/")[2])
    with page.expect_response(route.request.url):
        route.fulfill(json={**job, "state": "running", "stage": "looking", "progress": 0.5})
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(row).to_contain_text("Likely forged")


def test_refusals_and_failures_say_what_to_do(visit: Visit, fake: Killable) -> None:
    page = visit(fake.url, expects_errors=True)
    page.set_input_files(
        "#files",
        [
            {"name": "empty.png", "mimeType": "image/png", "buffer": b""},
            {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 not a medium"},
            {"name": "broken.png", "mimeType": "image/png", "buffer": order("break")},
        ],
    )
    expect(page.locator(".job", has_text="empty.png")).to_contain_text("This file is empty.")
    expect(page.locator(".job", has_text="letter.pdf").get_by_role("button", name="Dismiss")).to_be_visible()
    page.get_by_role("link", name="See why: broken.png").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Could not be examined")
    expect(page.get_by_text("is damaged")).to_be_visible()
    expect(page.get_by_text("The file is probably damaged")).to_be_visible()
    page.get_by_role("button", name="Delete this file").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete this file").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    expect(page.get_by_text("broken.png")).to_have_count(0)


def test_everything_can_be_done_with_the_keyboard(visit: Visit, fake: Killable) -> None:
    for number in range(3):
        fake.hand_in(order(salt=str(number)), f"key-{number}.png")
    page = visit(f"{fake.url}/history?q=key-")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Select all on this page").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Delete selected (3)").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".past-item")).to_have_count(3)
    expect(page.get_by_role("button", name="Delete selected (3)")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#confirm-yes")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No file fits.")).to_be_visible()


def test_the_end_of_one_question_does_not_answer_the_next(visit: Visit, fake: Killable) -> None:
    """The browser tells of a closed dialog a moment later, when the next question may already be on the screen."""
    page = visit(f"{fake.url}/history")
    ask = """async (ending) => {
      const script = document.querySelector("script[type=module]").src;
      const { confirmed } = await import(new URL("page.js", script));
      const dialog = document.getElementById("confirm");
      const first = confirmed("First?", "", "Yes");
      ending ? dialog.close(ending) : dialog.close();
      const second = confirmed("Second?", "", "Yes");
      await new Promise((later) => setTimeout(later, 200));
      document.getElementById("confirm-yes").click();
      return [await first, await second];
    }"""
    assert page.evaluate(ask, "") == [False, True]
    assert page.evaluate(ask, "yes") == [True, True]


def test_a_model_is_fetched_with_progress(
    visit: Visit, fake: Killable, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "installed", lambda card: card.name != "sface-2021dec")
    lacking = house.web.get("/models").text
    page = visit(f"{fake.url}/about", expects_errors=True)
    page.route("**/models", lambda route: route.fulfill(body=lacking, content_type="text/html"))
    page.route("**/models/sface-2021dec/fetch", lambda route: route.fulfill(status=202, json={"name": "sface-2021dec"}))
    progress = 'event: progress\ndata: {"done": 3, "total": 4, "detail": ""}\n\n'
    failed = 'event: failed\ndata: {"message": "The place does not answer. Try again later."}\n\n'
    page.route(
        "**/models/sface-2021dec/events",
        lambda route: route.fulfill(body=progress + failed, content_type="text/event-stream"),
    )
    late: list[Route] = []
    page.route("**/models.js", lambda route: late.append(route))
    page.get_by_role("link", name="Models", exact=True).click()
    expect(page.get_by_text("Not installed")).to_have_count(1)
    fetch = page.get_by_role("button", name="Fetch it (10.7 MB)")
    expect(fetch).to_be_disabled()  # Pressed before its script is there, it would do nothing.
    late[0].continue_()
    fetch.click()
    expect(page.get_by_text("The place does not answer. Try again later.")).to_be_visible()
    assert page.locator(".fetch progress").evaluate("bar => bar.value") == 0.75


def test_a_key_opens_the_door(visit: Visit, killable: Start, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    database = Database(settings.database)
    database.migrate()
    key = Keys(database).add("an editor")
    database.close()
    page = visit(f"{killable(require_key=True).url}/history", expects_errors=True)
    page.get_by_label("Key").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This key is not known here")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    page.get_by_role("link", name="Examine", exact=True).click()
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": order()})
    expect(page.get_by_role("link", name="Read the result: a.png")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
