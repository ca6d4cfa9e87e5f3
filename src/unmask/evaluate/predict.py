"""Scan labelled media and keep what the metrics need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unmask.core.contracts import Executor
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Modality, ScanFailure
from unmask.datasets.manifest import Row
from unmask.fusion.calibrate import log_odds
from unmask.fusion.decide import decide
from unmask.scanning.many import scan_many
from unmask.scanning.plan import ScanPlan


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one detector said about one labelled medium.

    Attributes:
        row: The labelled medium.
        p_fake: Calibrated probability; None if the detector abstained or the file failed.
        unit_p: Calibrated probabilities of the single crops or windows.
        verdict: What `unmask scan` would say of this detector's evidence alone; empty without an answer.
        abstained: Reason, or the error's name for a file that failed; empty for an answer.
    """

    row: Row
    p_fake: float | None
    unit_p: tuple[float, ...]
    verdict: str
    abstained: str

    @property
    def logit(self) -> float:
        """Log-odds of `p_fake`, which must not be None."""
        assert self.p_fake is not None
        return log_odds(self.p_fake)


def predict(
    rows: Sequence[Row], plan: ScanPlan, modality: Modality, *, executor: Executor, listener: Listener = ignore
) -> list[Prediction]:
    """Scan rows and read off one modality.

    Args:
        rows: Labelled media.
        plan: Which detectors, how many frames.
        modality: Whose evidence counts.
        executor: Where to run.
        listener: Hears progress.

    Returns:
        One prediction a row, in order.
    """
    found = []
    results = scan_many([row.path for row in rows], plan, executor=executor)
    for done, (row, result) in enumerate(zip(rows, results, strict=True), start=1):
        listener(Advanced("evaluating", done, len(rows), row.path.name))
        if isinstance(result, ScanFailure):
            found.append(Prediction(row, None, (), "", result.error))
            continue
        entry = next((entry for entry in result.evidence if entry.modality == modality), None)
        if entry is None or entry.p_fake is None:
            found.append(Prediction(row, None, (), "", (entry and entry.abstained) or "no_track"))
            continue
        units = tuple(point.p_fake for point in result.timeline if point.modality == modality)
        found.append(Prediction(row, entry.p_fake, units, decide(entry.p_fake, entry.coverage, [entry]), ""))
    return found
