"""What stands on the models page: cards in plain words."""

from __future__ import annotations

from typing import Any

from unmask.models import catalogue
from unmask.models.card import CardBase, CardFile, Figure, ModelCard
from unmask.models.store import installed
from unmask.report.words import size
from unmask.scanning.plan import tier_models

GROUPS = (
    (
        "face",
        "Forged faces",
        "They look at one face at a time and at where in it something is odd. The best one that is installed is used.",
    ),
    ("picture", "Generated pictures", "They look at a picture as a whole and need no face."),
    ("speech", "Artificial voices", "They listen to stretches of speech."),
    ("", "Finding faces", "They give no verdict: they find faces and tell which belong to the same person."),
)
TITLES = {
    "face": "Faces",
    "picture": "Whole pictures",
    "speech": "Voices",
    "face-detector": "Finds faces",
    "face-identity": "Tells people in one file apart",
}
TERMS = (
    (
        "AUC",
        "Take one forged and one genuine file at random: the share of times that the forged one gets the higher "
        "number. 1 is perfect, 0.5 is a coin toss.",
    ),
    (
        "EER",
        "The share of mistakes when it is set so that it errs equally often on forged and on genuine files. "
        "Lower is better.",
    ),
    ("AP", "How clean a list is that begins with the most suspicious file. 1 is perfect."),
    ("ECE, Brier", "How far the stated probabilities are from what turned out. Lower is better."),
)
LAST = "looked at last"
"""Marks the sources that no choice was made on: the honest figures."""
_KINDS = {": pictures alone": "picture", ": stills of clips alone": "still of a clip", ": clips alone": "clip"}
"""How figures of one kind of file end, and what one such file is called."""


def groups() -> list[dict[str, Any]]:
    """Gather every card of the catalogue, in groups."""
    cards = [catalogue.find(name) for name in catalogue.names()]
    named = {family for family, _, _ in GROUPS}
    found = []
    for family, title, text in GROUPS:
        members = [_model(card) for card in cards if card.family == family or (not family and card.family not in named)]
        if members:
            found.append({"title": title, "text": text, "models": members})
    return found


def _model(card: ModelCard) -> dict[str, Any]:
    unseen = [figure for figure in card.figures if not figure.seen and _general(figure)]
    return {
        "name": card.name,
        "slug": card.name.replace(".", "-"),
        "title": TITLES.get(card.family, card.family),
        "installed": installed(card),
        "used": card.name in tier_models("auto"),
        "fetchable": all(file.url or file.package for file in _fetched(card)),
        "fetch_size": size(sum(file.bytes for file in _fetched(card))),
        "size": size(sum(file.bytes for file in card.files)),
        "says": _says(unseen),
        "summary": card.summary,
        "licence": card.licence,
        "commercial_use": card.commercial_use,
        "known_failures": card.known_failures,
        "training_data": card.training_data,
        "files": card.files,
        "figures": [_figure(figure) for figure in unseen],
    }


def _fetched(card: ModelCard) -> list[CardFile | CardBase]:
    """List what comes from elsewhere; a graph that is put together does not."""
    files = [file for file in card.files if not file.embedded and (card.base is None or file is not card.graph)]
    return [*files, card.base] if card.base else list(files)


def _general(figure: Figure) -> bool:
    """Whether it is about more than a single source."""
    return not figure.on.endswith(" alone") or figure.on.endswith(tuple(_KINDS))


def _says(figures: list[Figure]) -> list[str]:
    """Say the two figures that matter most, of pictures and clips apart; empty for models without figures."""
    last = [figure for figure in figures if LAST in figure.on]
    sides = {word: [figure for figure in last if figure.on.endswith(kind)] for kind, word in _KINDS.items()}
    if not any(sides.values()):
        sides = {"file": last}
    return [sentence for word, side in sides.items() for sentence in _sentences(word, side)]


def _sentences(word: str, figures: list[Figure]) -> list[str]:
    said = []
    for figure in figures:
        share = f"{100 * figure.value:.0f}"
        if figure.what == "AUC":
            said.append(
                f"Shown one forged and one genuine {word} of a kind it never met, it picks the forged one "
                f"{share} times in 100."
            )
        if figure.what.startswith("recall at 5"):
            said.append(
                f"Where one genuine {word} in 20 may be suspected wrongly, it finds {share} of 100 forged ones."
            )
    return said


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "what": figure.what,
        "on": figure.on,
        "value": f"{figure.value:.3f}",
        "low": f"{figure.low:.3f}",
        "high": f"{figure.high:.3f}",
        "media": figure.media,
    }
