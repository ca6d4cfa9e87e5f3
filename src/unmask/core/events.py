"""Events that stages announce; progress bars, logs and timings are listeners. Rooms never print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advanced:
    """Work went on.

    Attributes:
        stage: Name of the work, for example ``scan`` or ``train``.
        done: Units done.
        total: Units in all, 0 when unknown.
        detail: What was done last, for people; may be empty.
    """

    stage: str
    done: int
    total: int
    detail: str = ""


Listener = Callable[[Advanced], None]


def ignore(event: Advanced) -> None:
    """Listen to nothing: the default listener."""
