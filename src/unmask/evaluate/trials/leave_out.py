"""Leave one source, or one method of forgery, out of training and measure what the rest teaches about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from unmask.core.errors import DataError, InvalidOption, nearest
from unmask.datasets.manifest import Row
from unmask.datasets.split import Side, SplitRule
from unmask.evaluate.plain import save_json
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import RANKING, columns, figures
from unmask.metrics.bootstrap import Estimate
from unmask.report.curves.forest import Line, save_forest

KINDS = ("source", "method")
LEAST = 5
HOLDOUT = 0.15
_STRANGER = "left out: "


@dataclass(frozen=True, slots=True)
class Fold:
    """One training to be done.

    Attributes:
        name: What is left out.
        rows: The manifest of this fold; what is left out has a source of its own.
        rule: Its split: the test side is what is left out.
    """

    name: str
    rows: list[Row]
    rule: SplitRule


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fold showed.

    Attributes:
        name: What was left out.
        real: Genuine media that were answered.
        fake: Forged media that were answered.
        abstained: Media that were not.
        metrics: Figures on what was left out; empty if it failed or a label is missing.
        why: Why there are no figures; empty if there are.
    """

    name: str
    real: int
    fake: int
    abstained: int
    metrics: Mapping[str, Estimate]
    why: str = ""


def folds(rows: Sequence[Row], kind: str, rule: SplitRule) -> Iterator[Fold]:
    """Plan one training for each source, or each method, that has enough media.

    The hold-out (whole groups of the other sources) gives the label that a one-sided source lacks, and chooses the
    weights, so that nothing that is left out is looked at before the end. A method takes its groups along: the
    genuine originals of its forgeries become part of the test, and other forgeries of the same originals are dropped.

    Args:
        rows: All labelled media.
        kind: ``source`` or ``method``.
        rule: The recipe's; only its hold-out shares are used.

    Yields:
        Folds in order of name.

    Raises:
        InvalidOption: There is no such kind.
        DataError: Nothing can be left out.
    """
    if kind not in KINDS:
        message = f"--leave-out: there is no kind {kind!r}. {nearest(kind, KINDS)}"
        raise InvalidOption(message)
    counts: dict[str, int] = {}
    for row in rows:
        name = row.source if kind == "source" else row.method
        counts[name] = counts.get(name, 0) + 1
    names = sorted(name for name, count in counts.items() if name and count >= LEAST)
    if len(names) < 2:
        message = f"Leaving out needs two {kind}s of at least {LEAST} media; the manifest has {len(names)}."
        raise DataError(message)
    shares = {**{"*": HOLDOUT}, **{name: share for name, share in rule.holdout.items() if name == "*"}}
    for name in names:
        fold = _without_source(rows, name) if kind == "source" else _without_method(rows, name)
        yield Fold(
            name,
            [replace(row, split="") for row in fold],
            SplitRule(validation=(), test=(_STRANGER + name,), holdout=shares),
        )


def judged(sides: Mapping[Side, Sequence[Row]]) -> list[Row]:
    """What a trained fold is measured on: the test side, and hold-out media of the label that it lacks."""
    test = list(sides["test"])
    labels = {row.label for row in test}
    return test if len(labels) == 2 else [*test, *(row for row in sides["holdout"] if row.label not in labels)]


def outcome(name: str, predictions: Sequence[Prediction]) -> Outcome:
    """Measure one fold."""
    held = columns(predictions)
    fakes = sum(held.labels)
    counts = (len(held.labels) - fakes, fakes, len(predictions) - len(held.labels))
    if held.lacks:
        return Outcome(name, *counts, {}, f"no {held.lacks} medium was answered")
    try:
        return Outcome(name, *counts, figures(predictions, metrics=RANKING, rounds=400))
    except DataError as error:
        return Outcome(name, *counts, {}, str(error))


def write_outcomes(outcomes: Sequence[Outcome], kind: str, out: Path, *, title: str) -> str:
    """Write leave-out.json, leave-out.md and leave-out.png; returns the Markdown."""
    save_json({"left_out": kind, "folds": [asdict(one) for one in outcomes]}, out / "leave-out.json")
    head = ["left out", *RANKING, "real", "fake", "no answer"]
    lines = [f"### {title}: one {kind} left out at a time", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for one in outcomes:
        cells = [str(one.metrics.get(name, "")) for name in RANKING]
        cells[0] = cells[0] or one.why
        lines.append(f"| {one.name} | {' | '.join(cells)} | {one.real} | {one.fake} | {one.abstained} |")
    text = "\n".join([*lines, ""])
    (out / "leave-out.md").write_text(text, encoding="utf-8")
    drawn = sorted((one for one in outcomes if one.metrics), key=lambda one: one.metrics["AUC"].value)
    if drawn:
        chart = [Line(one.name, one.metrics["AUC"], f"{one.real} real, {one.fake} fake") for one in drawn]
        heading = f"{title}: trained without the {kind}, tested on it"
        across = "AUC (95 % interval)"
        save_forest(chart, out / "leave-out.png", title=heading, across=across, reference=0.5, limits=(0.0, 1.0))
    return text


def _without_source(rows: Sequence[Row], name: str) -> list[Row]:
    groups = {row.group for row in rows if row.source == name}
    kept = [row for row in rows if row.source == name or row.group not in groups]
    return [replace(row, source=_STRANGER + name) if row.source == name else row for row in kept]


def _without_method(rows: Sequence[Row], name: str) -> list[Row]:
    groups = {row.group for row in rows if row.method == name}
    kept = [row for row in rows if row.group not in groups or row.method == name or not row.label]
    return [replace(row, source=_STRANGER + name) if row.group in groups else row for row in kept]
