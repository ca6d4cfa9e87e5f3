"""``unmask export``: from a finished run to a graph and a calibrated card with figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unmask.evaluate.predict import Prediction
    from unmask.models.card import Figure


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run of `unmask train`.")],
    *,
    recipe: Annotated[Path, typer.Option(help="The run's recipe.")],
    data: Annotated[Path, typer.Option(help="The manifest it was trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for the graph, its card and the evaluation.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 chooses.", min=0)] = 0,
) -> None:
    """Export to ONNX, check parity, calibrate on left-out sources, measure on unseen ones, write the card."""
    from unmask.cli.console import people_console
    from unmask.cli.evaluate import predictions, sides_of
    from unmask.datasets.manifest import read_manifest
    from unmask.datasets.split import split
    from unmask.evaluate.calibrate import IDENTITY, calibrate
    from unmask.evaluate.write import write_evaluation
    from unmask.models.write import write_card
    from unmask.training.recipe import read_recipe
    from unmask.training.train import draft_card

    console = people_console()
    wanted = read_recipe(recipe)
    card = draft_card(wanted, run, split(read_manifest(data), wanted.split)["train"], out)
    path = out / f"{card.name}.toml"
    console.print(f"Parity: the graph's logits differ from the network's by {card.parity:.1g} at most.")
    draft = out / f"{card.name}.uncalibrated.toml"
    write_card(replace(card, calibration=IDENTITY), draft)
    rows = sides_of(data, card, recipe, ["validation"])["validation"]
    card = replace(card, calibration=calibrate(predictions(rows, str(draft), card, workers)))
    draft.unlink()
    write_card(card, path)
    sides = {
        name: predictions(rows, str(path), card, workers) for name, rows in sides_of(data, card, recipe, None).items()
    }
    card = replace(card, figures=tuple(_figures(sides)))
    write_card(card, path)
    write_evaluation(sides, out, title=card.name)
    console.print((out / "section.md").read_text(encoding="utf-8"), markup=False)
    console.print(f"Graph, card and figures: {out}. Scan with it: unmask scan FILE --model {path}", soft_wrap=True)


def _figures(sides: Mapping[str, Sequence[Prediction]]) -> list[Figure]:
    from unmask.evaluate.score import figures, within_sources
    from unmask.models.card import Figure

    names = {
        "holdout": "media of the training sources that were kept back",
        "validation": "left-out sources that chose the weights and the calibration",
        "test": "left-out sources, looked at last",
    }
    overall = [
        Figure(what, names[side], side == "holdout", value.value, value.low, value.high, len(found))
        for side, found in sides.items()
        for what, value in figures(found).items()
    ]
    inside = [
        Figure("AUC", f"{names[side]}: {source} alone", side == "holdout", value.value, value.low, value.high, count)
        for side, found in sides.items()
        for source, (value, count) in within_sources(found).items()
    ]
    return overall + inside
