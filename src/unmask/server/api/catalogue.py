"""Models: cards, figures, limits, and what this server takes."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from unmask.client.documents import ModelCardDocument, PublicSettings
from unmask.core.errors import UnknownModel
from unmask.models import catalogue, store
from unmask.models.card import ModelCard
from unmask.server.api.answers import PROBLEMS
from unmask.server.problems import Refused
from unmask.server.service import Parts

router = APIRouter(tags=["models and settings"])


@router.get("/settings", responses=PROBLEMS)
def get_settings(parts: Parts) -> PublicSettings:
    """Say what this server takes."""
    return parts.reader.settings()


@router.get("/models", responses=PROBLEMS)
def get_models() -> tuple[ModelCardDocument, ...]:
    """List the models, with what was measured and where they fail."""
    return tuple(_document(catalogue.find(name)) for name in catalogue.names())


@router.get("/models/{name}", responses=PROBLEMS)
def get_model(name: str) -> ModelCardDocument:
    """Show one model."""
    return _document(find_card(name))


def find_card(name: str) -> ModelCard:
    """Find a card of the catalogue by name; never by path, which `catalogue.find` would also read.

    Raises:
        Refused: With 404, if there is none.
    """
    try:
        if name.endswith(".toml"):
            raise UnknownModel(f"There is no model {name!r}.")
        return catalogue.find(name)
    except UnknownModel as error:
        raise Refused(404, "unknown_model", str(error)) from error


def _document(card: ModelCard) -> ModelCardDocument:
    return ModelCardDocument(
        name=card.name,
        family=card.family,
        summary=card.summary,
        licence=card.licence,
        commercial_use=card.commercial_use,
        training_data=card.training_data,
        known_failures=card.known_failures,
        figures=tuple(asdict(figure) for figure in card.figures),
        bytes=sum(file.bytes for file in card.files),
        installed=store.installed(card),
        reference=card.reference,
    )
