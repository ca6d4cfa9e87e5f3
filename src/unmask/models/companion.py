"""A second model that is asked about the same units; what it says is added to what the first one says.

Two networks that learnt in different ways err in different places, so their weighted sum errs less than either. The sum
is formed here and not inside one graph because each of them wants its units in a size and a batch of its own.
"""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import CardMismatch
from unmask.core.records import F32Array
from unmask.models.card import CardInput, ModelCard
from unmask.models.catalogue import find


def companion_of(card: ModelCard) -> ModelCard | None:
    """Card of the model that is asked beside another one, or None; first sought in the folder of a card brought along.

    Raises:
        UnknownModel: There is no such card.
        CardMismatch: It is another version than the one that was measured, or it takes other units than single
            pictures cut like the first one's, or than windows of the same sound.
    """
    if card.companion is None:
        return None
    beside = Path(card.home) / f"{card.companion.card}.toml" if card.home else None
    other = find(str(beside) if beside and beside.is_file() else card.companion.card)
    if other.graph.sha256 != card.companion.sha256:
        message = (
            f"{card.name}: it was measured beside {other.name} with sha256 {card.companion.sha256[:12]}..., here is "
            f"{other.graph.sha256[:12]}.... Install the package again."
        )
        raise CardMismatch(message)
    if not _alike(card.input, other.input):
        message = f"{card.name}: {other.name} does not take the same units, so it cannot be asked beside it."
        raise CardMismatch(message)
    return other


def _alike(one: CardInput | None, two: CardInput | None) -> bool:
    """Whether two models take single pictures cut alike, whatever their size, or the same windows of sound."""
    if one is None or two is None or one.frames or two.frames or bool(one.size_px) != bool(two.size_px):
        return False
    wanted = attrgetter("dtype", "margin", "crop", "rate_hz", "length_s")
    return bool(wanted(one) == wanted(two))


def resized(units: NDArray[Any], size_px: int) -> NDArray[Any]:
    """Bring pictures, shape (N, S, S, 3), uint8, to (N, size_px, size_px, 3), as crops are cut: by area downwards.

    Windows of sound have no size (0) and stay as they are.
    """
    if size_px in (0, units.shape[1]):
        return units
    method = cv2.INTER_AREA if size_px < units.shape[1] else cv2.INTER_CUBIC
    return np.stack([cv2.resize(unit, (size_px, size_px), interpolation=method) for unit in units])


def add(found: dict[str, F32Array], other: dict[str, F32Array], weight: float) -> dict[str, F32Array]:
    """Add what a companion says.

    Args:
        found: Outputs of the first model by role: logit, shape (N,), evidence, shape (N, h, w), whose mean over the
            places is the logit, and others.
        other: The companion's; its evidence may have another shape.
        weight: What the companion counts.

    Returns:
        The first model's outputs, logit and evidence being sums; the evidence has the finer shape of both, and the
        logit for its mean.
    """
    joint = {**found, "logit": found["logit"] + np.float32(weight) * other["logit"]}
    if "evidence" in found and "evidence" in other:
        shape = tuple(np.maximum(found["evidence"].shape[1:], other["evidence"].shape[1:]))
        first, second = (_fitted(one, shape) for one in (found, other))
        joint["evidence"] = first + np.float32(weight) * second
    return joint


def _fitted(found: dict[str, F32Array], shape: tuple[int, ...]) -> F32Array:
    """Evidence in another shape, (N, h, w), with the logits for its means."""
    high, wide = shape
    if found["evidence"].shape[1:] == shape:
        return found["evidence"]
    maps = [cv2.resize(part, (wide, high), interpolation=cv2.INTER_LINEAR) for part in found["evidence"]]
    rows = np.stack([part - part.mean() for part in maps]) + found["logit"][:, None, None]
    return rows.astype(np.float32)
