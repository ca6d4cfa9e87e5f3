"""Judge single face crops with a frame classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unmask.core.evidence import Abstention, Score
from unmask.core.records import FaceCrop, U8Array
from unmask.detectors.batches import score_batches
from unmask.models.card import CardInput
from unmask.models.session import Session

SMALLEST_FACE_PX = 32
DARKEST = 10
_BATCH = 4  # Larger ones outgrow the caches: 14 ms a face with 16 instead of 9 (EfficientNet-lite0, one core).
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class FaceFrameDetector:
    """A frame classifier for faces: graph outputs logit and evidence map.

    Args:
        session: An open session of a card of family face.
    """

    def __init__(self, session: Session) -> None:
        assert session.card.input is not None
        self._session = session
        self.wants: CardInput = session.card.input

    @property
    def name(self) -> str:
        """Name of the model card."""
        return self._session.card.name

    def score(self, units: Sequence[FaceCrop]) -> list[Score | Abstention]:
        """Judge crops; each on its own.

        Args:
            units: Crops of the size and margin that `wants` names.

        Returns:
            One answer each. Faces under `SMALLEST_FACE_PX`, near-black crops and blurred ones are refused.
        """
        arrays = [crop.pixels_rgb_u8 for crop in units]
        refusals = [refusal(crop, self.wants) for crop in units]
        return score_batches(self._session, arrays, refusals, size=self.wants.most_units or _BATCH)


def refusal(crop: FaceCrop, wants: CardInput) -> Abstention | None:
    """Say why a crop cannot be judged, or None if it can."""
    if crop.face.size_px < SMALLEST_FACE_PX:
        return Abstention("face_too_small", f"the face is {crop.face.size_px:.0f} px, {SMALLEST_FACE_PX} are needed")
    if float(crop.pixels_rgb_u8.mean()) < DARKEST:
        return Abstention("too_dark", "the face is nearly black")
    if wants.least_sharpness and sharpness(crop.pixels_rgb_u8) < wants.least_sharpness:
        return Abstention("too_blurred", "the face shows no fine detail")
    return None


def sharpness(pixels_rgb_u8: U8Array) -> float:
    """Variance of the Laplacian of the brightness (Pech-Pacheco et al. 2000).

    Args:
        pixels_rgb_u8: Shape (H, W, 3), sides of at least 3 px.

    Returns:
        At least 0; depends on the size of the crop as much as on the picture.
    """
    grey = pixels_rgb_u8 @ _BRIGHTNESS
    inside = grey[1:-1, 1:-1]
    return float((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inside).var())
