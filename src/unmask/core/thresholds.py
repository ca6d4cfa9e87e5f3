"""Which thresholds a medium is held against: one rule for the room that decides and those that draw what decided."""

from __future__ import annotations

from collections.abc import Sequence

from unmask.core.evidence import Evidence


def held_against(answers: Sequence[Evidence]) -> tuple[float, float]:
    """Find the two thresholds that a medium's probability is held against.

    What is seen and what is heard are thresholds apart: of one medium, the detectors of either may need more to accuse
    than those of the other, and a calm voice says nothing against a forged face.

    Args:
        answers: The answers that count.

    Returns:
        ``(likely_real_below, likely_fake_above)``. To be cleared, every answer must be calm, so the lowest of all; to
        be accused, the highest among the detectors that looked at what the most suspicious one looked at, pictures or
        sound. Zero and one without any answer.
    """
    if not answers:
        return (0.0, 1.0)
    leading = max(answers, key=lambda answer: answer.p_fake or 0.0).modality == "audio"
    accusing = [answer.likely_fake_above for answer in answers if (answer.modality == "audio") == leading]
    return (min(answer.likely_real_below for answer in answers), max(accusing))
