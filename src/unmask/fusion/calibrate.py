"""Apply the calibration that stands on a model card (Platt 1999)."""

from __future__ import annotations

import math

import numpy as np

from unmask.core.records import F32Array
from unmask.models.card import Calibration

Z_90 = 1.645


def probability(calibrated_logit: float) -> float:
    """Logistic function."""
    if calibrated_logit >= 0:
        return 1.0 / (1.0 + math.exp(-calibrated_logit))
    grown = math.exp(max(calibrated_logit, -700.0))
    return grown / (1.0 + grown)


def log_odds(p: float) -> float:
    """Inverse of `probability`; `p` is kept 1e-6 away from 0 and 1."""
    kept = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def unit_probability(logit: float, card: Calibration) -> float:
    """Calibrated probability that one crop or window is fake."""
    return probability(card.unit_slope * logit + card.unit_offset)


def unit_evidence(evidence_map: F32Array, card: Calibration) -> F32Array:
    """Bring a map of raw logits to calibrated log-odds; its mean is then that of `unit_probability`."""
    return (np.float32(card.unit_slope) * evidence_map + np.float32(card.unit_offset)).astype(np.float32)


def medium_probability(logit: float, card: Calibration) -> float:
    """Calibrated probability that a person or recording with this pooled logit is fake."""
    return probability(card.medium_slope * logit + card.medium_offset)


def medium_interval(logit: float, spread: float, card: Calibration) -> tuple[float, float]:
    """90 % interval of `medium_probability`.

    Args:
        logit: Pooled raw logit.
        spread: Standard error of the pooled logit.
        card: The card's calibration; its residual says what unseen sources add.

    Returns:
        Lower and upper end.
    """
    centre = card.medium_slope * logit + card.medium_offset
    half = Z_90 * math.hypot(card.medium_slope * spread, card.residual)
    return (probability(centre - half), probability(centre + half))
