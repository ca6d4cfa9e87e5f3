"""Write a model card as TOML."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from unmask.models.card import ModelCard


def write_card(card: ModelCard, path: Path) -> None:
    """Write a card that `unmask.models.card.read_card` reads back.

    Args:
        card: The card; values that are None are left out.
        path: Ends in .toml; folders are made.
    """
    import tomli_w

    entries = {**asdict(card), "home": None}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        tomli_w.dumps({key: _plain(value) for key, value in entries.items() if value not in (None, {})}),
        encoding="utf-8",
    )


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
