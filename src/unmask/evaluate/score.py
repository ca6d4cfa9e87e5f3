"""Figures with intervals from predictions; abstentions are counted apart, never mixed into a metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import DataError
from unmask.evaluate.predict import Prediction
from unmask.metrics.bootstrap import Estimate, interval, intervals
from unmask.metrics.calibration import brier_score, expected_calibration_error, log_loss
from unmask.metrics.ranking import auc, average_precision, equal_error_rate, recall_at
from unmask.metrics.selective import accuracy_at_coverage
from unmask.metrics.speech import SpeakerErrors, cllr, min_dcf, min_tdcf
from unmask.metrics.threshold import confusion

F64 = NDArray[np.float64]
Metrics = Mapping[str, Callable[[F64, NDArray[np.int64]], float]]

CARD_METRICS: Metrics = {
    "AUC": auc,
    "EER": equal_error_rate,
    "AP": average_precision,
    "recall at 1 % false alarms": lambda scores, labels: recall_at(scores, labels, false_alarms=0.01),
    "recall at 5 % false alarms": lambda scores, labels: recall_at(scores, labels, false_alarms=0.05),
    "accuracy of the surest 70 %": lambda scores, labels: accuracy_at_coverage(scores, labels, coverage=0.7),
    "ECE": expected_calibration_error,
    "ECE, labels weighted alike": lambda p_fake, labels: expected_calibration_error(p_fake, labels, balanced=True),
    "Brier": brier_score,
}
"""What every model card quotes."""

OPERATING_POINTS = ("recall at 1 % false alarms", "recall at 5 % false alarms", "accuracy of the surest 70 %")

METRICS: Metrics = {
    **CARD_METRICS,
    "log loss": log_loss,
    "accuracy": lambda scores, labels: confusion(scores, labels).accuracy,
    "balanced accuracy": lambda scores, labels: confusion(scores, labels).balanced_accuracy,
    "precision": lambda scores, labels: confusion(scores, labels).precision,
    "recall": lambda scores, labels: confusion(scores, labels).recall,
    "F1": lambda scores, labels: confusion(scores, labels).f1,
    "MCC": lambda scores, labels: confusion(scores, labels).mcc,
}
"""For every detector. Accuracy, precision, recall, F1 and MCC count a probability of 0.5 and more as fake."""

SPEECH_COSTS: Metrics = {
    "Cllr": lambda scores, labels: cllr(_log_odds(scores), labels),
    "minDCF": min_dcf,
}
"""For voices besides: the costs of ASVspoof 5."""

_KINDS = {"image": "pictures", "video": "clips"}

RANKING: Metrics = {name: METRICS[name] for name in ("AUC", "EER", "AP", "balanced accuracy")}
"""For frames, people and groups, where calibration was not promised."""


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
        right: Share of right verdicts among likely_fake and likely_real.
    """

    media: int
    abstained: float
    false_alarms: float
    found: float
    missed: float
    cleared: float
    inconclusive: float
    right: float


@dataclass(frozen=True, slots=True)
class KindFigures:
    """Figures of the pictures, or of the clips, of one side.

    Attributes:
        metrics: By name.
        verdicts: What people would have been told.
    """

    metrics: Mapping[str, Estimate]
    verdicts: Rates


@dataclass(frozen=True, slots=True)
class Columns:
    """Answered media as columns of equal length.

    Attributes:
        p_fake: Probabilities.
        labels: 0 real, 1 fake.
        groups: Clusters for the bootstrap.
    """

    p_fake: tuple[float, ...]
    labels: tuple[int, ...]
    groups: tuple[str, ...]

    @property
    def lacks(self) -> str:
        """Which label is missing, in words; empty if both are there."""
        missing = [word for label, word in ((0, "genuine"), (1, "forged")) if label not in self.labels]
        return " and ".join(missing)


def _log_odds(p_fake: F64) -> F64:
    """Log-odds of probabilities kept 1e-6 away from 0 and 1, as `unmask.fusion.calibrate.log_odds` does for one."""
    kept = np.clip(p_fake, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))


def metrics_for(family: str, speaker: SpeakerErrors | None = None) -> Metrics:
    """Metrics of a detector's family; min t-DCF only with the errors of a speaker verification."""
    if family != "speech":
        return METRICS
    if speaker is None:
        return {**METRICS, **SPEECH_COSTS}
    return {**METRICS, **SPEECH_COSTS, "min t-DCF": lambda scores, labels: min_tdcf(scores, labels, speaker)}


