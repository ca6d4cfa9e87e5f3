from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.core.evidence import Evidence
from unmask.core.thresholds import held_against
from unmask.fusion.decide import LEAST_COVERAGE, any_forged, counted, decide, fuse, weighted

P = st.floats(0, 1)


def said(p_fake: float | None, *, below: float = 0.3, above: float = 0.7, half: float = 0.05) -> Evidence:
    interval = None if p_fake is None else (max(p_fake - half, 0.0), min(p_fake + half, 1.0))
    reason = "no_face" if p_fake is None else None
    return Evidence("d", "face", p_fake, interval, 1.0, 1, reason, "", below, above)  # type: ignore[arg-type]


@given(P)
def test_one_part_is_the_medium(p: float) -> None:
    assert any_forged([p]) == p


@given(st.lists(P, min_size=1, max_size=8), st.integers(0, 7), P)
def test_a_part_that_turns_more_suspicious_never_calms(parts: list[float], place: int, other: float) -> None:
    low, high = list(parts), list(parts)
    low[place % len(parts)], high[place % len(parts)] = min(parts[0], other), max(parts[0], other)
    assert any_forged(low) <= any_forged(high) + 1e-9


@given(st.lists(P, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_answer_is_a_probability_and_order_does_not_matter(parts: list[float], random) -> None:
    found = any_forged(parts)
    assert 0 <= found <= 1
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert any_forged(shuffled) == pytest.approx(found)


@pytest.mark.parametrize("count", [2, 5, 20, 200])
@pytest.mark.parametrize("p", [0.01, 0.1, 0.3])
def test_a_crowd_of_calm_faces_does_not_alarm(count: int, p: float) -> None:
    assert any_forged([p] * count) < 1.5 * p
    assert 1 - (1 - p) ** count > any_forged([p] * count)


def test_one_forged_face_among_genuine_ones_stands_out() -> None:
    assert any_forged([0.999, 0.01, 0.01]) > 0.9
    assert any_forged([0.999, 0.01]) > any_forged([0.5, 0.01]) > any_forged([0.01, 0.01])


@given(st.lists(P, min_size=1, max_size=6))
def test_fused_intervals_hold_their_probability(parts: list[float]) -> None:
    found = fuse([said(p) for p in parts])
    assert found is not None
    p_fake, (low, high) = found
    assert 0 <= low <= p_fake + 1e-6
    assert p_fake <= high + 1e-6 <= 1 + 2e-6


def test_abstentions_are_left_out_not_averaged_in() -> None:
    assert fuse([said(0.9), said(None)]) == fuse([said(0.9)])
    assert fuse([said(None)]) is None
    assert fuse([]) is None


def test_weights_are_shares_of_the_answers() -> None:
    found = weighted([said(0.9), said(None), said(0.2)])
    assert [entry.weight > 0 for entry in found] == [True, False, True]
    assert found[0].weight > found[2].weight
    assert sum(entry.weight for entry in found) == pytest.approx(1)
    assert weighted([said(1.0)])[0].weight == pytest.approx(1)
    assert weighted([said(0.0)])[0].weight == 0


@pytest.mark.parametrize(
    ("p_fake", "coverage", "expected"),
    [
        (0.0, 1.0, "likely_real"),
        (0.2999, 1.0, "likely_real"),
        (0.3, 1.0, "inconclusive"),
        (0.6999, 1.0, "inconclusive"),
        (0.7, 1.0, "likely_fake"),
        (1.0, 1.0, "likely_fake"),
        (0.1, LEAST_COVERAGE, "likely_real"),
        (0.1, LEAST_COVERAGE - 0.01, "inconclusive"),
        (0.9, 0.01, "likely_fake"),
        (None, 0.0, "inconclusive"),
        (None, 1.0, "inconclusive"),
    ],
)
def test_verdicts(p_fake: float | None, coverage: float, expected: str) -> None:
    assert decide(p_fake, coverage, [said(p_fake)]) == expected


def test_the_most_cautious_thresholds_of_those_who_saw_count() -> None:
    found = held_against([said(0.5, below=0.2, above=0.6), whole(0.9), said(0.4, below=0.4, above=0.9)])
    assert found == (0.2, 0.9)
    assert held_against([]) == (0.0, 1.0)


@pytest.mark.parametrize(("face", "voice", "above"), [(0.8, 0.1, 0.7), (0.1, 0.8, 0.9), (0.1, 0.05, 0.7)])
def test_pictures_and_sound_accuse_by_their_own_thresholds_and_both_have_to_clear(
    face: float, voice: float, above: float
) -> None:
    heard = replace(said(voice, below=0.2, above=0.9), modality="audio")
    assert held_against([said(face, below=0.4, above=0.7), heard]) == (0.2, above)


def test_a_calm_voice_does_not_hold_a_forged_face_to_its_own_stricter_threshold() -> None:
    face, voice = said(0.85, above=0.7), replace(said(0.2, above=0.9), modality="audio")
    found = fuse([face, voice])
    assert found is not None
    assert 0.7 < found[0] < 0.85
    assert decide(found[0], 1.0, [face, voice]) == "likely_fake"


def test_a_genuine_voice_does_not_clear_pictures_that_nobody_could_judge() -> None:
    voice = said(0.05)
    assert decide(0.05, 1.0, [voice]) == "likely_real"
    assert decide(0.05, 1.0, [voice, replace(said(None), abstained="face_too_small")]) == "inconclusive"
    assert decide(0.05, 1.0, [voice, replace(said(None), abstained="no_speech")]) == "likely_real"


def whole(p_fake: float | None, abstained: str = "too_plain") -> Evidence:
    """What a detector of whole pictures says; its thresholds are 0.2 and 0.8."""
    reason = abstained if p_fake is None else None
    return replace(said(p_fake, below=0.2, above=0.8), detector="w", modality="image", abstained=reason)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.79))
