"""A list of media over worker processes of which some die."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from unmask.core.contracts import Item, Result
from unmask.core.evidence import ScanFailure
from unmask.scanning import many
from unmask.scanning.plan import ScanPlan

PATHS = [Path(name) for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")]


class Fragile:
    """Runs items in this process and breaks like a pool before the one that kills."""

    def __init__(self, deadly: Path, *, once: bool = False) -> None:
        self._deadly, self._once = deadly, once

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        for item in items:
            if item == self._deadly:
                self._deadly = Path() if self._once else self._deadly
                raise BrokenProcessPool
            yield function(item)


def failed(plan: ScanPlan, path: Path) -> ScanFailure:
    """Stands in for a scan."""
    del plan
    return ScanFailure(str(path), "Scanned", "")


@pytest.fixture(autouse=True)
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "scan_one", failed)


def codes(found: Iterable[object]) -> list[tuple[str, str]]:
    return [(one.path, one.error) for one in found if isinstance(one, ScanFailure)]


def test_only_the_culprit_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "ProcessPool", lambda _: Fragile(PATHS[1]))
    found = codes(many.scan_many(PATHS, ScanPlan(), executor=Fragile(PATHS[1])))
    assert found == [("a.jpg", "Scanned"), ("b.jpg", "WorkerDied"), ("c.jpg", "Scanned"), ("d.jpg", "Scanned")]


def test_a_file_that_was_not_to_blame_is_scanned_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "ProcessPool", lambda _: many.InProcess())
    found = codes(many.scan_many(PATHS, ScanPlan(), executor=Fragile(PATHS[2], once=True)))
    assert found == [(str(path), "Scanned") for path in PATHS]
