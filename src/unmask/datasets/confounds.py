"""Can the label be told from the file alone? Then a detector will learn the file, not the forgery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.facts import Facts
from unmask.datasets.manifest import KINDS, Row
from unmask.metrics.bootstrap import Estimate, interval
from unmask.metrics.ranking import auc

WARN_ABOVE = 0.6
"""A lower end of the interval above this is a problem; chance is 0.5."""

_FOLDS = 5
_FEWEST_GROUPS = 20
_ROUNDS = 200
_PROPERTIES: Mapping[str, Callable[[Facts], float]] = {
    "file size": lambda facts: facts.bytes,
    "width": lambda facts: facts.width_px,
    "height": lambda facts: facts.height_px,
    "shape": lambda facts: facts.width_px / facts.height_px if facts.height_px else 0.0,
    "JPEG quality": lambda facts: facts.quantisation,
    "bytes per pixel": lambda facts: facts.bytes / (facts.width_px * facts.height_px) if facts.width_px else 0.0,
    "duration": lambda facts: facts.duration_s,
    "bytes per second": lambda facts: facts.bytes / facts.duration_s if facts.duration_s else 0.0,
    "frame rate": lambda facts: facts.frame_rate_hz,
    "sample rate": lambda facts: facts.sample_rate_hz,
    "channels": lambda facts: facts.channels,
    "level": lambda facts: facts.level_db,
    "noise floor": lambda facts: facts.floor_db,
}


@dataclass(frozen=True, slots=True)
class Confound:
    """How well the form of a file tells the label.

    Attributes:
        kind: image, video or audio.
        media: How many were looked at.
        together: Area under the curve of all properties, cross-validated over groups, with its 95 % interval.
        alone: The same for single properties, the most telling first.
    """

    kind: str
    media: int
    together: Estimate
    alone: Mapping[str, float]

    @property
    def is_problem(self) -> bool:
        """Whether the form tells the label."""
        return self.together.low > WARN_ABOVE


def find_confounds(rows: Sequence[Row], facts: Sequence[Facts], *, listener: Listener = ignore) -> list[Confound]:
    """Train tiny classifiers on the form of files.

    A kind with fewer than `_FEWEST_GROUPS` groups of a label is passed over: chance alone would look telling there.

    Args:
        rows: Media.
        facts: What was measured of each; those with a fault are left out.
        listener: Hears progress.

    Returns:
        One finding a kind.
    """
    found = []
    for number, kind in enumerate(KINDS, start=1):
        usable = [(row, fact) for row, fact in zip(rows, facts, strict=True) if row.kind == kind and not fact.fault]
        groups = [len({row.group for row, _ in usable if row.label == label}) for label in (0, 1)]
        if min(groups) >= _FEWEST_GROUPS:
            with threadpool_limits(1):  # Threads of these tiny models would only wait for each other.
                found.append(_judge(kind, [row for row, _ in usable], [fact for _, fact in usable]))
        listener(Advanced("give-aways", number, len(KINDS), kind))
    return found


def _judge(kind: str, rows: list[Row], facts: list[Facts]) -> Confound:
    labels = np.array([row.label for row in rows])
    groups = [row.group for row in rows]
    table = _table(facts)
    leaf = min(max(len(rows) // 100, 2), 20)
    booster = HistGradientBoostingClassifier(max_iter=40, max_depth=3, min_samples_leaf=leaf, random_state=0)
    scores = _out_of_fold(booster, np.stack(list(table.values()), axis=1), labels, groups)
    stump = DecisionTreeClassifier(max_depth=3, min_samples_leaf=leaf, random_state=0)
    alone = {name: auc(_out_of_fold(stump, values[:, None], labels, groups), labels) for name, values in table.items()}
    return Confound(
        kind,
        len(rows),
        interval(auc, scores, labels, clusters=groups, rounds=_ROUNDS),
        dict(sorted(alone.items(), key=lambda pair: -pair[1])),
    )


def _table(facts: Sequence[Facts]) -> dict[str, NDArray[np.float64]]:
    """Properties that differ between files; formats as numbers, the most frequent first."""
    formats = [fact.format for fact in facts]
    ranked = sorted(set(formats), key=lambda name: (-formats.count(name), name))
    table = {"file type": np.array([ranked.index(name) for name in formats], np.float64)}
    table |= {name: np.array([read(fact) for fact in facts], np.float64) for name, read in _PROPERTIES.items()}
    varied = {name: values for name, values in table.items() if values.min() < values.max()}
    return varied or {"file type": table["file type"]}


def _out_of_fold(
    model: ClassifierMixin, values: NDArray[np.float64], labels: NDArray[Any], groups: Sequence[str]
) -> NDArray[np.float64]:
    """Probability of each row by a model that saw no row of its group, shape (N,)."""
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    answers = cross_val_predict(model, values, labels, groups=groups, cv=folds, method="predict_proba")
    return np.asarray(answers[:, 1], np.float64)
