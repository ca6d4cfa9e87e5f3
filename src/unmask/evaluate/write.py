"""Write an evaluation: metrics.json, predictions.parquet, plots, and a section for the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from unmask.evaluate.groups import Group, by_group, by_level
from unmask.evaluate.plain import save_json
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import Metrics, by_kind, columns, figures, metrics_for, rates, refusals, within_sources
from unmask.evaluate.section import Findings, section
from unmask.metrics.threshold import confusion
from unmask.report.curves.forest import Line, save_forest
from unmask.report.curves.overview import save_overview
from unmask.report.to_table import save_columns

_BY_AUC = ("source", "generator")


def write_evaluation(
    sides: Mapping[str, Sequence[Prediction]],
    out: Path,
    *,
    title: str,
    family: str,
    metrics: Metrics | None = None,
    by: Sequence[str] = (),
) -> dict[str, Findings]:
    """Write everything about one or more sides of a split.

    A side that lacks a label gets no metrics and no curves, and a word why; its verdicts and groups are still written.

    Args:
        sides: Predictions by name of the side, for example ``test``.
        out: Folder; made if missing.
        title: Name of the model, for plots and headings.
        family: face or speech.
        metrics: Which ones; those of the family when None.
        by: Further columns of the manifest to sort by.

    Returns:
        What was found, by side.
    """
    found = {name: findings(side, family, metrics or metrics_for(family), by) for name, side in sides.items()}
    out.mkdir(parents=True, exist_ok=True)
    save_json({name: _document(one, sides[name]) for name, one in found.items()}, out / "metrics.json")
    (out / "section.md").write_text(section(found), encoding="utf-8")
    save_predictions(sides, out / "predictions.parquet")
    for name, one in found.items():
        _plot(one, sides[name], out / name, title=f"{title}: {name}")
    return found


def findings(side: Sequence[Prediction], family: str, metrics: Metrics, by: Sequence[str] = ()) -> Findings:
    """Measure one side."""
    lacks = columns(side).lacks
    left_out = (
        f"they need answers for both labels, and no {lacks} medium was answered ({len(side)} media in all)."
        if lacks
        else ""
    )
    return Findings(
        metrics={} if lacks else figures(side, metrics=metrics),
        left_out=left_out,
        verdicts=rates(side),
        refusals=refusals(side),
        levels=by_level(side, family),
        kinds=by_kind(side),
        inside=within_sources(side),
        groups=by_group(side, family, by),
    )


def save_predictions(sides: Mapping[str, Sequence[Prediction]], path: Path) -> Path:
    """Write every prediction as one row of a Parquet table, abstentions included; returns the path."""
    rows = [(name, prediction) for name, side in sides.items() for prediction in side]
    return save_columns(
        {
            "side": [name for name, _ in rows],
            "path": [str(entry.row.path.absolute()) for _, entry in rows],
            "kind": [entry.row.kind for _, entry in rows],
            "label": [entry.row.label for _, entry in rows],
            "source": [entry.row.source for _, entry in rows],
            "method": [entry.row.method for _, entry in rows],
            "group": [entry.row.group for _, entry in rows],
            "p_fake": [entry.p_fake for _, entry in rows],
            "verdict": [entry.verdict for _, entry in rows],
            "abstained": [entry.abstained for _, entry in rows],
            "person_p": [list(entry.person_p) for _, entry in rows],
            "unit_p": [list(entry.unit_p) for _, entry in rows],
            "format": [entry.traits.format for _, entry in rows],
            "rate": [entry.traits.rate for _, entry in rows],
            "size": [entry.traits.size for _, entry in rows],
        },
        path,
    )


def _document(found: Findings, side: Sequence[Prediction]) -> dict[str, object]:
    held = columns(side)
    return {
        "metrics": {key: asdict(value) for key, value in found.metrics.items()},
        "left_out": found.left_out or None,
        "confusion": None if held.lacks else asdict(confusion(held.p_fake, held.labels)),
        "verdicts": asdict(found.verdicts),
        "refusals": dict(found.refusals),
        "levels": {
            level: {key: asdict(value) for key, value in metrics.items()} for level, metrics in found.levels.items()
        },
        "kinds": {name: asdict(one) for name, one in found.kinds.items()},
        "inside_sources": {
            source: {**asdict(estimate), "media": media} for source, (estimate, media) in found.inside.items()
        },
        "groups": {kind: [asdict(one) for one in groups] for kind, groups in found.groups.items()},
    }


def _plot(found: Findings, side: Sequence[Prediction], stem: Path, *, title: str) -> None:
    held = columns(side)
    if not held.lacks:
        heading = f"{title}, {len(held.labels)} media answered, {len(side) - len(held.labels)} not (95 % bands)"
        save_overview(held.p_fake, held.labels, Path(f"{stem}.png"), title=heading, clusters=held.groups)
    charts = {kind: [kind] for kind in _BY_AUC} | {"groups": [kind for kind in found.groups if kind not in _BY_AUC]}
    for name, kinds in charts.items():
        lines = [line for kind in kinds for line in _lines(kind, found.groups[kind])]
        if lines:
            path = Path(f"{stem}-{name}.png")
            save_forest(lines, path, title=title, across="AUC (95 % interval)", reference=0.5, limits=(0.0, 1.0))


def _lines(kind: str, groups: Sequence[Group]) -> list[Line]:
    measured = [(one.auc.value, one) for one in groups if one.auc is not None]
    if kind in _BY_AUC:  # Bands of size and compression keep their own order.
        measured.sort(key=lambda pair: pair[0])
    lines = [
        Line(
            one.name,
            one.auc,
            f"{one.real} real, {one.fake} fake" + (f", {one.abstained} none" if one.abstained else ""),
        )
        for _, one in measured
    ]
    return [Line(f"by {kind}", heading=True), *lines] if lines else []
