"""The models of a plan, each opened when it is first needed and kept warm."""

from __future__ import annotations

from functools import cached_property

from unmask.core.errors import CardMismatch
from unmask.core.evidence import ModelUsed
from unmask.detectors.face_clip import FaceClipDetector
from unmask.detectors.face_frame import FaceFrameDetector
from unmask.detectors.picture import PictureDetector
from unmask.detectors.speech import SpeechDetector
from unmask.faces.detect import FaceFinder
from unmask.faces.identity import Identifier
from unmask.models import catalogue, store
from unmask.models.card import Calibration, ModelCard
from unmask.models.companion import companion_of
from unmask.models.session import Session
from unmask.scanning.plan import ScanPlan
from unmask.voice.coding import Coding

FACE_FINDER = "yunet-2023mar"
IDENTIFIER = "sface-2021dec"


class Kit:
    """Opens the models of a plan.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: ScanPlan) -> None:
        self._plan = plan
        self._asked: set[str] = set()
        self._clip = False

    def begin(self, *, clip: bool) -> None:
        """Start with the next medium: forget which models were asked about the last one, but keep them warm.

        Args:
            clip: Whether its pictures move; a card may treat their faces in a way of its own.
        """
        self._asked.clear()
        self._clip = clip

    def open_all(self) -> None:
        """Open every model of the plan now."""
        seeing = ("_finder", "_identifier", "_face") if self._plan.face else ()
        whole = ("_picture",) if self._plan.picture else ()
        hearing = ("_speech",) if self._plan.speech else ()
        for name in (*seeing, *whole, *hearing):
            getattr(self, name)

    @property
    def finder(self) -> FaceFinder:
        """Finds faces."""
        self._asked.add("finder")
        return self._finder

    @property
    def identifier(self) -> Identifier:
        """Tells people apart."""
        self._asked.add("identifier")
        return self._identifier

    @cached_property
    def face_card(self) -> ModelCard:
        """Card of the face detector."""
        return catalogue.find(self._plan.face)

    @cached_property
    def picture_card(self) -> ModelCard:
        """Card of the detector of generated pictures."""
        return catalogue.find(self._plan.picture)

    @cached_property
    def speech_card(self) -> ModelCard:
        """Card of the speech detector."""
        return catalogue.find(self._plan.speech)

    @property
    def face(self) -> FaceFrameDetector | FaceClipDetector:
        """Judges faces, or sequences of faces if its card says so."""
        self._asked.add("face")
        return self._face_of_clips if self._clip else self._face

    @property
    def face_calibration(self) -> Calibration:
        """How the logits of this medium's faces become probabilities."""
        own = self.face_card.clip_calibration if self._clip else None
        return own or calibration(self.face_card)

    def speech_calibration(self, coded: Coding | None) -> Calibration:
        """How the logits of speech become probabilities, by how it was stored."""
        return self.speech_card.coded_calibrations.get(coded or "") or calibration(self.speech_card)

    @property
    def picture(self) -> PictureDetector:
        """Judges pictures as a whole."""
        self._asked.add("picture")
        return self._picture

    @property
    def speech(self) -> SpeechDetector:
        """Judges speech."""
        self._asked.add("speech")
        return self._speech

    def used(self) -> tuple[ModelUsed, ...]:
        """Models that took part since `begin`."""
        cards = [catalogue.find(FACE_FINDER)] if "finder" in self._asked else []
        cards += [catalogue.find(IDENTIFIER)] if "identifier" in self._asked else []
        cards += [self.face_card, *self._companions] if "face" in self._asked else []
        cards += [self.picture_card] if "picture" in self._asked else []
        heard = companion_of(self.speech_card) if "speech" in self._asked else None
        cards += [self.speech_card] if "speech" in self._asked else []
        cards += [heard] if heard else []
        return tuple(ModelUsed(card.name, card.graph.sha256) for card in cards)

    @property
    def _companions(self) -> list[ModelCard]:
        """Who is asked beside the face detector about this medium."""
        named = self.face_card.companion
        return [self._companion] if self._companion and named and (named.clips or not self._clip) else []

    @cached_property
    def _companion(self) -> ModelCard | None:
        return companion_of(self.face_card)

    @cached_property
    def _finder(self) -> FaceFinder:
        card = catalogue.find(FACE_FINDER)
        store.verify(card)
        return FaceFinder(store.locate(card))

    @cached_property
    def _identifier(self) -> Identifier:
        card = catalogue.find(IDENTIFIER)
        store.verify(card)
        return Identifier(store.locate(card))

    @cached_property
    def _face_session(self) -> Session:
        return self._open(self.face_card)

    @cached_property
    def _face(self) -> FaceFrameDetector | FaceClipDetector:
        return self._face_detector(self._face_session)

    @cached_property
    def _face_of_clips(self) -> FaceFrameDetector | FaceClipDetector:
        return self._face_detector(self._face_session.of_clips())

    def _face_detector(self, session: Session) -> FaceFrameDetector | FaceClipDetector:
        wants = self.face_card.input
        return FaceClipDetector(session) if wants and wants.frames else FaceFrameDetector(session)

    @cached_property
    def _picture(self) -> PictureDetector:
        return PictureDetector(self._open(self.picture_card))

    @cached_property
    def _speech(self) -> SpeechDetector:
        return SpeechDetector(self._open(self.speech_card))

    def _open(self, card: ModelCard) -> Session:
        return Session(card, threads=self._plan.threads, engine=self._plan.engine)


def calibration(card: ModelCard) -> Calibration:
    """Calibration of a detector's card.

    Raises:
        CardMismatch: It has none, so its logits mean nothing.
    """
    if card.calibration is None:
        message = f"{card.name}: the card has no calibration, so no verdict can rest on it. `unmask export` writes one."
        raise CardMismatch(message)
    return card.calibration
