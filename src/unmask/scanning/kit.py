"""The models of a plan, each opened when it is first needed and kept warm."""

from __future__ import annotations

from functools import cached_property

from unmask.core.evidence import ModelUsed
from unmask.detectors.face_frame import FaceFrameDetector
from unmask.detectors.speech import SpeechDetector
from unmask.faces.detect import FaceFinder
from unmask.faces.identity import Identifier
from unmask.models import catalogue, store
from unmask.models.card import Calibration, ModelCard
from unmask.models.session import Session
from unmask.scanning.plan import ScanPlan

FACE_FINDER = "yunet-2023mar"
IDENTIFIER = "sface-2021dec"


class Kit:
    """Opens the models of a plan.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: ScanPlan) -> None:
        self._plan = plan

    @cached_property
    def finder(self) -> FaceFinder:
        """Finds faces."""
        card = catalogue.find(FACE_FINDER)
        store.verify(card)
        return FaceFinder(store.locate(card))

    @cached_property
    def identifier(self) -> Identifier:
        """Tells people apart."""
        card = catalogue.find(IDENTIFIER)
        store.verify(card)
        return Identifier(store.locate(card))

    @cached_property
    def face_card(self) -> ModelCard:
        """Card of the face detector."""
        return catalogue.find(self._plan.face)

    @cached_property
    def speech_card(self) -> ModelCard:
        """Card of the speech detector."""
        return catalogue.find(self._plan.speech)

    @cached_property
    def face(self) -> FaceFrameDetector:
        """Judges faces."""
        return FaceFrameDetector(self._open(self.face_card))

    @cached_property
    def speech(self) -> SpeechDetector:
        """Judges speech."""
        return SpeechDetector(self._open(self.speech_card))

    def used(self) -> tuple[ModelUsed, ...]:
        """Models that were opened so far."""
        opened = set(vars(self))
        cards = [catalogue.find(FACE_FINDER)] if "finder" in opened else []
        cards += [catalogue.find(IDENTIFIER)] if "identifier" in opened else []
        cards += [self.face_card] if "face" in opened else []
        cards += [self.speech_card] if "speech" in opened else []
        return tuple(ModelUsed(card.name, card.graph.sha256) for card in cards)

    def _open(self, card: ModelCard) -> Session:
        return Session(card, threads=self._plan.threads, engine=self._plan.engine)


def calibration(card: ModelCard) -> Calibration:
    """Calibration of a detector's card, which every card of family face or speech has."""
    assert card.calibration is not None, card.name
    return card.calibration
