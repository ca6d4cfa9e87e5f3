"""Who lies next to whom in embedding space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unmask.core.records import F32Array


def nearest_units(embeddings: F32Array, groups: Sequence[str], *, count: int = 5) -> NDArray[np.int64]:
    """Find the nearest units of other groups by the angle between embeddings.

    A unit's own group is left out: that frames of one clip resemble each other says nothing.

    Args:
        embeddings: Shape (N, C).
        groups: N names.
        count: Most neighbours.

    Returns:
        Shape (N, K), positions, the nearest first; -1 where a unit has fewer neighbours.
    """
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(length, 1e-12)
    likeness = unit @ unit.T
    names = np.asarray(groups)
    likeness[names[:, None] == names[None]] = -np.inf
    count = min(count, len(names))
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
    return np.where(np.isfinite(np.take_along_axis(likeness, order, axis=1)), order, -1)
