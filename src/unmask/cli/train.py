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
    setting: Annotated[list[str] | None, typer.Option("--set", help="Override, for example schedule.steps=100.")] = None,
) -> None:
    """Train a detector from a recipe and a manifest; needs the extra `train`."""
    from unmask.cli.console import people_console, progress  # noqa: PLC0415
    from unmask.core.errors import InvalidOption  # noqa: PLC0415

    pairs = [entry.partition("=") for entry in setting or ()]
    if any(not sign for _, sign, _ in pairs):
        message = "--set expects key=value, for example --set schedule.steps=100."
        raise InvalidOption(message)
    training = _training()
    settings = {key: value for key, _, value in pairs}
    with progress() as listen:
        outcome = training.train(training.read_recipe(recipe, settings=settings), data, out, listener=listen)
    people_console().print(f"Best weights: {outcome.weights}  {outcome.best}")
    people_console().print(f"Next: unmask export {out} --data {data} --out models")


def _training():  # type: ignore[no-untyped-def]  # noqa: ANN202 - the module is torch's side of the wall
    from unmask.core.errors import ProviderUnavailable  # noqa: PLC0415

    try:
        from unmask.training import train as module  # noqa: PLC0415
    except ImportError as error:
        message = f"Training needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        raise ProviderUnavailable(message) from error
    return module
