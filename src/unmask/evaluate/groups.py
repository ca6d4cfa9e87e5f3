"""The same media, sorted: by source, generator, format, compression and size, and at frame, person and medium level."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from unmask.core.errors import DataError
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import RANKING, Columns, answered, auc_of, columns, rates
from unmask.metrics.bootstrap import Estimate, intervals
from unmask.metrics.threshold import share_interval

PIXEL_BITS = (0.1, 0.5, 1.0, 2.0, 4.0)
FACE_PX = (64.0, 96.0, 128.0, 192.0, 256.0)
SOUND_KBITS = (16.0, 32.0, 64.0, 128.0)
SOUND_S = (2.0, 4.0, 10.0, 30.0)
LEAST = 5
"""Groups of fewer answered media get counts but no AUC: it would be noise with an interval that looks sure."""
_ROUNDS = 200
_MOST_UNITS = 32


@dataclass(frozen=True, slots=True)
class Group:
    """One group of media.

    Attributes:
        name: For example ``"256 px and more"``.
        real: Genuine media that were answered.
        fake: Forged media that were answered.
        abstained: Media that were not.
        auc: AUC, see `by_group`; None if a label is missing or fewer than `LEAST` media were answered.
        false_alarms: Share of its answered genuine media called likely_fake; NaN without any.
        alarm_interval: 95 % interval of `false_alarms`; None without any.
        found: Share of its forged media called likely_fake; NaN without any.
    """

    name: str
    real: int
    fake: int
    abstained: int
    auc: Estimate | None
    false_alarms: float
    alarm_interval: tuple[float, float] | None
    found: float


def by_group(predictions: Sequence[Prediction], family: str, more: Sequence[str] = ()) -> dict[str, list[Group]]:
    """Sort media in every way that tells where a detector is weak.

    Most sources and all generators hold one label only, so each of these is held against all media of the other
    label; encodings as the dataset names them (c23, ulaw), formats, compression, sizes and what the manifest adds are
    judged inside, since a detector may not win by recognising the format.

    Args:
        predictions: Any.
        family: face or speech.
        more: Further columns of the manifest to sort by, for example ``sex``; empty cells are left out.

    Returns:
        Groups by kind of group.
    """
    rate_edges, size_edges = (SOUND_KBITS, SOUND_S) if family == "speech" else (PIXEL_BITS, FACE_PX)
    rate_unit, size_unit = ("kbit/s", "s") if family == "speech" else ("bit/px", "px")
    rate_name, size_name = ("bit rate", "length") if family == "speech" else ("compression", "face size")
    return {
        "source": _against_all(predictions, lambda entry: entry.row.source),
        "generator": _against_all(
            predictions, lambda entry: (entry.row.method or "not named") if entry.row.label else ""
        ),
        "encoding": _inside(predictions, lambda entry: entry.row.compression),
        "format": _inside(predictions, lambda entry: entry.traits.format),
        rate_name: _inside(predictions, lambda entry: band_name(entry.traits.rate, rate_edges, rate_unit)),
        size_name: _inside(predictions, lambda entry: band_name(entry.traits.size, size_edges, size_unit)),
        **{column: _inside(predictions, partial(_cell, column)) for column in more},
    }


def by_level(predictions: Sequence[Prediction], family: str) -> dict[str, dict[str, Estimate]]:
    """Judge frames (or windows), people and media apart.

    A frame and a person take the label of their medium, which is wrong where only one of several people is forged;
    a medium counts at most 32 frames, and the bootstrap draws whole groups.

    Args:
        predictions: Any.
        family: face or speech.

    Returns:
        Metrics by level; a level that lacks a label is left out.
    """
    levels: dict[str, Callable[[Prediction], Sequence[float]]] = {
        "window" if family == "speech" else "frame": lambda entry: entry.unit_p[
            :: max(-(-len(entry.unit_p) // _MOST_UNITS), 1)
        ],
        "person": lambda entry: entry.person_p,
        "medium": lambda entry: [entry.p_fake] if entry.p_fake is not None else [],
    }
    found = {}
    for name, parts in levels.items():
        held = _spread(predictions, parts)
        if not held.lacks:
            found[name] = _tried(held)
    return {name: figures for name, figures in found.items() if figures}


def band_name(value: float, edges: Sequence[float], unit: str) -> str:
    """Name the band that a value lies in, for example ``"128 to 192 px"``; empty for NaN."""
    if math.isnan(value):
        return ""
    below = [edge for edge in edges if edge <= value]
    above = [edge for edge in edges if edge > value]
    if not below:
        return f"under {above[0]:g} {unit}"
    return f"{below[-1]:g} to {above[0]:g} {unit}" if above else f"{below[-1]:g} {unit} and more"


def _against_all(predictions: Sequence[Prediction], name_of: Callable[[Prediction], str]) -> list[Group]:
    """Groups of one answered label are held against all media of the other; a source with both is judged inside."""
    return [
        _group(name, members, _completed(members, predictions))
        for name, members in _sorted(predictions, name_of).items()
    ]


def _completed(members: Sequence[Prediction], predictions: Sequence[Prediction]) -> Sequence[Prediction]:
    labels = {entry.row.label for entry in answered(members)}
    if len(labels) != 1:
        return members
    return [*members, *(entry for entry in predictions if entry.row.label not in labels)]


def _inside(predictions: Sequence[Prediction], name_of: Callable[[Prediction], str]) -> list[Group]:
    return [_group(name, members, members) for name, members in _sorted(predictions, name_of).items()]


def _sorted(predictions: Sequence[Prediction], name_of: Callable[[Prediction], str]) -> Mapping[str, list[Prediction]]:
    """Members by name, those with a number in order of the number; media without a name are left out."""
    members: dict[str, list[Prediction]] = {}
    for entry in predictions:
        if name := name_of(entry):
            members.setdefault(name, []).append(entry)
    return dict(sorted(members.items(), key=lambda item: _place(item[0])))


def _place(name: str) -> tuple[float, str]:
    word, _, rest = name.partition(" ")
    if word == "under":
        return (-1.0, rest)
    try:
        return (float(word), rest)
    except ValueError:
        return (math.inf, name.casefold())


def _group(name: str, members: Sequence[Prediction], judged: Sequence[Prediction]) -> Group:
    own, said = columns(members), rates(members)
    estimate = auc_of(columns(judged), rounds=_ROUNDS) if len(own.labels) >= LEAST else None
    fakes = sum(own.labels)
    reals = len(own.labels) - fakes
    return Group(
        name,
        reals,
        fakes,
        len(members) - len(own.labels),
        estimate,
        said.false_alarms,
        share_interval(round(said.false_alarms * reals), reals) if reals else None,
        said.found,
    )


def _cell(column: str, entry: Prediction) -> str:
    return entry.row.extra[column]


def _spread(predictions: Sequence[Prediction], parts: Callable[[Prediction], Sequence[float]]) -> Columns:
    flat = [(p, entry.row.label, entry.row.group) for entry in answered(predictions) for p in parts(entry)]
    return Columns(tuple(p for p, _, _ in flat), tuple(of for _, of, _ in flat), tuple(group for _, _, group in flat))


def _tried(held: Columns) -> dict[str, Estimate]:
    try:
        return intervals(RANKING, held.p_fake, held.labels, clusters=held.groups, rounds=_ROUNDS)
    except DataError:  # So few groups that no resample holds both labels.
        return {}
