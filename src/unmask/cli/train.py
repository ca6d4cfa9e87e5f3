"""``unmask train``: one recipe, resumable, on one device or many."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def train(  # noqa: PLR0913 - one parameter for each flag that people see
    recipe: Annotated[Path, typer.Argument(help="A recipe, for example recipes/face.fast-2.toml.")],
    *,
    data: Annotated[Path, typer.Option(help="CSV manifest: path, kind, label, source, method, group.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a run that was stopped goes on there.")],
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Override, for example schedule.steps=100.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of face crops, clips of sound or views that several runs share.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu, cuda or mps.")] = "auto",
    devices: Annotated[int, typer.Option(help="Devices on each machine.", min=1)] = 1,
    nodes: Annotated[int, typer.Option(help="Machines; start the same command on each.", min=1)] = 1,
    precision: Annotated[str, typer.Option(help="bf16-mixed, 32-true or 16-mixed.")] = "bf16-mixed",
    workers: Annotated[int, typer.Option(help="Processes that make examples, for each device.", min=0)] = 2,
) -> None:
    """Train a detector from a recipe and a manifest; needs the extra `train`. docs/training.md explains every key."""
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import InvalidOption, ProviderUnavailable
    from unmask.core.events import ignore

    pairs = [entry.partition("=") for entry in setting or ()]
    if any(not sign for _, sign, _ in pairs):
        message = "--set expects key=value, for example --set schedule.steps=100."
        raise InvalidOption(message)
    try:
        from unmask.training.fitting.bench import Machine
        from unmask.training.recipe import read_recipe
        from unmask.training.train import train as run
    except ImportError as error:
        message = f"Training needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        raise ProviderUnavailable(message) from error
    wanted = read_recipe(recipe, settings={key: value for key, _, value in pairs})
    machine = Machine(accelerator, devices, nodes, precision, workers)
    leads = os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"
    with progress() as listen:
        outcome = run(wanted, data, out, machine=machine, cache=cache, listener=listen if leads else ignore)
    if leads:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in outcome.best.items())
        lines = [*(f"Note: {note}" for note in outcome.notes), f"Best weights: {outcome.weights} ({figures})"]
        lines.append(f"Next: unmask export {out} --recipe {recipe} --data {data} --out models")
        people_console().print("\n".join(lines), markup=False, soft_wrap=True)
