"""Combine evidence and decide.

A medium is forged if any of its parts is. With N parts, each part's prior is a N-th of the medium's, so its odds are
divided by N before the parts are joined as ``1 - prod(1 - p)``. One part alone keeps its probability, and a group
photograph of twenty people does not turn suspicious by sheer number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from unmask.core.evidence import Evidence, Verdict
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


def weighted(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Fill in each answer's weight: its share of the joint log-odds of being forged; abstentions weigh nothing."""
    answers = [entry.p_fake for entry in evidence if entry.p_fake is not None]
    hazards = [-math.log(1 - min(p, 1 - 1e-6)) for p in answers]
    total = sum(hazards) or 1.0
    return tuple(
        replace(entry, weight=0.0 if entry.p_fake is None else -math.log(1 - min(entry.p_fake, 1 - 1e-6)) / total)
        for entry in evidence
    )


def fuse(evidence: Sequence[Evidence]) -> tuple[float, tuple[float, float]] | None:
    """Join the answers of all detectors.

    Args:
        evidence: One entry a detector; abstentions are left out.

    Returns:
        Probability and 90 % interval; None if every detector abstained.
    """
    answers = [entry for entry in evidence if entry.p_fake is not None and entry.interval is not None]
    if not answers:
        return None
    p_fake = any_forged([entry.p_fake for entry in answers if entry.p_fake is not None])
    low = any_forged([entry.interval[0] for entry in answers if entry.interval is not None])
    high = any_forged([entry.interval[1] for entry in answers if entry.interval is not None])
    return p_fake, (low, high)


def thresholds(evidence: Sequence[Evidence]) -> tuple[float, float]:
    """The two thresholds of a medium: the most cautious ones of the detectors that answered."""
    answers = [entry for entry in evidence if entry.p_fake is not None]
    if not answers:
        return (0.0, 1.0)
    return (min(entry.likely_real_below for entry in answers), max(entry.likely_fake_above for entry in answers))


def decide(p_fake: float | None, coverage: float, evidence: Sequence[Evidence]) -> Verdict:
    """Turn a probability into a verdict.

    Args:
        p_fake: Fused probability; None if every detector abstained.
        coverage: Share of the medium that could be scored.
        evidence: For the thresholds.

    Returns:
        ``inconclusive`` between the thresholds, without any answer, and where too little was scored to clear a medium:
        a genuine voice does not clear pictures that nobody could judge. A sound track without speech holds nothing
        to judge and stands in nobody's way.
    """
    if p_fake is None:
        return "inconclusive"
    real_below, fake_above = thresholds(evidence)
    if p_fake >= fake_above:
        return "likely_fake"
    unjudged = any(entry.p_fake is None and entry.abstained != "no_speech" for entry in evidence)
    if p_fake < real_below and coverage >= LEAST_COVERAGE and not unjudged:
        return "likely_real"
    return "inconclusive"
