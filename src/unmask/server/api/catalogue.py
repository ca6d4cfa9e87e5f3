"""Models: cards, figures, limits, and what this server takes."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from unmask.client.documents import Fetching, ModelCardDocument, PublicSettings
from unmask.core.errors import UnknownModel
from unmask.models import catalogue, store
from unmask.models.card import ModelCard
from unmask.server.api.answers import PROBLEMS, STREAM
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


@router.post("/models/{name}/fetch", status_code=202, responses=PROBLEMS)
def fetch_model(name: str, parts: Parts) -> Fetching:
    """Fetch the files of a model that are not on this machine, from where its card says."""
    card = find_card(name)
    parts.fetches.start(card)
    return Fetching(name=card.name)


@router.get("/models/{name}/events", response_class=StreamingResponse, responses=STREAM)
async def follow_fetch(name: str, parts: Parts) -> StreamingResponse:
    """Follow a fetch: event `progress`, then `done` or `failed`."""
    card = find_card(name)
    return StreamingResponse(parts.fetches.stream(card.name), media_type="text/event-stream")


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
