"""Judge pictures as a whole: all of a picture made smaller, and pieces of it at their own size. No face is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unmask.core.evidence import Abstention, Score
from unmask.core.records import PictureView, U8Array
from unmask.detectors.batches import score_batches
from unmask.models.card import CardInput
from unmask.models.session import Session

SMALLEST_PICTURE_PX = 128
PLAINEST = 0.5
_BATCH = 16


class PictureDetector:
    """A classifier of views of whole pictures: graph outputs logit and evidence map.

    Args:
        session: An open session of a card of family picture.
    """

    def __init__(self, session: Session) -> None:
        assert session.card.input is not None
        self._session = session
        self.wants: CardInput = session.card.input

    @property
    def name(self) -> str:
        """Name of the model card."""
        return self._session.card.name

    def score(self, units: Sequence[PictureView]) -> list[Score | Abstention]:
        """Judge views; each on its own.

        Args:
            units: Views of the size that `wants` names.

        Returns:
            One answer each. Views of pictures under `SMALLEST_PICTURE_PX`, and views that are mostly of one colour
            without any grain, are refused.
        """
        arrays = [view.pixels_rgb_u8 for view in units]
        refusals = [refusal(view) for view in units]
        return score_batches(self._session, arrays, refusals, size=self.wants.most_units or _BATCH)


def refusal(view: PictureView) -> Abstention | None:
    """Say why a view cannot be judged, or None if it can."""
    left, _, right, _ = view.square_xyxy_px
    if right - left < min(SMALLEST_PICTURE_PX, view.pixels_rgb_u8.shape[0]):
        return Abstention("too_small", f"the picture is {right - left:.0f} px, {SMALLEST_PICTURE_PX} are needed")
    if plainness(view.pixels_rgb_u8) > PLAINEST:
        return Abstention("too_plain", "most of the picture is flat colour")
    return None


def plainness(pixels_rgb_u8: U8Array) -> float:
    """Share of pixels that are exactly like their right neighbour.

    Cameras leave grain nearly everywhere; drawings, diagrams and screenshots are flat.

    Args:
        pixels_rgb_u8: Shape (H, W, 3), uint8.

    Returns:
        In [0, 1].
    """
    return float(np.all(pixels_rgb_u8[:, 1:] == pixels_rgb_u8[:, :-1], axis=2).mean())
