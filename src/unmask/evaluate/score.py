"""Figures with intervals from predictions; abstentions are counted apart, never mixed into a metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import DataError
from unmask.evaluate.predict import Prediction
from unmask.metrics.bootstrap import Estimate, interval
from unmask.metrics.calibration import brier_score, expected_calibration_error
from unmask.metrics.ranking import auc, average_precision, equal_error_rate, recall_at

METRICS: dict[str, Callable[[NDArray[np.float64], NDArray[np.int64]], float]] = {
    "AUC": auc,
    "EER": equal_error_rate,
    "AP": average_precision,
    "recall at 5 % false alarms": lambda scores, labels: recall_at(scores, labels, false_alarms=0.05),
    "ECE": expected_calibration_error,
    "Brier": brier_score,
}


@dataclass(frozen=True, slots=True)
class Rates:
    """What people see: verdicts by label.

    Attributes:
        media: Number of media, abstentions included.
        abstained: Share without an answer.
        false_alarms: Share of answered genuine media called likely_fake.
        found: Share of answered forged media called likely_fake.
        missed: Share of answered forged media called likely_real.
        cleared: Share of answered genuine media called likely_real.
        inconclusive: Share of answered media between the thresholds.
    """

    media: int
    abstained: float
    false_alarms: float
    found: float
    missed: float
    cleared: float
    inconclusive: float


def figures(predictions: Sequence[Prediction], *, rounds: int = 1000) -> dict[str, Estimate]:
    """Compute every metric with its 95 % bootstrap interval, resampling whole groups.

    Args:
        predictions: Both labels.
        rounds: Bootstrap resamples.

    Returns:
        Estimates by name of the metric.

    Raises:
        DataError: Fewer than two labels were answered.
    """
    scores, labels, groups = _columns(predictions)
    return {name: interval(metric, scores, labels, clusters=groups, rounds=rounds) for name, metric in METRICS.items()}


def rates(predictions: Sequence[Prediction]) -> Rates:
    """Count verdicts by label."""
    answered = [prediction for prediction in predictions if prediction.p_fake is not None]
    counts = Counter((prediction.row.label, prediction.verdict) for prediction in answered)

    def share(label: int, verdict: str) -> float:
        total = sum(count for (of, _), count in counts.items() if of == label)
        return counts[label, verdict] / total if total else float("nan")

    unsure = sum(count for (_, verdict), count in counts.items() if verdict == "inconclusive")
    return Rates(
        media=len(predictions),
        abstained=1 - len(answered) / max(len(predictions), 1),
        false_alarms=share(0, "likely_fake"),
        found=share(1, "likely_fake"),
        missed=share(1, "likely_real"),
        cleared=share(0, "likely_real"),
        inconclusive=unsure / max(len(answered), 1),
    )


def by_source(predictions: Sequence[Prediction]) -> dict[str, Estimate]:
    """AUC of each source's forged media against all genuine media, and of its genuine against all forged ones.

    Args:
        predictions: Both labels.

    Returns:
        Estimates by ``"fake: source / method"`` and ``"real: source"``, smallest sets included.
    """
    answered = [prediction for prediction in predictions if prediction.p_fake is not None]
    names = {_name(prediction) for prediction in answered}
    found = {}
    for name in sorted(names):
        label = int(name.startswith("fake"))
        chosen = [entry for entry in answered if entry.row.label != label or _name(entry) == name]
        try:
            found[name] = interval(auc, *_columns(chosen)[:2], clusters=_columns(chosen)[2], rounds=200)
        except DataError:
            continue
    return found


def within_sources(predictions: Sequence[Prediction]) -> dict[str, tuple[Estimate, int]]:
    """AUC inside each source that has answered media of both labels: nothing but the forgery tells them apart.

    Args:
        predictions: Any.

    Returns:
        Estimate and number of media by source.
    """
    found = {}
    for source in sorted({prediction.row.source for prediction in predictions}):
        inside = [entry for entry in predictions if entry.row.source == source and entry.p_fake is not None]
        try:
            scores, labels, groups = _columns(inside)
            found[source] = (interval(auc, scores, labels, clusters=groups, rounds=400), len(inside))
        except DataError:
            continue
    return found


def _name(prediction: Prediction) -> str:
    row = prediction.row
    return f"fake: {row.source} / {row.method}" if row.label else f"real: {row.source}"


def _columns(predictions: Sequence[Prediction]) -> tuple[list[float], list[int], list[str]]:
    answered = [prediction for prediction in predictions if prediction.p_fake is not None]
    scores = [prediction.p_fake for prediction in answered if prediction.p_fake is not None]
    return scores, [prediction.row.label for prediction in answered], [prediction.row.group for prediction in answered]
