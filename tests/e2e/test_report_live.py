"""The self-contained report in a real browser: its timeline and its sound move together. Skipped without Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.makers import sounds
from tests.unit.report.made import clip
from unmask.report.to_html import save_html

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    sounds.write_speech_like(folder / "a.wav", seconds=10.0)
    made = clip()
    return save_html(replace(made, media=replace(made.media, path=folder / "a.wav")), folder / "report.html")


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    yield page
    page.close()
    assert said == [], "the page broke its own policy or a script failed"


def position(page: Page) -> tuple[float, float]:
    """Where the cursor and the player stand, in seconds."""
    share = page.evaluate("document.querySelector('.timeline').style.getPropertyValue('--at')")
    return float(share.rstrip("%")) / 100 * 10.01, float(page.evaluate("document.querySelector('audio').currentTime"))


def test_it_fits_the_smallest_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_peak_leads_cursor_and_player_there(page: Page) -> None:
    page.get_by_role("button", name="Person 1: 0:05.0 to 0:10.0").click()
    assert position(page) == pytest.approx((4.5, 4.5), abs=0.01)
    expect(page.locator(".readout")).to_contain_text("Person 2 not judged here")


def test_a_click_on_a_lane_lands_on_the_nearest_moment(page: Page) -> None:
    track = page.locator('.lane[data-person="0"] .track')
    box = track.bounding_box()
    assert box is not None
    track.click(position={"x": box["width"] * 6.03 / 10.01, "y": 40})
    assert position(page) == pytest.approx((6.0, 6.0), abs=0.01)
    expect(page.locator(".readout")).to_contain_text("Person 1 90%")


def test_keys_move_it_and_are_spoken(page: Page) -> None:
    knob = page.get_by_label("position")
    knob.focus()
    page.keyboard.press("End")
    assert position(page)[0] == pytest.approx(10.0, abs=0.06)
    assert (knob.get_attribute("aria-valuetext") or "").startswith("0:10.0, Person 1 90%")
    page.keyboard.press("Home")
    assert position(page) == pytest.approx((0.0, 0.0))


def test_a_picture_leads_to_its_moment(page: Page) -> None:
    page.get_by_role("button", name="0:06.0", exact=True).click()
    assert position(page) == pytest.approx((6.0, 6.0), abs=0.01)


def test_playing_moves_the_cursor(page: Page) -> None:
    page.locator("audio").evaluate("sound => { sound.muted = true; return sound.play(); }")
    expect(page.locator(".readout")).to_contain_text("At 0:01", timeout=30_000)
    page.locator("audio").evaluate("sound => sound.pause()")
    page.wait_for_timeout(200)
    cursor, sound = position(page)
    assert cursor == pytest.approx(sound, abs=0.1)


def test_without_a_player_the_cursor_still_moves(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(save_html(clip(), tmp_path / "silent.html").as_uri())
    page.get_by_role("button", name="Person 1: 0:05.0 to 0:10.0").click()
    expect(page.locator(".readout")).to_contain_text("At 0:04.5")
    page.close()
