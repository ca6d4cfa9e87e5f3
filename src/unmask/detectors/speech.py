"""Judge windows of speech with a classifier whose mel front end lies inside its graph."""

from __future__ import annotations

from collections.abc import Sequence

from unmask.core.evidence import Abstention, Score
from unmask.core.records import SpeechWindow
from unmask.detectors.batches import score_batches
from unmask.models.card import CardInput
from unmask.models.session import Session

QUIETEST = 1e-5
_BATCH = 8


class SpeechDetector:
    """A window classifier for speech: graph outputs logit and evidence over band and time.

    Args:
        session: An open session of a card of family speech.
    """

    def __init__(self, session: Session) -> None:
        assert session.card.input is not None
        self._session = session
        self.wants: CardInput = session.card.input

    @property
    def name(self) -> str:
        """Name of the model card."""
        return self._session.card.name

    def score(self, units: Sequence[SpeechWindow]) -> list[Score | Abstention]:
        """Judge windows; each on its own.

        Args:
            units: Windows that hold enough speech (`unmask.voice.windows.unfit`), of the length and rate that `wants`
                names (`unmask.voice.windows.filled`).

        Returns:
            One answer each; windows without any movement (silence, a constant level) are refused.
        """
        arrays = [window.sound.samples_f32 for window in units]
        return score_batches(self._session, arrays, [_refusal(window) for window in units], size=_BATCH)


def _refusal(window: SpeechWindow) -> Abstention | None:
    if float(window.sound.samples_f32.std()) < QUIETEST:
        return Abstention("no_speech", "the window is silent")
    return None
