"""A second model that is asked about the same units; what it says is added to what the first one says.

Two networks that learnt in different ways err in different places, so their weighted sum errs less than either. The sum
is formed here and not inside one graph because each of them wants its units in a size and a batch of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import CardMismatch
from unmask.core.records import F32Array
from unmask.models.card import ModelCard
from unmask.models.catalogue import find


def companion_of(card: ModelCard) -> ModelCard | None:
    """Card of the model that is asked beside another one, or None; first sought in the folder of a card brought along.

    Raises:
        UnknownModel: There is no such card.
        CardMismatch: It is another version than the one that was measured, or it takes other units than single
            pictures cut like the first one's.
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
    one, two = card.input, other.input
    alike = (
        one is not None
        and two is not None
        and not (one.frames or two.frames)
        and one.size_px
        and two.size_px
        and (one.margin, one.crop, one.dtype) == (two.margin, two.crop, two.dtype)
    )
    if not alike:
        message = f"{card.name}: {other.name} does not take the same pictures, so it cannot be asked beside it."
        raise CardMismatch(message)
    return other


def resized(units: NDArray[Any], size_px: int) -> NDArray[Any]:
    """Bring pictures, shape (N, S, S, 3), uint8, to (N, size_px, size_px, 3), as crops are cut: by area downwards."""
    if units.shape[1] == size_px:
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
        The first model's outputs, logit and evidence being sums; evidence keeps its shape and its mean.
    """
    joint = {**found, "logit": found["logit"] + np.float32(weight) * other["logit"]}
    if "evidence" in found and "evidence" in other:
        high, wide = found["evidence"].shape[1:]
        maps = [cv2.resize(part, (wide, high), interpolation=cv2.INTER_LINEAR) for part in other["evidence"]]
        second = np.stack([part - part.mean() for part in maps]) + other["logit"][:, None, None]
        joint["evidence"] = found["evidence"] + np.float32(weight) * second.astype(np.float32)
    return joint
