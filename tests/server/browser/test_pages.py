"""The way of a person through the pages, with real media and the models that ship."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Page, expect

from tests.makers import people, sounds
from tests.server.browser.conftest import PATIENCE_S, Visit

WIDTHS = (1440, 390)
NAMES = {"image": "portrait.png", "video": "clip.mp4", "audio": "voice.wav"}
ENDED = re.compile("Likely forged|Likely genuine|Cannot tell")
# Any of them will do: a quick machine is through with the faces before the page is told of them.
AT_WORK = {
    "Opening the file",
    "Looking at the faces",
    "Listening to the voices",
    "Weighing what was found",
    "Writing the report",
}
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": {"type": "rule", "values": ["color-contrast"]},
}
HOSTILE = "<img src=x onerror=\"document.title='owned'\">.png"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    return [
        people.write_portrait(folder / NAMES["image"]),
        people.write_still_clip(folder / NAMES["video"], people.bust(), fps=3, sound=True),
        sounds.write_speech_like(folder / NAMES["audio"], seconds=5.0),
    ]


@pytest.fixture(scope="module")
def results(browser: Browser, server: str, files: list[Path]) -> dict[str, str]:
    """Hand three files in on the start page, watch them, and give the addresses of their results."""
    page = browser.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    page.goto(server)
    # Noted by the page itself: a quick machine passes through a stage between two looks from outside.
    page.evaluate(
        """() => {
            window.seen = new Set();
            const note = () => document.querySelectorAll(".job-state").forEach(
                (state) => window.seen.add(state.textContent.trim().split(",")[0]));
            new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    page.set_input_files("#files", files)
    rows = {kind: page.locator(".job", has_text=name) for kind, name in NAMES.items()}
    expect(rows["video"].locator(".job-state").last).to_have_text(ENDED)
    assert set(page.evaluate("[...window.seen]")) & AT_WORK
    places = {}
    for kind, row in rows.items():
        expect(row.locator(".job-state")).to_have_text(ENDED)
        places[kind] = server + str(row.get_by_role("link", name="Read the result").get_attribute("href"))
    page.close()
    return places


def test_the_list_is_still_there_after_a_reload(visit: Visit, server: str, results: dict[str, str]) -> None:
    page = visit(server)
    for name in NAMES.values():
        expect(page.locator(".job", has_text=name)).to_contain_text(ENDED)
    page.reload()
    expect(page.locator(".job")).to_have_count(len(results))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_verdict_is_said_in_words_and_can_be_taken_away(visit: Visit, results: dict[str, str], width: int) -> None:
    page = visit(results["image"], width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text(ENDED)
    expect(page.get_by_text(re.compile("Of 100 files like this one, about .* would be forged"))).to_be_visible()
    expect(page.get_by_text("that were looked for could be judged")).to_be_visible()
    expect(page.get_by_role("heading", name="What it does not mean")).to_be_visible()
    assert _saved(page, "Save the report (PDF)").startswith(b"%PDF")
    assert b"<!doctype html>" in _saved(page, "Save as a web page")
    verdicts = {"likely_fake", "likely_real", "inconclusive"}
    assert json.loads(_saved(page, "Save for programs (JSON)"))["verdict"] in verdicts
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_contain_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == results["image"]


def _saved(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    return download.value.path().read_bytes()


@pytest.mark.parametrize("width", WIDTHS)
def test_player_and_timeline_move_each_other(visit: Visit, results: dict[str, str], width: int) -> None:
    page = visit(results["video"], width=width)
    player, position = page.locator("video"), page.get_by_label("position")
    expect(page.locator(".timeline.live")).to_be_visible()
    player.evaluate("video => video.readyState || new Promise(loaded => { video.onloadedmetadata = loaded; })")
    track = page.locator(".timeline .lane .track").first
    track.click(position={"x": 0.75 * track.bounding_box()["width"], "y": 20})  # type: ignore[index]
    assert player.evaluate("video => video.currentTime") == pytest.approx(1.5, abs=0.2)
    last = page.locator(".strip button").last
    last.click()
    assert player.evaluate("video => video.currentTime") == pytest.approx(float(last.get_attribute("data-go-s") or -1))
    expect(page.locator(".viewer figure:visible .moment")).to_have_text(last.inner_text())
    player.evaluate("video => { video.muted = true; video.currentTime = 0; return video.play(); }")
    expect(position).not_to_have_value("0")
    player.evaluate("video => video.pause()")
    position.focus()
    page.keyboard.press("Home")
    assert player.evaluate("video => video.currentTime") == 0
    expect(position).to_have_attribute("aria-valuetext", re.compile("Person 1 .*Voice"))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_heat_map_can_be_hidden_faded_and_compared(visit: Visit, results: dict[str, str], width: int) -> None:
    page = visit(results["image"], width=width)
    heat = page.locator(".heat").first
    expect(heat).to_have_css("opacity", "1")
    page.get_by_label("Strength of the colours").fill("40")
    expect(heat).to_have_css("opacity", "0.4")
    page.get_by_text("Original", exact=True).click()
    expect(heat).to_be_hidden()
    page.get_by_text("Compare", exact=True).click()
    expect(heat).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    page.get_by_label("Where the heat map begins").fill("20")
    expect(heat).to_have_css("clip-path", "inset(0px 0px 0px 20%)")


def test_sound_has_a_lane_with_its_spectrogram(visit: Visit, results: dict[str, str]) -> None:
    page = visit(results["audio"])
    expect(page.locator("audio")).to_be_visible()
    expect(page.locator(".timeline").get_by_text("spectrogram")).to_be_visible()


def test_a_judgement_is_kept_found_and_exported(visit: Visit, server: str, results: dict[str, str]) -> None:
    page = visit(results["audio"])
    page.get_by_label("Confirmed genuine").check()
    page.get_by_label("Note").fill("Read aloud by <b>myself</b>")
    page.get_by_role("button", name="Save judgement").click()
    expect(page.get_by_role("status")).to_have_text("Your judgement is saved.")
    page.goto(f"{server}/history")
    page.get_by_label("Search in names and notes").fill("<b>myself</b>")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".past-item")).to_have_count(1)
    expect(page.locator(".past-item")).to_contain_text("You: confirmed genuine")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export judged files").click()
    assert "audio,real" in download.value.path().read_text()


def test_names_and_metadata_cannot_run(visit: Visit, server: str, files: list[Path]) -> None:
    page = visit(server)
    page.set_input_files("#files", {"name": HOSTILE, "mimeType": "image/png", "buffer": _signed(files[0], HOSTILE)})
    row = page.locator(".job", has=page.get_by_text(HOSTILE, exact=True))
    expect(row.locator(".job-state")).to_have_text(ENDED)
    row.get_by_role("link", name="Read the result").click()
    expect(page.locator(".file")).to_have_text(HOSTILE)
    page.get_by_text("What was found in the file").click()
    expect(page.locator(".traces").get_by_text(HOSTILE)).to_be_visible()
    for place in (page.url, f"{server}/history"):
        page.goto(place)
        expect(page.get_by_text(HOSTILE, exact=True).first).to_be_visible()
        assert page.locator("img[src=x]").count() == 0
        assert "owned" not in page.title().replace(HOSTILE, "")
    page.get_by_role("button", name=f"Delete {HOSTILE}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text(HOSTILE)).to_have_count(0)


def _signed(picture: Path, software: str) -> bytes:
    """The picture, which claims to have been made by some software."""
    claim, out = PngImagePlugin.PngInfo(), io.BytesIO()
    claim.add_text("Software", software)
    with Image.open(picture) as opened:
        opened.save(out, "PNG", pnginfo=claim)
    return out.getvalue()


def test_camera_microphone_clipboard_and_drop_hand_in_as_well(visit: Visit, server: str, files: list[Path]) -> None:
    page = visit(server)
    for opener in ("Record with the camera", "Record a voice"):
        page.get_by_role("button", name=opener).click()
        page.get_by_role("button", name="Start recording").click()
        expect(page.get_by_role("timer")).to_have_text(re.compile("0:0[1-9]"))
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Examine this").click()
    expect(page.locator(".job", has_text="recording-")).to_have_count(2)
    page.evaluate(
        """text => {
          const holding = (name) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
            return data;
          };
          const pasted = { clipboardData: holding("pasted.png"), cancelable: true };
          document.dispatchEvent(new ClipboardEvent("paste", pasted));
          const dropped = { dataTransfer: holding("dropped.png"), bubbles: true, cancelable: true };
          for (const name of ["dragenter", "dragover", "drop"])
            document.body.dispatchEvent(new DragEvent(name, dropped));
        }""",
        base64.b64encode(files[0].read_bytes()).decode(),
    )
    for name, count in (("recording-", 2), ("pasted.png", 1), ("dropped.png", 1)):
        expect(page.locator(".job", has_text=name).locator(".job-state")).to_have_text([ENDED] * count)


def test_a_second_recording_counts_from_nought(visit: Visit, server: str) -> None:
    """A clock that still showed the first recording would invite people to stop at once."""
    page = visit(server)
    seen = []
    page.expose_function("noted", lambda text: seen.append(text))
    page.evaluate(
        """() => {
          const time = document.getElementById("recorder-time");
          document.getElementById("recorder-start").addEventListener("click", () => window.noted(time.textContent));
        }"""
    )
    for opener in ("Record with the camera", "Record a voice"):
        page.get_by_role("button", name=opener).click()
        page.get_by_role("button", name="Start recording").click()
        expect(page.get_by_role("timer")).to_have_text(re.compile("0:0[1-9]"))
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Examine this")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
    assert seen == ["0:00", "0:00"]


@pytest.mark.parametrize("scheme", RULES)
def test_every_page_is_accessible_and_fits(visit: Visit, server: str, results: dict[str, str], scheme: str) -> None:
    places = [
        server + path for path in ("/", "/history", "/models", "/about", "/login?wrong=1", "/items/none", "/none")
    ]
    page = visit(server, scheme=scheme, expects_errors=True)  # A page that is missing logs its 404.
    found = []
    for place in [*places, *results.values()]:
        for width in (*WIDTHS, 360):
            page.set_viewport_size({"width": width, "height": 900})
            if width == WIDTHS[0]:
                page.goto(place)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (place, width)
        faults = Axe().run(page, options={"runOnly": RULES[scheme]}).response["violations"]
        found += [(place, one["id"], one["nodes"]) for one in faults if one["impact"] in {"serious", "critical"}]
    assert found == []
