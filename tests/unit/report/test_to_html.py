import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.makers import sounds
from tests.unit.report.made import FAILURE, clip, faceless, portrait, sound
from unmask.core.evidence import Provenance, ScanReport, Trace, Verdict
from unmask.core.records import MediaInfo
from unmask.media.probe import probe
from unmask.report.to_html import page_name, render_html, render_timeline, save_html, save_index

VOID = {"meta", "img", "input", "br", "hr", "link"}
ATTACK = '"><script>alert(1)<img src=x onerror=alert(2)>.jpg'


class Page(HTMLParser):
    """Collects tags, attributes and visible text; notes tags that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.broken: list[str] = []
        self.text = ""
        self.inline: dict[str, str] = {"style": "", "script": ""}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inline:
            self.inline[self.open[-1]] += data
        else:
            self.text += " ".join(data.split()) + " "

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def recording() -> ScanReport:
    media = MediaInfo(
        Path("voice.ogg"), "audio", "ogg", duration_s=10.0, has_audio=True, sample_rate_hz=8000, channels=1
    )
    return ScanReport(media, "inconclusive", None, None, 0.0, sound=sound())


CASES = {"portrait": portrait(), "clip": clip(), "faceless": faceless(), "recording": recording()}


@pytest.fixture(params=CASES, ids=str)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render_html(CASES[request.param]))


def test_tags_are_balanced(page: Page) -> None:
    assert page.broken == []
    assert page.open == []


def test_page_asks_for_nothing_outside(page: Page) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "video"}
        for name in ("src", "href", "srcset", "action", "poster", "xlink:href"):
            if name in attributes:
                allowed = "data:audio/mpeg;" if tag == "audio" else ("data:image/", "#")
                assert attributes[name].startswith(allowed), (tag, attributes)
    assert "url(" not in page.inline["style"]
    assert "@import" not in page.inline["style"]
    assert not re.search(r"https?:|//\w", page.inline["style"] + page.inline["script"].replace("// ", ""))


def test_policy_allows_exactly_the_inline_sources(page: Page) -> None:
    (policy,) = [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for text in page.inline.values():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not any(name == "style" or name.startswith("on") for _, one in page.tags for name in one)
    assert len(page.all("script")) == len(page.all("style")) == 1


def test_page_can_be_read_without_eyes(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert all("alt" in one for one in page.all("img"))
    assert all(
        one.get("aria-label") or one.get("aria-hidden")
        for one in page.all("svg")
        if "class" in one and one["class"] != "pin" and "face-tag" not in one["class"]
    )
    names = [one["id"] for _, one in page.tags if "id" in one]
    assert len(names) == len(set(names))
    for _, one in page.tags:
        for pointer in ("for", "aria-labelledby"):
            assert one.get(pointer) is None or one[pointer] in names


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("likely_fake", "Likely forged"), ("likely_real", "Likely genuine"), ("inconclusive", "Cannot tell")],
)
def test_verdict_in_careful_words(verdict: Verdict, words: str) -> None:
    html = render_html(portrait(verdict))
    headline = re.search(r"<h1.*?</h1>", html, re.DOTALL)
    assert headline is not None
    assert words in headline[0]
    text = Page(html).text
    assert not re.search(
        r"\b(is|are|was) (a )?(fake|forged|forgery|real|genuine)\b(?! *:)",
        text.replace("prove that the material is genuine", ""),
    )
    assert "not proof" in text
    assert "What it does not mean" in text
    assert "90% interval" in text


def test_hostile_names_and_words_stay_text() -> None:
    media = replace(portrait().media, path=Path(ATTACK), format="<b>", warnings=("<script>w()</script>",))
    evil = replace(portrait(), media=media, reasons=("<script>r()</script>",), timings_s={"<script>t": 1.0})
    evil = replace(evil, evidence=(replace(evil.evidence[0], detail="<img src=x>", detector="<svg onload=x>"),))
    page = Page(render_html(evil))
    assert len(page.all("script")) == 1
    assert page.broken == []
    assert not any(name.startswith("on") for _, one in page.tags for name in one)
    for text in (ATTACK, "<script>r()</script>", "<script>w()</script>", "<img src=x>", "<svg onload=x>"):
        assert text in page.text


def test_provenance_in_plain_words_and_hostile_text_stays_text() -> None:
    said = Provenance(
        "untrusted", ATTACK, (ATTACK,), ATTACK, ATTACK, ATTACK, ATTACK, traces=(Trace("EXIF", ATTACK, "a\u202eb"),),
        notes=(ATTACK,),
    )  # fmt: skip
    html = render_html(replace(portrait(), provenance=said))
    page = Page(html)
    assert page.broken == []
    assert len(page.all("script")) == 1
    assert not any(name.startswith("on") for _, one in page.tags for name in one)
    assert page.text.count(ATTACK) == 8
    assert "\u202e" not in html
    assert "anyone can sign: take it as a claim" in page.text
    assert "never enters the probability" in page.text


def test_a_trusted_statement_leads_the_page() -> None:
    said = Provenance("trusted", "Studio", signer="Newsroom", source_type="trainedAlgorithmicMedia", conclusive=True)
    text = Page(render_html(replace(portrait(), provenance=said))).text
    assert "A signer whom you trust states that generative software made this picture." in text
    assert "not the detectors, whose answer stands beside it" in text
    assert "made by generative software" in text


def test_reordering_letters_are_shown_and_folders_are_not() -> None:
    html = render_html(portrait(name="x\u202egpj.exe"))
    assert "\u202e" not in html
    assert "x\\u202egpj.exe" in html
    assert "/private" not in html


def test_unscored_medium_shows_no_number() -> None:
    text = Page(render_html(faceless())).text
    assert "no probability is given" in text
    assert "No face was found, so there was nothing for this detector to look at." in text
    assert "gauge" not in [one.get("class") for one in Page(render_html(faceless())).all("svg")]
    assert "50%" not in text


def test_clip_shows_people_spans_sound_and_warnings() -> None:
    page = Page(render_html(clip()))
    for words in (
        "Person 1", "Stood out from 0:05.0 to 0:10.0 (up to 90%)", "faces too small", "Spectrogram", "Take note",
        "Three packets were lost.", "The same as a table", "29.97 frames per second",
    ):  # fmt: skip
        assert words in page.text + str([one.get("aria-label") for one in page.all("svg")])
    assert page.text.count("The index was rebuilt.") == 1
    assert "Content Credentials could not be checked" in page.text
    assert {one.get("title") for one in page.all("abbr")} >= {"0123456789abcdef" * 4}


def test_heat_can_be_switched_without_script() -> None:
    html = render_html(portrait())
    (switch,) = [one for one in Page(html).all("input") if one["type"] == "checkbox"]
    assert "checked" in switch
    assert html.index('class="heat-switch"') < html.index('class="figures')
    assert ".heat-switch:not(:checked) ~ .figures .heat { display: none; }" in html
    assert [one["type"] for one in Page(render_html(clip())).all("input")] == ["range"]


def test_timeline_alone_is_the_one_of_the_page() -> None:
    html = render_timeline(clip())
    assert html is not None
    assert html in render_html(clip())
    fragment = Page(html)
    assert fragment.broken == []
    assert not fragment.all("script") + fragment.all("style") + fragment.all("link")
    assert not any(name == "style" or name.startswith("on") for _, one in fragment.tags for name in one)
    (root,) = fragment.all("section")
    assert root["data-duration"] == "10.01"
    assert [one["data-name"] for one in fragment.all("div") if "data-points" in one] == [
        "Person 1",
        "Person 2",
        "Voice",
    ]
    assert [one["data-go-s"] for one in fragment.all("button")] == ["4.5"]
    assert len([one for one in fragment.all("img") if one["class"] == "who"]) == 2
    assert render_timeline(portrait()) is None


def test_sound_can_be_played_while_its_file_is_there(tmp_path: Path) -> None:
    sounds.write_speech_like(tmp_path / "a.wav", seconds=2.0)
    report = replace(recording(), media=probe(tmp_path / "a.wav"))
    (player,) = Page(render_html(report)).all("audio")
    assert "data-timeline-media" in player
    content = base64.b64decode(player["src"].removeprefix("data:audio/mpeg;base64,"))
    (tmp_path / "again.mp3").write_bytes(content)
    assert probe(tmp_path / "again.mp3").duration_s == pytest.approx(2.0, abs=0.1)
    assert len(content) < 20_000
    (tmp_path / "a.wav").unlink()
    assert Page(render_html(report)).all("audio") == []


def test_moments_of_pictures_lead_into_the_timeline() -> None:
    assert "6.0" in [one.get("data-go-s") for one in Page(render_html(clip())).all("button")]
    assert Page(render_html(portrait())).all("button") == []


def test_index_lists_all_and_links_pages(tmp_path: Path) -> None:
    results = [portrait(name=ATTACK), clip(), faceless(), recording(), FAILURE]
    index = save_index(iter(results), tmp_path / "pages")
    page = Page(index.read_text(encoding="utf-8"))
    assert page.broken == []
    links = [one["href"] for one in page.all("a") if not one["href"].startswith("#")]
    assert len(links) == 4
    for link in links:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.html", link)
        single = Page((index.parent / link).read_text(encoding="utf-8"))
        assert "index.html" in [one.get("href") for one in single.all("a")]
    assert len(page.all("script")) == 1
    assert FAILURE.message in page.text
    assert "Not examined" in page.text
    assert "/private" not in page.text
    assert sorted(one.name for one in index.parent.iterdir()) == sorted([*links, "index.html"])


def test_index_of_nothing(tmp_path: Path) -> None:
    assert "0 files" in save_index([], tmp_path).read_text(encoding="utf-8")


def test_page_names_are_safe_and_distinct() -> None:
    assert page_name(1, Path("../../étude №1.JPG")) == "0001-etude-no1-jpg.html"
    assert page_name(2, Path("视频")) == "0002-medium.html"
    assert len(page_name(3, Path("x" * 250))) < 80


def test_save_makes_folders_and_leaves_no_rest(tmp_path: Path) -> None:
    path = save_html(portrait(), tmp_path / "a" / "b.html")
    assert path.read_text(encoding="utf-8") == render_html(portrait())
    assert [one.name for one in path.parent.iterdir()] == ["b.html"]


def _colours(block: str) -> dict[str, tuple[float, ...]]:
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{6})", block)
    return {name: tuple(int(code[place : place + 2], 16) / 255 for place in (0, 2, 4)) for name, code in found}


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough_in_every_scheme() -> None:
    """WCAG 2.2 AA: 4.5 for text, 3 for drawings."""
    style = Page(render_html(portrait())).inline["style"]
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 3
    pairs = [(front, "paper", 4.5) for front in ("ink", "quiet", "link", "fake", "real", "unknown")]
    pairs += [("ink", "warn", 4.5), ("limit", "plot", 3.0), ("limit", "paper", 3.0), ("curve", "plot", 4.5)]
    pairs += [("curve", "span", 4.5)]
    pairs += [("ink", zone, 4.5) for zone in ("fake-zone", "real-zone", "unknown-zone")]
    for block in blocks:
        colours = _colours(block)
        for front, back, least in pairs:
            light, dark = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (front, back)


def test_a_verdict_held_back_is_explained() -> None:
    words = "The number alone lies in another zone"
    held = replace(portrait(), verdict="inconclusive", coverage=0.1)
    assert words in render_html(held)
    assert words not in render_html(portrait())
    assert words not in render_html(faceless())


def test_people_have_remarks_only_where_there_are_any() -> None:
    assert "Remarks" in Page(render_html(clip())).text
    assert "Remarks" not in Page(render_html(portrait())).text
    silent = replace(portrait(), people=(replace(portrait().people[0], p_fake=None, abstained="too_dark"),))
    assert "Not judged: too dark." in Page(render_html(silent)).text
