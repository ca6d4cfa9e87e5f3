"""Pool the logits of one person's faces, or of one recording's windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TRIM = 0.1


def pooled_logit(logits: Sequence[float]) -> float:
    """Mean after dropping the highest and the lowest tenth, so that a few bad frames do not decide.

    Args:
        logits: N >= 1 raw logits.

    Returns:
        The trimmed mean; the plain mean for fewer than ten.

    Raises:
        ValueError: There is nothing to pool.
    """
    if not logits:
        message = "Nothing to pool: abstain instead."
        raise ValueError(message)
    values = np.sort(np.asarray(logits, dtype=np.float64))
    cut = int(values.size * TRIM)
    return float(values[cut : values.size - cut].mean())


def spread(logits: Sequence[float]) -> float:
    """Standard error of the pooled logit; 0 for a single unit.

    Neighbouring frames resemble each other, so that N frames count as the square root of N independent ones.
    """
    if len(logits) < 2:
        return 0.0
    return float(np.std(np.asarray(logits, dtype=np.float64), ddof=1) / len(logits) ** 0.25)