def test_a_calm_or_mildly_suspicious_whole_changes_nothing_about_its_faces(face: float, picture: float) -> None:
    alone, both = [said(face)], [said(face), whole(picture)]
    assert counted(both) == alone
    assert fuse(both) == fuse(alone)
    assert held_against(counted(both)) == held_against(counted(alone))
    assert decide(face, 1.0, both) == decide(face, 1.0, alone)
    assert [entry.weight for entry in weighted(both)] == [*(entry.weight for entry in weighted(alone)), 0.0]


def test_an_alarm_about_the_whole_counts_beside_a_calm_face_but_has_to_be_sure() -> None:
    for picture, verdict in ((0.82, "inconclusive"), (0.99, "likely_fake")):
        both = [said(0.05), whole(picture)]
        found = fuse(both)
        assert found is not None
        assert decide(found[0], 1.0, both) == verdict


@pytest.mark.parametrize(("picture", "verdict"), [(0.9, "likely_fake"), (0.1, "likely_real"), (0.5, "inconclusive")])
def test_without_a_face_the_whole_decides(picture: float, verdict: str) -> None:
    both = [said(None), whole(picture)]
    assert fuse(both) is not None
    assert decide(picture, 1.0, both) == verdict


def test_what_the_whole_cannot_say_does_not_stand_in_the_way_of_faces() -> None:
    assert decide(0.05, 1.0, [said(0.05), whole(None)]) == "likely_real"
    assert decide(None, 0.0, [said(None), whole(None)]) == "inconclusive"


def test_a_calm_whole_does_not_clear_faces_that_could_not_be_judged() -> None:
    small = replace(said(None), abstained="face_too_small")
    assert decide(0.05, 1.0, [small, whole(0.05)]) == "inconclusive"


def test_an_unsteady_answer_about_the_whole_leaves_a_doubt_that_a_calm_face_does_not_settle() -> None:
    unsteady = whole(None, "unstable")
    assert decide(0.05, 1.0, [said(0.05), unsteady]) == "inconclusive"
    assert decide(0.97, 1.0, [said(0.97), unsteady]) == "likely_fake"
