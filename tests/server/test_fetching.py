"""Models that are fetched over the API, from another server on this machine."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.makers import models, people
from tests.server.conftest import API, Elsewhere, House
from unmask.core.events import ignore
from unmask.models import catalogue
from unmask.models.card import ModelCard, read_card
from unmask.models.fetch import BLOCK_BYTES
from unmask.scanning import plan as plans
from unmask.server import fetches
from unmask.server.fetches import Fetches
from unmask.server.jobs.examine import open_pipeline
from unmask.server.settings import Settings

DATA = bytes(2 * BLOCK_BYTES)
"""The file of the model: two blocks."""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Elsewhere) -> ModelCard:
    """A model of the catalogue that is not on this machine, and a server that has its file."""
    made = read_card(models.write_face_model(tmp_path / "made"))
    address = f"{elsewhere.url}/model.onnx"
    file = replace(made.graph, url=address, bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
    card = replace(made, files=(file,))
    monkeypatch.setattr(catalogue, "_cards", lambda: {card.name: card})
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(fetches, "_TICK_S", 0.02)
    elsewhere.answers["/model.onnx"] = (200, {}, DATA)
    return card


def _fetch(house: House, card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Fetch it, and follow until the end."""
    answer = house.web.post(f"{API}/models/{card.name}/fetch")
    assert (answer.status_code, answer.json()) == (202, {"name": card.name})
    text = house.web.get(f"{API}/models/{card.name}/events").text
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]


def test_a_model_is_fetched_with_progress(
    house: House, card: ModelCard, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    followed = Fetches.stream

    async def noticed(self: Fetches, name: str) -> AsyncIterator[bytes]:
        """The other server goes on when its first half has been told of."""
        async for event in followed(self, name):
            if f'"done": {BLOCK_BYTES}'.encode() in event:
                elsewhere.goes_on.set()
            yield event

    monkeypatch.setattr(Fetches, "stream", noticed)
    elsewhere.goes_on.clear()
    place = f"{API}/models/{card.name}"
    assert house.web.get(place).json()["installed"] is False
    events = _fetch(house, card)
    halfway = {"done": BLOCK_BYTES, "total": len(DATA), "detail": f"fetch {card.graph.name}"}
    assert ("progress", halfway) in events
    assert events[-1] == ("done", {})
    assert house.web.get(place).json()["installed"] is True
    assert (tmp_path / "models" / card.graph.name).read_bytes() == DATA
    assert _fetch(house, card)[-1] == ("done", {})
    assert len(elsewhere.heard) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, {}, b""), r"could not be fetched from http://127\.0\.0\.1.*To get it: download .* or place it at"),
        ((200, {}, DATA[1:] + b"?"), r"Nothing was kept; name another source"),
    ],
    ids=["away", "another file"],
)
def test_a_fetch_that_fails_says_what_to_do_and_can_be_tried_again(
    house: House, card: ModelCard, elsewhere: Elsewhere, answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    right, elsewhere.answers["/model.onnx"] = elsewhere.answers["/model.onnx"], answer
    name, data = _fetch(house, card)[-1]
    assert name == "failed"
    assert re.search(said, data["message"])
    assert house.web.get(f"{API}/models/{card.name}").json()["installed"] is False
    elsewhere.answers["/model.onnx"] = right
    assert _fetch(house, card)[-1] == ("done", {})


def test_an_error_that_nobody_foresaw_ends_a_fetch(
    house: House, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def puzzle(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr(fetches, "fetch", puzzle)
    name, data = _fetch(house, card)[-1]
    assert name == "failed"
    assert "the server's log has the details" in data["message"]


def test_only_models_of_the_catalogue_are_fetched(house: House, card: ModelCard) -> None:
    for name in ("tiny-fcae", "..%2F..%2Fmodel.toml", "card.toml"):
        assert house.web.post(f"{API}/models/{name}/fetch").status_code == 404
    assert house.web.get(f"{API}/models/{card.name}/events").text == ""


def test_a_model_that_was_fetched_serves_from_the_next_medium_on(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    speech = str(model_folder / "tiny-speech.toml")
    monkeypatch.setitem(plans.TIERS, "fast", ("face.fast-2", speech, ""))
    monkeypatch.setitem(plans.TIERS, "accurate", (str(model_folder / "tiny-face.toml"), speech, ""))
    monkeypatch.setattr(plans, "installed", lambda _card: False)
    examine = open_pipeline(Settings(data=tmp_path))
    portrait = people.write_portrait(tmp_path / "portrait.png")
    before = {model.name for model in examine(portrait, ignore).models}
    monkeypatch.setattr(plans, "installed", lambda _card: True)
    after = {model.name for model in examine(portrait, ignore).models}
    assert "face.fast-2" in before - after
    assert "tiny-face" in after - before
