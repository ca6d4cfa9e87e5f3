from typing import get_args

import pytest

from unmask.core.evidence import Credentials, Modality, Provenance, Reason, Verdict
from unmask.core.records import Kind
from unmask.report import provenance, words


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (words.HEADLINES, get_args(Verdict)),
        (words.LEDES, get_args(Verdict)),
        (words.MEANS, get_args(Verdict)),
        (words.MEANS_NOT, get_args(Verdict)),
        (words.ABSTENTIONS, get_args(Reason)),
        (words.ABSTENTION_LABELS, get_args(Reason)),
        (words.MODALITIES, get_args(Modality)),
        (words.NOUNS, get_args(Kind)),
        (provenance.HEADLINES, get_args(Credentials)),
        (provenance.EXPLAINED, get_args(Credentials)),
    ],
)
def test_every_name_has_words(table, names) -> None:
    assert set(table) == set(names)
    assert all(table.values())


def test_headlines_are_careful() -> None:
    assert words.HEADLINES == {
        "likely_fake": "Likely forged",
        "likely_real": "Likely genuine",
        "inconclusive": "Cannot tell",
    }


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "\u2013"), (0.0, "under 1%"), (0.004, "under 1%"), (0.006, "1%"), (0.5, "50%"), (0.994, "99%"),
     (0.996, "over 99%"), (1.0, "over 99%")],
)  # fmt: skip
def test_a_probability_is_never_certain(share: float | None, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(0.0, "0%"), (1.0, "100%"), (0.999, "over 99%"), (0.001, "under 1%")])
def test_coverage_may_be_whole(share: float, text: str) -> None:
    assert words.whole_percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0:00.0"), (3.26, "0:03.3"), (59.96, "1:00.0"), (3599.99, "1:00:00"), (3725.0, "1:02:05")],
)
def test_clock(seconds: float, text: str) -> None:
    assert words.clock(seconds) == text


def test_interval_in_words() -> None:
    assert words.interval((0.91, 0.993)) == "91% to 99%"
    assert words.interval((0.001, 0.002)) == "under 1%"
    assert words.interval(None) == "\u2013"


def test_letters_that_deceive_are_shown() -> None:
    assert words.visible("a\u202egpj.exe") == "a\\u202egpj.exe"
    assert words.visible("two\nlines\x00") == "two\\u000alines\\u0000"
    assert words.visible("\u0646\u200c\u0645 👩\u200d🚀") == "\u0646\u200c\u0645 👩\u200d🚀"


def test_size() -> None:
    assert [words.size(one) for one in (12, 1400, 231_002, 8_412_331, 5_000_000_000)] == [
        "12 bytes", "1.4 kB", "231 kB", "8.4 MB", "5.0 GB",
    ]  # fmt: skip


def test_absence_says_nothing_in_a_terminal_and_claims_do() -> None:
    assert provenance.line(Provenance("absent", software=("GIMP",))) == ""
    assert provenance.line(Provenance("absent", "Suno")) == "names Suno as its maker"
    signed = Provenance("invalid", signer="A\u202eB")
    assert provenance.line(signed) == "Content Credentials that are not valid, signed by A\\u202eB"


def test_absence_is_explained_as_neutral() -> None:
    (sentence,) = provenance.panel(Provenance("absent"))["explained"]
    assert "nothing for or against it" in sentence
