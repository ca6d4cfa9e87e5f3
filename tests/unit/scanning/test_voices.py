"""Voices and their passages: what is averaged, what is cut out, who is named, and what is left unjudged."""

from __future__ import annotations

import numpy as np
import pytest

from tests.makers.sounds import speech_like
from unmask.core.evidence import Abstention, Score
from unmask.fusion.calibrate import medium_probability
from unmask.fusion.pool import pooled_logit
from unmask.models.card import Calibration
from unmask.scanning.voices import Heard, judge_voices
from unmask.voice.speakers import VoicePrint, voice_print

CARD = Calibration(1.0, 0.0, 1.0, 0.0, 0.3, 0.8, ("nothing",), 0.5)
ONE, OTHER = (voice_print(speech_like(2.0, seed=0)), voice_print(np.diff(speech_like(2.0, seed=1))))


def heard(levels: list[float], prints: list[VoicePrint] | None = None, *, seed: int = 0) -> list[Heard]:
    """Windows of 4 s every 2 s over a curve of one level a second, with a little noise."""
    rng = np.random.default_rng(seed)
    fine = np.interp(np.arange(0, len(levels), 0.16), np.arange(len(levels)) + 0.5, levels)
    fine = fine + 0.2 * rng.standard_normal(fine.size)
    found = []
    for place, begin in enumerate(range(0, len(levels) - 3, 2)):
        cells = fine[round(begin / 0.16) :][:25].astype(np.float32)
        print_ = prints[place] if prints else ONE
        found.append(Heard(begin, begin + 4.0, Score(float(cells.mean()), cells[None]), print_))
    return found


def judge(windows: list[Heard]):
    return judge_voices(windows, "tiny", CARD, length_s=4.0)


def test_an_even_recording_is_judged_by_the_mean_of_its_windows():
    windows = heard([-2.0] * 20)
    (evidence,), (voice,), timeline = judge(windows)
    expected = medium_probability(pooled_logit([one.answer.logit for one in windows]), CARD)
    assert (evidence.p_fake, voice.p_fake) == (expected, expected)
    assert (evidence.coverage, evidence.units, evidence.detail) == (1.0, 9, "")
    assert voice.spans == ()
    assert [point.t_s for point in timeline] == [2.0 + 2 * place for place in range(9)]
    assert {point.person for point in timeline} == {None}


@pytest.mark.parametrize("begin", [0, 8, 17])
def test_a_forged_passage_is_found_and_decides(begin):
    levels = [-3.0] * 20
    levels[begin : begin + 3] = [4.0] * 3
    (evidence,), (voice,), _ = judge(heard(levels))
    (span,) = voice.spans
    assert span.start_s == pytest.approx(begin, abs=1.0)
    assert span.end_s == pytest.approx(begin + 3, abs=1.0)
    assert evidence.p_fake > CARD.likely_fake_above


def test_a_genuine_passage_leaves_two_spans():
    (evidence,), (voice,), _ = judge(heard([4.0] * 8 + [-3.0] * 5 + [4.0] * 8))
    first, second = voice.spans
    assert (first.start_s, second.end_s) == pytest.approx((0, 20), abs=1.0)
    assert (first.end_s, second.start_s) == pytest.approx((8, 13), abs=1.0)
    assert evidence.p_fake > CARD.likely_fake_above


def test_two_voices_are_two_pieces_of_evidence():
    prints = [ONE] * 5 + [OTHER] * 5
    evidence, voices, timeline = judge(heard([-3.0] * 10 + [4.0] * 12, prints))
    assert [one.detail for one in evidence] == ["voice 1 of 2", "voice 2 of 2"]
    assert [voice.windows for voice in voices] == [one.units for one in evidence] == [5, 5]
    assert voices[0].p_fake < CARD.likely_real_below
    assert voices[1].p_fake > CARD.likely_fake_above
    assert voices[0].spans == ()
    assert voices[1].spans[0].start_s == pytest.approx(10, abs=1.0)
    assert [point.person for point in timeline] == [0] * 5 + [1] * 5


def test_a_detector_without_a_map_is_judged_by_its_windows():
    windows = [Heard(2.0 * n, 2.0 * n + 4, Score(-3.0 if n < 6 else 4.0), ONE) for n in range(12)]
    (evidence,), (voice,), _ = judge(windows)
    assert evidence.p_fake > CARD.likely_fake_above
    assert voice.spans[-1].start_s == pytest.approx(12, abs=2.1)


def test_a_song_is_left_unjudged_even_if_a_window_of_it_was_scored():
    song = Abstention("out_of_domain", "music")
    windows = [*heard([4.0] * 4), *(Heard(4.0 + n, 8.0 + n, song) for n in range(3))]
    (evidence,), voices, timeline = judge(windows)
    assert (evidence.p_fake, evidence.abstained, evidence.detail) == (None, "out_of_domain", "music")
    assert (voices, timeline) == ((), [])


def test_the_usual_reason_is_told_where_nothing_could_be_scored():
    silent, short = Abstention("no_speech", "silent"), Abstention("too_short", "short")
    (evidence,), _, _ = judge([Heard(0, 4, silent), Heard(2, 6, short), Heard(4, 8, silent)])
    assert (evidence.abstained, evidence.detail, evidence.units) == ("no_speech", "silent", 3)
    (evidence,), _, _ = judge([])
    assert (evidence.abstained, evidence.units) == ("no_speech", 0)
