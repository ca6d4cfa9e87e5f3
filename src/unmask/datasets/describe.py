"""Count what a manifest holds: by source, method, side, size and length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from unmask.core.events import Listener, ignore
from unmask.datasets.facts import Facts, measure
from unmask.datasets.manifest import KINDS, LABEL_NAMES, Row

SIZES_PX = (64, 128, 256, 512, 1024, 2048)
LENGTHS_S = (1, 2, 5, 10, 30, 120, 600)


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows that share a name.

    Attributes:
        kind: image, video or audio.
        name: The source, method or side.
        real: Genuine media.
        fake: Forged media.
        groups: People or source videos.
    """

    kind: str
    name: str
    real: int
    fake: int
    groups: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many media lie between edges.

    Attributes:
        kind: image, video or audio.
        what: For example ``shorter side, px``.
        edges: Upper bounds of all bins but the last, which is open.
        counts: By label name: one number a bin.
    """

    kind: str
    what: str
    edges: tuple[int, ...]
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Description:
    """What a manifest holds.

    Attributes:
        media: Number of rows.
        bytes: Of all files together.
        unreadable: Files that are missing or broken; `unmask datasets check` names them.
        sources: Counts by source.
        methods: Counts by method; genuine media have none.
        sides: Counts by side.
        histograms: Sizes of pictures and videos, lengths of videos and recordings.
    """

    media: int
    bytes: int
    unreadable: int
    sources: tuple[Tally, ...]
    methods: tuple[Tally, ...]
    sides: tuple[Tally, ...]
    histograms: tuple[Histogram, ...]


def describe(rows: Sequence[Row], *, workers: int = 1, listener: Listener = ignore) -> Description:
    """Count rows, and read the header of every file.

    Args:
        rows: All rows.
        workers: Processes.
        listener: Hears progress.
    """
    facts = list(measure(rows, decode=False, workers=workers, stage="describe", listener=listener))
    return Description(
        media=len(rows),
        bytes=sum(fact.bytes for fact in facts),
        unreadable=sum(bool(fact.fault) for fact in facts),
        sources=_tally(rows, lambda row: row.source),
        methods=_tally([row for row in rows if row.label], lambda row: row.method or "unknown"),
        sides=_tally(rows, lambda row: row.split or "undecided"),
        histograms=_histograms(rows, facts),
    )


def _tally(rows: Sequence[Row], name: Callable[[Row], str]) -> tuple[Tally, ...]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.kind, name(row)), []).append(row)
    return tuple(
        Tally(
            kind, what, sum(not row.label for row in same), sum(row.label for row in same), len({r.group for r in same})
        )
        for (kind, what), same in sorted(found.items(), key=lambda pair: (KINDS.index(pair[0][0]), -len(pair[1])))
    )


def _histograms(rows: Sequence[Row], facts: Sequence[Facts]) -> tuple[Histogram, ...]:
    wanted: tuple[tuple[str, tuple[str, ...], tuple[int, ...], Callable[[Facts], float]], ...] = (
        ("shorter side, px", ("image", "video"), SIZES_PX, lambda fact: min(fact.width_px, fact.height_px)),
        ("length, s", ("video", "audio"), LENGTHS_S, lambda fact: fact.duration_s),
    )
    found = []
    for what, kinds, edges, read in wanted:
        for kind in kinds:
            here = [
                (row.label, read(fact))
                for row, fact in zip(rows, facts, strict=True)
                if row.kind == kind and not fact.fault
            ]
            if here:
                counts = {
                    name: _bins([v for at, v in here if at == label], edges) for label, name in LABEL_NAMES.items()
                }
                found.append(Histogram(kind, what, edges, counts))
    return tuple(found)


def _bins(values: Sequence[float], edges: Sequence[int]) -> tuple[int, ...]:
    """Numbers below each edge, and at or above the last."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[sum(value >= edge for edge in edges)] += 1
    return tuple(counts)
