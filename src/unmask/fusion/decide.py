"""Combine evidence and decide.

A medium is forged if any of its parts is. With N parts, each part's prior is a N-th of the medium's, so its odds are
divided by N before the parts are joined as ``1 - prod(1 - p)``. One part alone keeps its probability, and a group
photograph of twenty people does not turn suspicious by sheer number.

A picture as a whole is no part beside its faces: a forged face stands in a genuine picture. Its calm clears no face and
its mild suspicion adds nothing; it counts beside judged faces only when it raises the alarm, and alone without them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from unmask.core.evidence import Evidence, Verdict
from unmask.core.thresholds import held_against
from unmask.fusion.calibrate import log_odds, probability

LEAST_COVERAGE = 0.25


def any_forged(parts: Sequence[float]) -> float:
    """Probability that at least one of several parts is forged.

    Args:
        parts: N >= 1 calibrated probabilities, each as if its part were the whole medium.

    Returns:
        The joint probability; `parts[0]` for a single part.
    """
    shift = math.log(len(parts))
    none = math.prod(1 - probability(log_odds(p) - shift) for p in parts)
    return 1 - none if len(parts) > 1 else parts[0]


def counted(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The answers that count: all but a calm or mildly suspicious whole picture beside judged faces."""
    answers = [entry for entry in evidence if entry.p_fake is not None]
    if not any(entry.modality == "face" for entry in answers):
        return answers
    return [entry for entry in answers if entry.modality != "image" or _alarms(entry)]


def _alarms(entry: Evidence) -> bool:
    return entry.p_fake is not None and entry.p_fake >= entry.likely_fake_above


def weighted(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Fill in each answer's weight: its share of the joint log-odds of being forged; what does not count has none."""
    hazards = {id(entry): -math.log(1 - min(entry.p_fake or 0.0, 1 - 1e-6)) for entry in counted(evidence)}
    total = sum(hazards.values()) or 1.0
    return tuple(replace(entry, weight=hazards.get(id(entry), 0.0) / total) for entry in evidence)


def fuse(evidence: Sequence[Evidence]) -> tuple[float, tuple[float, float]] | None:
    """Join the answers of all detectors.

    Args:
        evidence: One entry a detector; only those that count (`counted`) are joined.

    Returns:
        Probability and 90 % interval; None if every detector abstained.
    """
    answers = [entry for entry in counted(evidence) if entry.interval is not None]
    if not answers:
        return None
    p_fake = any_forged([entry.p_fake for entry in answers if entry.p_fake is not None])
    low = any_forged([entry.interval[0] for entry in answers if entry.interval is not None])
    high = any_forged([entry.interval[1] for entry in answers if entry.interval is not None])
    return p_fake, (low, high)


def decide(p_fake: float | None, coverage: float, evidence: Sequence[Evidence]) -> Verdict:
    """Turn a probability into a verdict.

    Args:
        p_fake: Fused probability; None if every detector abstained.
        coverage: Share of the medium that could be scored.
        evidence: For the thresholds.

    Returns:
        ``inconclusive`` between the thresholds, without any answer, and where too little was scored to clear a medium:
        a genuine voice does not clear pictures that nobody could judge. What holds nothing to judge stands in nobody's
        way: a sound track without speech, and a picture without a face that was judged as a whole.
    """
    if p_fake is None:
        return "inconclusive"
    real_below, fake_above = held_against(counted(evidence))
    if p_fake >= fake_above:
        return "likely_fake"
    unjudged = any(entry.p_fake is None and not _idle(entry, evidence) for entry in evidence)
    if p_fake < real_below and coverage >= LEAST_COVERAGE and not unjudged:
        return "likely_real"
    return "inconclusive"


def _idle(entry: Evidence, evidence: Sequence[Evidence]) -> bool:
    """Whether an abstention leaves nothing unjudged: there was nothing, or another detector judged the pictures."""
    judged = {other.modality for other in evidence if other.p_fake is not None}
    if entry.modality == "image":
        # An answer about the whole that turned under wear leaves a doubt that a calm face does not settle.
        return "face" in judged and entry.abstained != "unstable"
    return entry.abstained == "no_speech" or (entry.abstained == "no_face" and "image" in judged)
