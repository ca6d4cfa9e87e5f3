"""Wear media step by step and watch what becomes of the verdicts."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from unmask.core.contracts import Executor
from unmask.core.errors import DataError, InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Modality
from unmask.datasets.manifest import Row
from unmask.evaluate.plain import save_json
from unmask.evaluate.predict import Prediction, judge
from unmask.evaluate.score import answered, auc_of, columns
from unmask.evaluate.trials.damages import (
    PICTURE_DAMAGES,
    SOUND_DAMAGES,
    Damage,
    read_pictures,
    read_samples,
    write_worn,
)
from unmask.report.curves.stress import StressPoint, save_stress
from unmask.scanning.plan import ScanPlan

UNDAMAGED = "none"
_FRAMES = 8
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Worn:
    """What became of one medium.

    Attributes:
        row: The medium.
        by_step: Predictions by (damage, strength); the undamaged one stands at ``("", "none")``. Empty if the file
            cannot be decoded.
    """

    row: Row
    by_step: Mapping[tuple[str, str], Prediction]


def stress(
    rows: Sequence[Row],
    plan: ScanPlan,
    modality: Modality,
    *,
    executor: Executor,
    listener: Listener = ignore,
) -> list[Worn]:
    """Judge every row undamaged and at every step of every damage; a bad file stays empty and stops nothing.

    Clips are cut to a few neighbouring frames and recordings to half a minute, the undamaged ones as well.

    Args:
        rows: Labelled media.
        plan: Which detector.
        modality: Whose evidence counts.
        executor: Where to run.
        listener: Hears progress.

    Returns:
        One record a row, in order.
    """
    cheap = replace(plan, frames=_FRAMES, exhibits=0)
    found = []
    for done, worn in enumerate(executor.map(partial(_wear, cheap, modality), rows), start=1):
        listener(Advanced("stressing", done, len(rows), worn.row.path.name))
        found.append(worn)
    return found


def some(rows: Sequence[Row], count: int) -> list[Row]:
    """Choose about `count` rows, evenly over labels and sources, the same ones on every machine."""
    piles: dict[tuple[int, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.path.name.encode()).digest()):
        piles.setdefault((row.label, row.source), []).append(row)
    by_label: list[list[Row]] = []
    for label in (0, 1):
        own = [pile for (of, _), pile in sorted(piles.items()) if of == label]
        longest = max((len(pile) for pile in own), default=0)
        turns = [pile[place] for place in range(longest) for pile in own if place < len(pile)]
        by_label.append(turns[: count // 2])
    return by_label[0] + by_label[1]


def stress_curves(worn: Sequence[Worn], modality: Modality) -> dict[str, list[StressPoint]]:
    """Summarise: AUC, flipped verdicts of genuine media, false alarms and answered share, by damage and strength."""
    return {
        name: [_point(worn, "", UNDAMAGED), *(_point(worn, name, strength) for strength in damage.steps)]
        for name, damage in _damages(modality).items()
    }


def write_stress(worn: Sequence[Worn], modality: Modality, out: Path, *, title: str) -> dict[str, list[StressPoint]]:
    """Write stress.json and stress.png; returns the curves.

    Raises:
        DataError: Not one of the media could be decoded.
    """
    kept = [one for one in worn if one.by_step]
    if not kept:
        message = f"None of the {len(worn)} media chosen for the stress test could be decoded; see predictions.parquet."
        raise DataError(message)
    curves = stress_curves(kept, modality)
    out.mkdir(parents=True, exist_ok=True)
    save_json({"media": len(kept), "not_decoded": len(worn) - len(kept), "curves": _plain(curves)}, out / "stress.json")
    units = {name: damage.unit for name, damage in _damages(modality).items()}
    reals = sum(1 for one in kept if not one.row.label)
    heading = f"{title}: worn media ({reals} genuine, {len(kept) - reals} forged)"
    save_stress(curves, units, out / "stress.png", title=heading)
    return curves


def _damages(modality: Modality) -> Mapping[str, Damage]:
    return SOUND_DAMAGES if modality == "audio" else PICTURE_DAMAGES


def _wear(plan: ScanPlan, modality: Modality, row: Row) -> Worn:
    try:
        material: Any = read_samples(row.path) if modality == "audio" else read_pictures(row.path)
    except InputError:
        return Worn(row, {})
    found = {}
    with tempfile.TemporaryDirectory(prefix="unmask-stress-") as folder:

        def judged(worn: Any) -> Prediction:  # noqa: ANN401 - frames or samples
            prediction = judge(plan, modality, replace(row, path=write_worn(Path(folder), worn)))
            return replace(prediction, row=row)

        found["", UNDAMAGED] = judged(material)
        for name, damage in _damages(modality).items():
            for strength, apply in damage.steps.items():
                found[name, strength] = judged(apply(material))
    return Worn(row, found)


def _point(worn: Sequence[Worn], damage: str, strength: str) -> StressPoint:
    now = [one.by_step[damage, strength] for one in worn]
    pairs = [
        (one.by_step["", UNDAMAGED].verdict, one.by_step[damage, strength].verdict) for one in worn if not one.row.label
    ]
    both = [(before, after) for before, after in pairs if before and after]
    return StressPoint(
        strength=strength,
        auc=auc_of(columns(now), rounds=_ROUNDS),
        flips=_share([before != after for before, after in both]),
        turned=_share([(before, after) == ("likely_real", "likely_fake") for before, after in pairs]),
        false_alarms=_share([after == "likely_fake" for _, after in both]),
        answered=len(answered(now)) / len(now),
    )


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers) if answers else math.nan


def _plain(curves: Mapping[str, Sequence[StressPoint]]) -> dict[str, object]:
    return {name: [asdict(point) for point in points] for name, points in curves.items()}
