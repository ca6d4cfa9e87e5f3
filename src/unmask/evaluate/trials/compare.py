"""Two detectors on the same media: DeLong's test and a bootstrap that draws both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import DataError
from unmask.datasets.manifest import Row
from unmask.evaluate.plain import save_json
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import METRICS, Metrics
from unmask.metrics.bootstrap import Estimate, Metric, intervals
from unmask.metrics.paired import DeLong, delong
from unmask.report.curves.forest import Line, save_forest
from unmask.report.curves.versus import save_versus
from unmask.report.to_table import read_columns

F64 = NDArray[np.float64]
_NEEDED = ("path", "label", "group", "p_fake")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Outcome of a comparison; every difference is first minus second.

    Attributes:
        media: Media that both answered; all figures rest on these.
        first_alone: Media that only the first answered.
        second_alone: Media that only the second answered.
        delong: Test of the AUCs, which takes media as independent.
        differences: By metric, with 95 % intervals that draw whole groups; the honest ones where media belong together.
    """

    media: int
    first_alone: int
    second_alone: int
    delong: DeLong
    differences: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class _Pairs:
    scores: F64
    labels: list[int]
    groups: list[str]
    alone: tuple[int, int]


def compare(
    first: Sequence[Prediction], second: Sequence[Prediction], *, metrics: Metrics = METRICS, rounds: int = 1000
) -> Comparison:
    """Compare two detectors on the media that both answered.

    Args:
        first: Predictions of one detector.
        second: Predictions of the other; media are matched by path.
        metrics: Which ones, by name.
        rounds: Bootstrap resamples.

    Returns:
        The outcome.

    Raises:
        DataError: They share no media, or too few of both labels.
    """
    pairs = _paired(first, second)
    found = delong(pairs.scores[:, 0], pairs.scores[:, 1], pairs.labels)
    gaps = {name: _gap(metric) for name, metric in metrics.items()}
    differences = intervals(gaps, pairs.scores, pairs.labels, clusters=pairs.groups, rounds=rounds)
    return Comparison(len(pairs.labels), *pairs.alone, found, differences)


def write_comparison(
    first: Sequence[Prediction],
    second: Sequence[Prediction],
    out: Path,
    *,
    names: tuple[str, str],
    metrics: Metrics = METRICS,
) -> Comparison:
    """Write comparison.json, comparison.png (ROC and answers) and differences.png; returns the outcome.

    Raises:
        DataError: As for `compare`.
    """
    found = compare(first, second, metrics=metrics)
    pairs = _paired(first, second)
    save_json({"first": names[0], "second": names[1], **asdict(found)}, out / "comparison.json")
    gap = found.differences["AUC"]
    outcome = f"AUC difference {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}], DeLong p {_p(found.delong.p)}"
    title = f"{names[0]} against {names[1]}, {found.media} media\n{outcome}"
    both = (pairs.scores[:, 0].tolist(), pairs.scores[:, 1].tolist())
    save_versus(both, pairs.labels, out / "comparison.png", names=names, title=title)
    lines = [Line(name, estimate) for name, estimate in found.differences.items()]
    across = f"{names[0]} minus {names[1]} (95 % interval)"
    title = f"{names[0]} against {names[1]}, {found.media} media"
    save_forest(lines, out / "differences.png", title=title, across=across, reference=0.0, limits=None)
    return found


def comparison_section(found: Comparison, names: tuple[str, str]) -> str:
    """Markdown for a model card."""
    lines = [
        f"### {names[0]} against {names[1]}",
        "",
        f"On the {found.media} media that both answered ({found.first_alone} more by {names[0]} alone, "
        f"{found.second_alone} by {names[1]} alone). AUC {found.delong.first:.3f} against {found.delong.second:.3f}; "
        f"DeLong's test, which takes media as independent: z {found.delong.z:.2f}, p {_p(found.delong.p)}. "
        "The intervals draw whole groups.",
        "",
        "| metric | difference | 95 % interval |",
        "|---|---|---|",
    ]
    lines += [
        f"| {key} | {gap.value:+.3f} | {gap.low:+.3f} to {gap.high:+.3f} |" for key, gap in found.differences.items()
    ]
    return "\n".join([*lines, ""])


def read_predictions(path: Path, sides: Sequence[str] = ()) -> list[Prediction]:
    """Read back what an evaluation wrote, as far as a comparison needs it.

    Args:
        path: A predictions.parquet.
        sides: Keep only these sides of the split; all when empty.

    Returns:
        The predictions.

    Raises:
        DataError: It is no table of predictions.
    """
    table = read_columns(path)
    missing = [name for name in (*_NEEDED, "side", "source", "method", "verdict", "abstained") if name not in table]
    if missing:
        message = f"{path}: no table of predictions; it lacks {', '.join(missing)}. Give what `unmask evaluate` wrote."
        raise DataError(message)
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    return [
        Prediction(
            Row(Path(row["path"]), "", int(row["label"]), row["source"], row["method"], row["group"]),
            row["p_fake"],
            (),
            row["verdict"],
            row["abstained"],
        )
        for row in rows
        if not sides or row["side"] in sides
    ]


def _paired(first: Sequence[Prediction], second: Sequence[Prediction]) -> _Pairs:
    ours = {_key(entry): entry for entry in first if entry.p_fake is not None}
    theirs = {_key(entry): entry for entry in second if entry.p_fake is not None}
    both = [key for key in ours if key in theirs]
    if not both:
        message = "The two sets of predictions share no medium that both answered; evaluate both on the same manifest."
        raise DataError(message)
    return _Pairs(
        scores=np.array([(ours[key].p_fake, theirs[key].p_fake) for key in both], dtype=np.float64),
        labels=[ours[key].row.label for key in both],
        groups=[ours[key].row.group for key in both],
        alone=(len(ours) - len(both), len(theirs) - len(both)),
    )


def _key(prediction: Prediction) -> str:
    return str(prediction.row.path.absolute())


def _gap(metric: Metric) -> Metric:
    return lambda scores, labels: metric(scores[:, 0], labels) - metric(scores[:, 1], labels)


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