def card_metrics(family: str) -> Metrics:
    """Metrics that the card of a detector of this family quotes."""
    return {**CARD_METRICS, **SPEECH_COSTS} if family == "speech" else CARD_METRICS


def answered(predictions: Iterable[Prediction]) -> list[Prediction]:
    """Predictions that hold a probability."""
    return [prediction for prediction in predictions if prediction.p_fake is not None]


def columns(predictions: Iterable[Prediction]) -> Columns:
    """Answered media as columns."""
    kept = answered(predictions)
    return Columns(
        tuple(entry.p_fake for entry in kept if entry.p_fake is not None),
        tuple(entry.row.label for entry in kept),
        tuple(entry.row.group for entry in kept),
    )


def figures(
    predictions: Sequence[Prediction], *, metrics: Metrics = METRICS, rounds: int = 1000
) -> dict[str, Estimate]:
    """Compute metrics with their 95 % bootstrap intervals, resampling whole groups.

    Args:
        predictions: Both labels.
        metrics: Which ones, by name.
        rounds: Bootstrap resamples.

    Returns:
        Estimates by name of the metric.

    Raises:
        DataError: Fewer than two labels were answered.
    """
    found = columns(predictions)
    return intervals(metrics, found.p_fake, found.labels, clusters=found.groups, rounds=rounds)


def auc_of(held: Columns, *, rounds: int = 400) -> Estimate | None:
    """AUC with its interval; None if a label is missing, or stands in so few groups that no interval can be drawn."""
    try:
        return interval(auc, held.p_fake, held.labels, clusters=held.groups, rounds=rounds)
    except DataError:
        return None


def rates(predictions: Sequence[Prediction]) -> Rates:
    """Count verdicts by label."""
    kept = answered(predictions)
    counts = Counter((prediction.row.label, prediction.verdict) for prediction in kept)

    def share(label: int, verdict: str) -> float:
        total = sum(count for (of, _), count in counts.items() if of == label)
        return counts[label, verdict] / total if total else float("nan")

    right = counts[0, "likely_real"] + counts[1, "likely_fake"]
    wrong = counts[1, "likely_real"] + counts[0, "likely_fake"]
    return Rates(
        media=len(predictions),
        abstained=1 - len(kept) / max(len(predictions), 1),
        false_alarms=share(0, "likely_fake"),
        found=share(1, "likely_fake"),
        missed=share(1, "likely_real"),
        cleared=share(0, "likely_real"),
        inconclusive=(counts[0, "inconclusive"] + counts[1, "inconclusive"]) / max(len(kept), 1),
        right=right / (right + wrong) if right + wrong else float("nan"),
    )


def by_kind(
    predictions: Sequence[Prediction], *, metrics: Metrics = CARD_METRICS, rounds: int = 1000
) -> dict[str, KindFigures]:
    """Measure pictures and clips apart: a detector that holds on one may fail on the other.

    Args:
        predictions: Any.
        metrics: Which ones, by name.
        rounds: Bootstrap resamples.

    Returns:
        Figures of ``pictures`` and ``clips``; empty unless there are both.
    """
    parts = {name: [entry for entry in predictions if entry.row.kind == kind] for kind, name in _KINDS.items()}
    if not all(parts.values()):
        return {}
    found = {}
    for name, part in parts.items():
        with suppress(DataError):  # A label is missing, or stands in too few groups.
            found[name] = KindFigures(figures(part, metrics=metrics, rounds=rounds), rates(part))
    return found


def refusals(predictions: Iterable[Prediction]) -> dict[str, int]:
    """How many media were not answered, by reason or error, most frequent first."""
    return dict(Counter(entry.abstained for entry in predictions if entry.p_fake is None).most_common())


def within_sources(predictions: Sequence[Prediction]) -> dict[str, tuple[Estimate, int]]:
    """AUC inside each source that has answered media of both labels: nothing but the forgery tells them apart.

    Args:
        predictions: Any.

    Returns:
        Estimate and number of media by source.
    """
    found = {}
    for source in sorted({prediction.row.source for prediction in predictions}):
        inside = columns(entry for entry in predictions if entry.row.source == source)
        if estimate := auc_of(inside):
            found[source] = (estimate, len(inside.labels))
    return found
