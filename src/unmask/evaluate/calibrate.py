"""Fit probabilities and thresholds on media that training never saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import DataError
from unmask.evaluate.predict import Prediction
from unmask.fusion.calibrate import log_odds
from unmask.metrics.calibration import fit_platt, sigmoid
from unmask.models.card import Calibration

IDENTITY = Calibration(1.0, 0.0, 1.0, 0.0, 0.5, 0.5, (), 0.0)
"""Leaves logits as they are: what a draft card carries until it is calibrated."""

FALSE_ALARMS = 0.05
"""Share of the genuine media that chose it which may reach the threshold of likely_fake."""

STRICTER_FALSE_ALARMS = {"picture": 0.03, "speech": 0.01}
"""For families whose alarms come on top of those about faces. Of voices, few genuine recordings of few sources are at
hand to choose by, and a threshold that lets 3 % of them through let 6 % of those of other sources through."""

MISSES = 0.10
"""Share of the forged media that chose it which may fall below the threshold of likely_real."""

STRICTER_MISSES = {"picture": 0.05}
"""Where 10 % there let 15 % of the generated pictures of other sources pass as genuine."""

FEWEST_CLIPS = 20
"""Of each label, and as many pictures: with fewer, clips and pictures share one calibration, and clips kept back do not
count."""

ENOUGH_TO_PROMISE = 100
"""Answered media of one label in one left-out source from which on it keeps the promises by itself: a shared threshold
let 19 % of the genuine stills of clips pass for forged where 5 % of all genuine pictures were allowed."""

_MOST_UNITS = 32
_MARGIN = 1e-5
"""Keeps the media that a threshold spares on their side when the card rounds slopes and thresholds to six digits."""


def promised(family: str) -> tuple[float, float]:
    """The shares that the thresholds of a family allow: of genuine media called forged, and of forged ones cleared."""
    return STRICTER_FALSE_ALARMS.get(family, FALSE_ALARMS), STRICTER_MISSES.get(family, MISSES)


def calibrate(
    predictions: Sequence[Prediction],
    kept_back: Sequence[Prediction] = (),
    *,
    false_alarms: float = FALSE_ALARMS,
    misses: float = MISSES,
) -> Calibration:
    """Fit a calibration.

    Args:
        predictions: Made with a card that carries `IDENTITY`, of sources left out of training.
        kept_back: The same, of media of the training sources that training did not see; none by default.
        false_alarms: Largest share of genuine media that may reach likely_fake.
        misses: Largest share of forged media that may reach likely_real.

    Returns:
        Platt scaling for units and media in which both labels count alike and a source counts by the square root of
        its size, and two thresholds: at most `false_alarms` of genuine media reach likely_fake, at most `misses` of the
        forged ones likely_real: of all sources left out, of each that has `ENOUGH_TO_PROMISE` of the label, and of the
        media kept back.

    Raises:
        DataError: One label is missing.
    """
    left_out, kept = ([entry for entry in part if entry.p_fake is not None] for part in (predictions, kept_back))
    answered = left_out + kept
    logits = np.array([prediction.logit for prediction in answered])
    labels = np.array([prediction.row.label for prediction in answered])
    if set(labels.tolist()) != {0, 1}:
        message = "Calibrating needs genuine and forged media that the detector answers; one of the two is missing."
        raise DataError(message)
    weights = _balanced(answered)
    slope, offset = fit_platt(logits, labels, weights=weights)
    genuine, forged = (
        [sigmoid(slope * np.array(part) + offset) for part in _promised_to(left_out, kept, label)] for label in (0, 1)
    )
    fake_above = max(_above(p, false_alarms) for p in genuine)
    real_below = min(fake_above, *(_below(p, misses) for p in forged))
    unit_slope, unit_offset = _units(answered, weights)
    return Calibration(
        unit_slope=unit_slope,
        unit_offset=unit_offset,
        medium_slope=slope,
        medium_offset=offset,
        likely_real_below=real_below,
        likely_fake_above=fake_above,
        fitted_on=tuple(sorted({prediction.row.source for prediction in answered})),
        residual=_between_sources(answered, slope * logits + offset),
    )


def calibrate_by_kind(
    predictions: Sequence[Prediction],
    kept_back: Sequence[Prediction] = (),
    *,
    false_alarms: float = FALSE_ALARMS,
    misses: float = MISSES,
) -> tuple[Calibration, Calibration | None]:
    """Fit pictures and clips apart where there are enough of both: video codecs move the answers of a detector.

    Args:
        predictions: See `calibrate`; they decide whether there are enough.
        kept_back: See `calibrate`; for a kind of which they are rare they do not count.
        false_alarms: See `calibrate`.
        misses: See `calibrate`.

    Returns:
        The calibration of pictures and that of clips; of all media, and None, if either kind is rare.

    Raises:
        DataError: One label is missing.
    """
    kinds = ("image", "video")
    if not all(_enough(predictions, kind) for kind in kinds):
        return calibrate(predictions, kept_back, false_alarms=false_alarms, misses=misses), None
    pictures, clips = (
        calibrate(
            [entry for entry in predictions if entry.row.kind == kind],
            [entry for entry in kept_back if entry.row.kind == kind] if _enough(kept_back, kind) else (),
            false_alarms=false_alarms,
            misses=misses,
        )
        for kind in kinds
    )
    return pictures, clips


def _promised_to(left_out: Sequence[Prediction], kept_back: Sequence[Prediction], label: int) -> list[list[float]]:
    """Logits of the media of a label, in the groups that keep a promise each; none is empty."""
    sides = [[entry.logit for entry in side if entry.row.label == label] for side in (left_out, kept_back)]
    sources: dict[str, list[float]] = {}
    for entry in left_out:
        if entry.row.label == label:
            sources.setdefault(entry.row.source, []).append(entry.logit)
    large = [logits for logits in sources.values() if len(logits) >= ENOUGH_TO_PROMISE]
    return [side for side in sides if side] + large


def _enough(predictions: Sequence[Prediction], kind: str) -> bool:
    labels = Counter(entry.row.label for entry in predictions if entry.row.kind == kind and entry.p_fake is not None)
    return min(labels[0], labels[1]) >= FEWEST_CLIPS


def _balanced(answered: Sequence[Prediction]) -> NDArray[np.float64]:
    """Weights that let both labels count alike, and every source inside a label by the square root of its size."""
    keys = [(prediction.row.label, prediction.row.source) for prediction in answered]
    sizes = Counter(keys)
    weights = np.array([sizes[key] ** -0.5 for key in keys])
    labels = np.array([label for label, _ in keys])
    for label in (0, 1):
        weights[labels == label] /= weights[labels == label].sum()
    return weights


def _above(real_p: NDArray[np.float64], share: float) -> float:
    """Smallest threshold that at most this share of genuine media reaches, one medium on the safe side."""
    ranked = np.sort(real_p)[::-1]
    allowed = int(share * (ranked.size + 1)) - 1
    return float(ranked[max(allowed, 0)]) + _MARGIN


def _below(fake_p: NDArray[np.float64], share: float) -> float:
    """Largest threshold under which at most this share of forged media falls, one medium on the safe side."""
    ranked = np.sort(fake_p)
    allowed = int(share * (ranked.size + 1)) - 1
    return float(ranked[max(allowed, 0)]) - _MARGIN


def _units(answered: Sequence[Prediction], weights: NDArray[np.float64]) -> tuple[float, float]:
    logits: list[float] = []
    labels: list[int] = []
    shares: list[float] = []
    for prediction, weight in zip(answered, weights, strict=True):
        units = prediction.unit_p[:: max(len(prediction.unit_p) // _MOST_UNITS, 1)]
        logits.extend(log_odds(p) for p in units)
        labels.extend([prediction.row.label] * len(units))
        shares.extend([weight / len(units)] * len(units))
    return fit_platt(logits, labels, weights=shares)


def _between_sources(answered: Sequence[Prediction], calibrated: NDArray[np.float64]) -> float:
    """Standard deviation of the sources' mean logits inside a label: what a new source may add to the error."""
    keys = np.array([f"{prediction.row.label} {prediction.row.source}" for prediction in answered])
    spreads = []
    for label in ("0 ", "1 "):
        means = [calibrated[keys == key].mean() for key in sorted(set(keys)) if key.startswith(label)]
        if len(means) > 1:
            spreads.append(float(np.var(means, ddof=1)))
    return float(np.sqrt(np.mean(spreads))) if spreads else 1.0
