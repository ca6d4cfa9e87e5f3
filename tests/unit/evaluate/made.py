"""Predictions made in code, as a card that leaves logits as they are would give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from unmask.datasets.manifest import Row
from unmask.evaluate.predict import Prediction, Traits
from unmask.fusion.calibrate import probability


def answer(
    logit: float,
    label: int,
    *,
    source: str = "one",
    method: str = "swap",
    group: str = "",
    verdict: str = "inconclusive",
    units: Iterable[float] = (-0.4, 0.0, 0.4),
    traits: Traits | None = None,
) -> Prediction:
    """One answered medium; `units` are what its crops add to the logit."""
    name = f"{source}-{label}-{logit!r}"
    row = Row(Path(name), "image", label, source, method if label else "", group or name)
    parts = tuple(probability(logit + unit) for unit in units)
    return Prediction(
        row, probability(logit), parts, verdict, "", (probability(logit),), traits or Traits("JPEG", 1.5, 140.0)
    )


def silent(label: int, *, source: str = "one", reason: str = "no_face", number: int = 0) -> Prediction:
    """One medium that the detector could not judge."""
    name = f"{source}-{label}-silent-{number}"
    return Prediction(Row(Path(name), "image", label, source, "swap" if label else "", name), None, (), "", reason)


def drawn(
    count: int, label: int, centre: float, *, source: str = "one", spread: float = 1.5, seed: int = 0
) -> list[Prediction]:
    """Answered media of one source and label, whose logits are normally distributed."""
    logits = np.random.default_rng((seed, count, label)).normal(centre, spread, count)
    return [answer(float(logit), label, source=source) for logit in logits]


def moving(predictions: Iterable[Prediction]) -> list[Prediction]:
    """The same answers as if they were about clips."""
    return [replace(one, row=replace(one.row, kind="video")) for one in predictions]
