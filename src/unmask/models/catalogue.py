"""Which models exist: the cards that come with the package, and cards that people bring along."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path

from unmask.core.errors import UnknownModel, nearest
from unmask.models.card import ModelCard, read_card


def names() -> list[str]:
    """Names of all cards that come with the package, sorted."""
    return sorted(_cards())


def find(name: str) -> ModelCard:
    """Find a card by name, or read one from a path that ends in ``.toml``.

    Args:
        name: For example ``face.fast-2``, or the path of a card that `unmask export` wrote.

    Returns:
        The card.

    Raises:
        UnknownModel: No such card; the message lists the nearest names.
        CardMismatch: The card at the path cannot be read.
    """
    if name.endswith(".toml") and Path(name).is_file():
        return replace(read_card(Path(name)), home=str(Path(name).parent))
    cards = _cards()
    if name not in cards:
        message = f"There is no model {name!r}. {nearest(name, cards)} `unmask models list` shows all."
        raise UnknownModel(message)
    return cards[name]


@cache
def _cards() -> dict[str, ModelCard]:
    folder = Path(str(resources.files("unmask.models") / "cards"))
    cards = [read_card(path) for path in sorted(folder.glob("*.toml"))]
    return {card.name: card for card in cards}
