"""Write an evaluation: metrics.json, predictions.parquet, plots, and a section for the model card."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import Rates, by_source, figures, rates, within_sources
from unmask.metrics.bootstrap import Estimate
from unmask.report.curves import save_curves
from unmask.report.to_table import save_columns


def write_evaluation(sides: Mapping[str, Sequence[Prediction]], out: Path, *, title: str) -> None:
    """Write everything about one or more sides of a split.

    Args:
        sides: Predictions by name of the side, for example ``test``.
        out: Folder; made if missing.
        title: Name of the model, for plots and headings.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = {name: (figures(side), rates(side), _sources(side)) for name, side in sides.items()}
    (out / "metrics.json").write_text(json.dumps(_plain(found), indent=1, allow_nan=False), encoding="utf-8")
    (out / "section.md").write_text(section(found), encoding="utf-8")
    everything = [(name, prediction) for name, side in sides.items() for prediction in side]
    save_columns(
        {
            "side": [name for name, _ in everything],
            "path": [str(entry.row.path) for _, entry in everything],
            "label": [entry.row.label for _, entry in everything],
            "source": [entry.row.source for _, entry in everything],
            "method": [entry.row.method for _, entry in everything],
            "group": [entry.row.group for _, entry in everything],
            "p_fake": [entry.p_fake for _, entry in everything],
            "verdict": [entry.verdict for _, entry in everything],
            "abstained": [entry.abstained for _, entry in everything],
        },
        out / "predictions.parquet",
    )
    for name, side in sides.items():
        answered = [entry for entry in side if entry.p_fake is not None]
        save_curves(
            [entry.p_fake for entry in answered if entry.p_fake is not None],
            [entry.row.label for entry in answered],
            out / f"{name}.png",
            title=f"{title}: {name}, {len(answered)} media",
        )


def _sources(side: Sequence[Prediction]) -> dict[str, Estimate]:
    inside = {f"inside {source}": estimate for source, (estimate, _) in within_sources(side).items()}
    return {**inside, **by_source(side)}


def section(found: Mapping[str, tuple[Mapping[str, Estimate], Rates, Mapping[str, Estimate]]]) -> str:
    """Markdown tables for a model card."""
    lines = []
    for name, (metrics, verdicts, sources) in found.items():
        lines += [f"### {name}", "", "| metric | value | 95 % interval |", "|---|---|---|"]
        lines += [
            f"| {key} | {value.value:.3f} | {value.low:.3f} to {value.high:.3f} |" for key, value in metrics.items()
        ]
        shares = {key: value for key, value in asdict(verdicts).items() if key != "media"}
        lines += ["", f"{verdicts.media} media. Verdicts: " + _shares(shares) + ".", ""]
        lines += [
            "| by source, against all media of the other label unless inside | AUC | 95 % interval |",
            "|---|---|---|",
        ]
        lines += [
            f"| {key} | {value.value:.3f} | {value.low:.3f} to {value.high:.3f} |" for key, value in sources.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:.1%}" for key, value in shares.items() if not math.isnan(value))


def _plain(found: Mapping[str, tuple[Mapping[str, Estimate], Rates, Mapping[str, Estimate]]]) -> dict[str, object]:
    return {
        name: {
            "metrics": {key: asdict(value) for key, value in metrics.items()},
            "verdicts": {key: None if math.isnan(value) else value for key, value in asdict(verdicts).items()},
            "sources": {key: asdict(value) for key, value in sources.items()},
        }
        for name, (metrics, verdicts, sources) in found.items()
    }
