"""From heard windows to voices, and from voices to the evidence of the sound."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from unmask.core.evidence import Abstention, Evidence, Reason, Score, Span, TimelinePoint, Voice
from unmask.fusion.calibrate import medium_interval, medium_probability, unit_probability
from unmask.fusion.decide import any_forged
from unmask.fusion.passages import passages
from unmask.fusion.pool import pooled_logit, spread
from unmask.models.card import Calibration
from unmask.voice.speakers import VoicePrint, tell_apart

STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """One window of sound and what came of it.

    Attributes:
        start_s: Begin of its speech.
        end_s: End of its speech.
        answer: The detector's.
        print: Of the voice at its begin; None where nobody speaks.
    """

    start_s: float
    end_s: float
    answer: Score | Abstention
    print: VoicePrint | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of one voice on one level of suspicion."""

    start_s: float
    end_s: float
    logits: NDArray[np.float64]


def judge_voices(
    heard: Sequence[Heard], detector: str, card: Calibration, *, length_s: float
) -> tuple[list[Evidence], tuple[Voice, ...], list[TimelinePoint]]:
    """Judge each voice, and within each every passage that stands out.

    A forged passage makes a recording forged, so that passages count as parts of a voice as people count as parts of a
    picture (`unmask.fusion.decide.any_forged`). Without passages a voice is judged by the mean of its windows.

    Args:
        heard: Windows in order of time.
        detector: Name of the speech model.
        card: Its calibration.
        length_s: Length of a window as the detector hears it; shorter speech is repeated up to there.

    Returns:
        One piece of evidence a voice (a single refusal if no window was scored), the voices, and one moment a window.
    """
    scored = [one for one in heard if isinstance(one.answer, Score)]
    refusals = [one.answer for one in heard if isinstance(one.answer, Abstention)]
    unlike = sum(refusal.reason == "out_of_domain" for refusal in refusals)
    if not scored or unlike > len(scored):
        return [_refusal(detector, refusals, card)], (), []
    owners = tell_apart([one.print for one in scored if one.print is not None])
    spoken = _parts_by_voice(scored, owners, length_s)
    chances = {voice: [_chance(part, card) for part in parts] for voice, parts in spoken.items()}
    voices = tuple(
        Voice(voice, any_forged(chances[voice]), owners.count(voice), _spans(parts, chances[voice], card))
        for voice, parts in spoken.items()
    )
    evidence = [
        replace(
            _evidence(detector, parts, chances[voice], card),
            coverage=len(scored) / len(heard),
            units=owners.count(voice) if len(spoken) > 1 else len(heard),
            detail=f"voice {voice + 1} of {len(spoken)}" if len(spoken) > 1 else "",
        )
        for voice, parts in spoken.items()
    ]
    timeline = [
        TimelinePoint((one.start_s + one.end_s) / 2, unit_probability(_logit(one), card), "audio", who)
        for one, who in zip(scored, owners if len(spoken) > 1 else [None] * len(scored), strict=True)
    ]
    return evidence, voices, timeline


def _parts_by_voice(scored: Sequence[Heard], owners: Sequence[int], length_s: float) -> dict[int, list[_Part]]:
    """Cut what each voice says into stretches of one level; a single stretch stands for its windows as they are."""
    times, values = _curve(scored, length_s)
    begins = [one.start_s for one in scored]
    speaking = np.array([owners[max(bisect_right(begins, t_s + STEP_S / 2) - 1, 0)] for t_s in times])
    found = {}
    for voice in sorted(set(speaking.tolist())):
        parts = _parts(times[speaking == voice], values[speaking == voice])
        if len(parts) == 1 and voice == max(owners) == 0:
            parts = [replace(parts[0], logits=np.array([_logit(one) for one in scored]))]
        found[voice] = parts
    return found


def _chance(part: _Part, card: Calibration) -> float:
    return medium_probability(pooled_logit(part.logits.tolist()), card)


def _logit(one: Heard) -> float:
    assert isinstance(one.answer, Score)
    return one.answer.logit


def _curve(scored: Sequence[Heard], length_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Begins and mean evidence of all steps that some window covers."""
    steps: dict[int, list[float]] = {}
    for one in scored:
        assert isinstance(one.answer, Score)
        map_ = one.answer.heatmap
        cells = np.full(25, one.answer.logit) if map_ is None else map_.mean(axis=0, dtype=np.float64)
        offsets = (np.arange(cells.size) + 0.5) * length_s / cells.size
        for offset, cell in zip(offsets % max(one.end_s - one.start_s, STEP_S), cells, strict=True):
            steps.setdefault(int((one.start_s + offset) / STEP_S), []).append(float(cell))
    places = sorted(steps)
    return np.array(places) * STEP_S, np.array([np.mean(steps[place]) for place in places])


def _parts(times: NDArray[np.float64], values: NDArray[np.float64]) -> list[_Part]:
    return [
        _Part(float(times[begin]), float(times[end - 1]) + STEP_S, values[begin:end]) for begin, end in passages(values)
    ]


def _spans(parts: Sequence[_Part], chances: Sequence[float], card: Calibration) -> tuple[Span, ...]:
    """Join neighbouring parts that sound synthetic."""
    found = []
    pairs = zip(parts, chances, strict=True)
    for loud, run in groupby(pairs, key=lambda pair: pair[1] >= card.likely_fake_above):
        if loud:
            kept = list(run)
            found.append(Span(kept[0][0].start_s, kept[-1][0].end_s, max(chance for _, chance in kept)))
    return tuple(found)


def _evidence(detector: str, parts: Sequence[_Part], chances: Sequence[float], card: Calibration) -> Evidence:
    ends = [medium_interval(pooled_logit(part.logits.tolist()), spread(part.logits.tolist()), card) for part in parts]
    interval = (any_forged([low for low, _ in ends]), any_forged([high for _, high in ends]))
    limits = (card.likely_real_below, card.likely_fake_above)
    return Evidence(detector, "audio", any_forged(chances), interval, 0.0, 0, None, "", *limits)


def _refusal(detector: str, refusals: Sequence[Abstention], card: Calibration) -> Evidence:
    counts: Counter[Reason] = Counter(refusal.reason for refusal in refusals)
    # A song is told as a song, however much of it is without a voice.
    reason: Reason = (
        "out_of_domain" if counts["out_of_domain"] else max(counts, key=lambda one: counts[one], default="no_speech")
    )
    detail = next((one.detail for one in refusals if one.reason == reason), "there is no sound to examine")
    limits = (card.likely_real_below, card.likely_fake_above)
    return Evidence(detector, "audio", None, None, 0.0, len(refusals), reason, detail, *limits)
