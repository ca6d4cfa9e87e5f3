"""Whether the lips follow the sound, in plain words."""

from __future__ import annotations

from typing import Any

from unmask.core.evidence import LipAnswer, LipSync
from unmask.report.words import ABSTENTION_LABELS, ABSTENTIONS, clock, visible

HEADLINES: dict[LipAnswer, str] = {
    "follow": "The lips follow the sound",
    "shifted": "The lips follow the sound {lag}",
    "apart": "The lips do not follow the sound",
    "unclear": "It is not clear whether the lips follow the sound",
}
EXPLAINED: dict[LipAnswer, str] = {
    "follow": "Between {start} and {end} the mouth moves as the sound asks, {lag}. "
    "Good lip-sync forgeries do so as well.",
    "shifted": "Between {start} and {end} the mouth moves as the sound asks, but not at the same time. A bad cut, a "
    "slow connection or a recording put together from two can cause this.",
    "apart": "Between {start} and {end} the mouth moves, and somebody speaks, but the two do not fit. Dubbing, a bad "
    "cut, a speaker out of view or a forgery can cause this.",
    "unclear": "What the mouth does between {start} and {end} fits the sound a little: too little to say that it "
    "follows, too much to say that it does not.",
}
USUAL_MS = 160


def panel(found: LipSync | None) -> dict[str, Any] | None:
    """Say whether the lips follow the sound.

    Args:
        found: The observation; None where nobody asked.

    Returns:
        ``headline`` and ``explained`` (sentences), still to be escaped; None where nobody asked.
    """
    if found is None:
        return None
    if found.answer is None:
        label = ABSTENTION_LABELS[found.abstained] if found.abstained else "nothing to compare"
        explained = [ABSTENTIONS[found.abstained]] if found.abstained else []
        detail = [f"{found.detail[:1].upper()}{found.detail[1:]}."] if found.detail else []
        return {"headline": f"Not compared: {label}", "explained": [visible(one) for one in (*explained, *detail)]}
    words = {"start": clock(found.start_s), "end": clock(found.end_s), "lag": _lag(found.offset_ms or 0)}
    match = f"Agreement {found.match or 0.0:.2f} of 1, over {found.end_s - found.start_s:.1f} s."
    explained = [EXPLAINED[found.answer].format(**words), match]
    return {"headline": HEADLINES[found.answer].format(**words), "explained": explained}


def line(found: LipSync | None) -> str:
    """Say it in one line for a terminal; empty where there is nothing to say."""
    if found is None or found.answer is None or found.answer == "unclear":
        return ""
    return HEADLINES[found.answer].format(lag=_lag(found.offset_ms or 0))


def _lag(offset_ms: int) -> str:
    late = f"about {abs(offset_ms)} ms {'late' if offset_ms > 0 else 'early'}"
    return f"{late}, which is within what this measure can tell" if abs(offset_ms) <= USUAL_MS else late
