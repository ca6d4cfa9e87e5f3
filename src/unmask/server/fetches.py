"""Model files on their way onto this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from unmask.core.errors import UnmaskError
from unmask.core.events import Advanced
from unmask.models.card import ModelCard
from unmask.models.fetch import fetch

_TICK_S = 0.3

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Fetch:
    """How far a fetch is."""

    state: Literal["progress", "done", "failed"] = "progress"
    done: int = 0
    total: int = 0
    detail: str = ""

    def event(self) -> bytes:
        state = self.state
        data = {
            "progress": {"done": self.done, "total": self.total, "detail": self.detail},
            "done": {},
            "failed": {"message": self.detail},
        }
        return f"event: {state}\ndata: {json.dumps(data[state])}\n\n".encode()


class Fetches:
    """Fetches models, each in a thread of its own, none twice at once."""

    def __init__(self) -> None:
        self._fetches: dict[str, _Fetch] = {}
        self._lock = threading.Lock()

    def start(self, card: ModelCard) -> None:
        """Begin, unless it is under way."""
        with self._lock:
            running = self._fetches.get(card.name)
            if running is None or running.state != "progress":
                self._fetches[card.name] = begun = _Fetch()
                threading.Thread(target=_run, args=(card, begun), daemon=True).start()

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        """Write the progress of a fetch as events; ends at once if there is none."""
        told = b""
        while (found := self._fetches.get(name)) is not None:
            is_over = found.state != "progress"  # Asked first: what is written after the end tells of the end.
            if (event := found.event()) != told:
                told = event
                yield event
            if is_over:
                return
            await asyncio.sleep(_TICK_S)


def _run(card: ModelCard, state: _Fetch) -> None:
    def listen(event: Advanced) -> None:
        state.done, state.total, state.detail = event.done, event.total, event.stage

    try:
        fetch(card, listener=listen)
    except (UnmaskError, OSError) as error:
        state.detail, state.state = str(error), "failed"
    except Exception:
        log.exception("Fetching %s met an error that nobody foresaw.", card.name)
        state.detail, state.state = (
            f"{card.name}: an error that nobody foresaw; the server's log has the details.",
            "failed",
        )
    else:
        state.state = "done"
