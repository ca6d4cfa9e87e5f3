"""``unmask evaluate``: judge a detector on labelled media with the very scan that people run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unmask.datasets.manifest import Row
    from unmask.evaluate.predict import Prediction
    from unmask.models.card import ModelCard


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="CSV manifest: path, kind, label, source, method, group.")],
    *,
    model: Annotated[str, typer.Option(help="A detector, for example face.fast-1, or the path of its card.")],
    out: Annotated[
        Path, typer.Option(help="Folder for metrics.json, predictions.parquet, plots and the card section.")
    ],
    recipe: Annotated[Path | None, typer.Option(help="Take the split from this recipe.")] = None,
    side: Annotated[list[str] | None, typer.Option(help="Sides of the split: holdout, validation, test.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 chooses.", min=0)] = 0,
) -> None:
    """Measure a detector: AUC, EER, recall at 5 % false alarms, calibration, with intervals, per source."""
    from unmask.cli.console import people_console
    from unmask.evaluate.write import write_evaluation
    from unmask.models import catalogue

    card = catalogue.find(model)
    sides = sides_of(manifest, card, recipe, side)
    found = {name: predictions(rows, model, card, workers) for name, rows in sides.items()}
    write_evaluation(found, out, title=card.name)
    people_console().print((out / "section.md").read_text(encoding="utf-8"), markup=False)
    people_console().print(f"Written to {out}", soft_wrap=True)


def sides_of(manifest: Path, card: ModelCard, recipe: Path | None, sides: Sequence[str] | None) -> dict[str, list[Row]]:
    """Rows to judge, by side; one side called ``all`` without a recipe."""
    from unmask.core.errors import InvalidOption, nearest
    from unmask.datasets.manifest import read_manifest
    from unmask.datasets.split import read_rule, split

    kinds = ("image", "video") if card.family == "face" else ("audio",)
    rows = [row for row in read_manifest(manifest) if row.kind in kinds]
    if recipe is None:
        return {"all": rows}
    found = split(rows, read_rule(recipe))
    names = sides or ["holdout", "validation", "test"]
    for name in names:
        if name not in found:
            message = f"--side: there is no side {name!r}. {nearest(name, found)}"
            raise InvalidOption(message)
    return {name: found[name] for name in names}  # type: ignore[index]


def predictions(rows: Sequence[Row], model: str, card: ModelCard, workers: int) -> list[Prediction]:
    """Scan rows with one detector, a bar on the terminal."""
    from unmask.cli.console import progress
    from unmask.evaluate.predict import predict
    from unmask.scanning.many import choose_executor
    from unmask.scanning.plan import ScanPlan

    families: Mapping[str, ScanPlan] = {
        "face": ScanPlan(face=model, speech=""),
        "speech": ScanPlan(speech=model, face=""),
    }
    executor, plan = choose_executor(workers, len(rows), families[card.family])
    with progress() as listen:
        return predict(rows, plan, "face" if card.family == "face" else "audio", executor=executor, listener=listen)
