"""The contracts between rooms: what a detector and an executor must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from unmask.core.evidence import Abstention, Score

Unit = TypeVar("Unit", contravariant=True)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Detector(Protocol, Generic[Unit]):
    """Judges units of one kind: units in, one `Score` or `Abstention` each out. No files, no state between calls."""

    @property
    def name(self) -> str:
        """Name of the model card."""
        ...

    def score(self, units: Sequence[Unit]) -> list[Score | Abstention]:
        """Judge each unit on its own; the answer never depends on its neighbours or their order."""
        ...


class Executor(Protocol):
    """Runs a function over items, somewhere. Plans travel, sessions do not."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield one result per item, in order."""
        ...
