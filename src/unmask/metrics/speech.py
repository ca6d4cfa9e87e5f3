"""Metrics of the speech anti-spoofing field: Cllr, minDCF, min t-DCF. Higher scores mean more likely fake.

The field's target is bona fide speech, so its miss (bona fide refused) is a false alarm here and its false acceptance
(spoof let through) is a miss here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmask.core.errors import DataError
from unmask.metrics.ranking import checked, roc

F64 = NDArray[np.float64]


def cllr(log_odds: ArrayLike, labels: ArrayLike) -> float:
    """Cost of the log-likelihood ratio (Bruemmer and du Preez, Computer Speech and Language 2006).

    Args:
        log_odds: Shape (N,), natural logarithm of the likelihood ratio fake to real; the log-odds of a `p_fake` that is
            calibrated for equally common labels.
        labels: Shape (N,), 0 real, 1 fake.

    Returns:
        Bits: 0 is perfect, 1 is knowing nothing, more is misleading.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    values, truth = checked(log_odds, labels)
    fakes, reals = np.logaddexp(0.0, -values[truth == 1]), np.logaddexp(0.0, values[truth == 0])
    return float((fakes.mean() + reals.mean()) / (2 * np.log(2)))


def min_dcf(
    scores: ArrayLike, labels: ArrayLike, *, spoof_prior: float = 0.05, miss: float = 1.0, false_accept: float = 10.0
) -> float:
    """Least normalised detection cost over all thresholds (defaults: ASVspoof 5 evaluation plan, 2024).

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real (bona fide), 1 fake (spoof).
        spoof_prior: How common spoofs are assumed to be.
        miss: Cost of refusing bona fide speech.
        false_accept: Cost of letting a spoof through.

    Returns:
        In [0, 1]; 1 is as good as answering without listening.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`.
    """
    curve = roc(scores, labels)
    refuse, accept = miss * (1 - spoof_prior), false_accept * spoof_prior
    return float(np.min(refuse * curve.false_alarms + accept * (1 - curve.recalls)) / min(refuse, accept))


@dataclass(frozen=True, slots=True)
class SpeakerErrors:
    """Error rates of the speaker verification that a detector protects, at its own threshold.

    Attributes:
        miss: Share of the right speakers that it refuses.
        false_accept: Share of other speakers that it accepts.
        spoof_miss: Share of spoofs that it refuses by itself.
    """

    miss: float
    false_accept: float
    spoof_miss: float


def speaker_errors(targets: ArrayLike, others: ArrayLike, spoofs: ArrayLike) -> SpeakerErrors:
    """Set a speaker verification to its equal error rate, as ASVspoof 2019 does.

    Args:
        targets: Scores of the right speakers, higher means more likely the right speaker.
        others: Scores of other speakers.
        spoofs: Scores of spoofed speech.

    Returns:
        The error rates there.

    Raises:
        DataError: One of the three is empty or not finite.
    """
    right, wrong, spoofed = (np.asarray(scores, dtype=np.float64) for scores in (targets, others, spoofs))
    if not spoofed.size or not np.isfinite(spoofed).all():
        message = "Expected finite scores of the speaker verification for spoofed speech; there are none."
        raise DataError(message)
    curve = roc(np.concatenate([right, wrong]), np.repeat([1, 0], [right.size, wrong.size]))
    at = int(np.argmin(np.abs(curve.false_alarms - (1 - curve.recalls))))
    threshold = curve.thresholds[at]
    return SpeakerErrors(float(np.mean(right < threshold)), float(np.mean(wrong >= threshold)),
                         float(np.mean(spoofed < threshold)))  # fmt: skip


def min_tdcf(scores: ArrayLike, labels: ArrayLike, speaker: SpeakerErrors) -> float:
    """Least normalised tandem detection cost (Kinnunen et al., Odyssey 2018; costs of the ASVspoof 2019 plan).

    Args:
        scores: Shape (N,), higher means more likely fake.
        labels: Shape (N,), 0 real (bona fide), 1 fake (spoof).
        speaker: The speaker verification behind the detector.

    Returns:
        In [0, 1]; 1 is a detector that adds nothing to the speaker verification.

    Raises:
        DataError: As for `unmask.metrics.ranking.roc`, or the speaker verification is so bad that a detector cannot
            help it.
    """
    spoof, target, other = 0.05, 0.95 * 0.99, 0.95 * 0.01
    costs = {"miss_asv": 1.0, "accept_asv": 10.0, "miss": 1.0, "accept": 10.0}
    refuse = target * (costs["miss"] - costs["miss_asv"] * speaker.miss)
    refuse -= other * costs["accept_asv"] * speaker.false_accept
    accept = costs["accept"] * spoof * (1 - speaker.spoof_miss)
    if refuse <= 0 or accept <= 0:
        message = f"min t-DCF: with {speaker} no detector can help; check the scores of the speaker verification."
        raise DataError(message)
    curve = roc(scores, labels)
    return float(np.min(refuse * curve.false_alarms + accept * (1 - curve.recalls)) / min(refuse, accept))
