"""Run the units that can be judged through a session, a few at a time, and keep every answer in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unmask.core.evidence import Abstention, Score
from unmask.models.session import Session


def score_batches(
    session: Session, arrays: Sequence[NDArray[Any]], refusals: Sequence[Abstention | None], *, size: int
) -> list[Score | Abstention]:
    """Score the units that were not refused.

    Args:
        session: A graph with the outputs logit and evidence.
        arrays: One array a unit, all of the shape and dtype that the session's card names.
        refusals: One entry a unit; None for those to be scored.
        size: Most units in one run.

    Returns:
        One answer a unit, in order.
    """
    answers: list[Score | Abstention | None] = list(refusals)
    open_places = [place for place, refusal in enumerate(refusals) if refusal is None]
    for start in range(0, len(open_places), size):
        places = open_places[start : start + size]
        found = session.run(np.stack([arrays[place] for place in places]))
        for row, place in enumerate(places):
            evidence = found["evidence"][row]
            # A single cell shows no places: such a network cannot say where it looked.
            answers[place] = Score(float(found["logit"][row]), evidence if evidence.size > 1 else None)
    return [answer for answer in answers if answer is not None]
