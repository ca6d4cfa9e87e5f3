"""Judge sequences of face crops of one person: what flickers between frames, not what one frame shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unmask.core.evidence import Abstention, Score
from unmask.core.records import FaceCrop
from unmask.detectors.batches import score_batches
from unmask.models.card import CardInput
from unmask.models.session import Session

_BATCH = 2


class FaceClipDetector:
    """A classifier of sequences: graph outputs logit and evidence, one row of evidence for each crop.

    Args:
        session: An open session of a card of family face whose input names a number of frames.
    """

    def __init__(self, session: Session) -> None:
        assert session.card.input is not None
        self._session = session
        self.wants: CardInput = session.card.input

    @property
    def name(self) -> str:
        """Name of the model card."""
        return self._session.card.name

    def score(self, units: Sequence[Sequence[FaceCrop]]) -> list[Score | Abstention]:
        """Judge sequences; each on its own.

        Args:
            units: As many crops of one person as `wants` names frames, in order of time, all of them fit to be judged
                (`unmask.detectors.face_frame.refusal`).

        Returns:
            One answer each; the heat map has a row for each crop, whose mean is the crop's part of the logit. Sequences
            that are too short are refused.
        """
        arrays = [np.stack([crop.pixels_rgb_u8 for crop in unit]) for unit in units]
        return score_batches(self._session, arrays, [self._refusal(len(unit)) for unit in units], size=_BATCH)

    def _refusal(self, count: int) -> Abstention | None:
        if count == self.wants.frames:
            return None
        return Abstention("too_short", f"{count} faces of one person are there, {self.wants.frames} are needed")
