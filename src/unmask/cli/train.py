"""``unmask train``: one recipe, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, for example recipes/face.fast-1.toml.")],
    *,
    data: Annotated[Path, typer.Option(help="CSV manifest: path, kind, label, source, method, group.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a run that was stopped goes on there.")],
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Override, for example schedule.steps=100.")
    ] = None,
) -> None:
    """Train a detector from a recipe and a manifest; needs the extra `train`."""
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import InvalidOption, ProviderUnavailable

    pairs = [entry.partition("=") for entry in setting or ()]
    if any(not sign for _, sign, _ in pairs):
        message = "--set expects key=value, for example --set schedule.steps=100."
        raise InvalidOption(message)
    try:
        from unmask.training.recipe import read_recipe
        from unmask.training.train import train as run
    except ImportError as error:
        message = f"Training needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        raise ProviderUnavailable(message) from error
    wanted = read_recipe(recipe, settings={key: value for key, _, value in pairs})
    with progress() as listen:
        outcome = run(wanted, data, out, listener=listen)
    people_console().print(f"Best weights: {outcome.weights}  {outcome.best}")
    people_console().print(f"Next: unmask export {out} --recipe {recipe} --data {data} --out models")
