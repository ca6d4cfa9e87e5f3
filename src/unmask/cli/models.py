"""``unmask models``: the catalogue, without loading a model or the runtime."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List, show, fetch, verify and locate models.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A model, for example face.fast-2.")]


@app.command("list")
def list_models() -> None:
    """List all models: name, family, size, tiers that use it, whether its files are here, and what it is."""
    from rich.console import Console
    from rich.padding import Padding

    from unmask.models import catalogue, store
    from unmask.scanning.plan import TIERS

    console = Console(highlight=False)
    for card in map(catalogue.find, catalogue.names()):
        size = f"{sum(file.bytes for file in card.files) / 1e6:.1f} MB"
        tiers = ", ".join(tier for tier, members in TIERS.items() if card.name in members) or "every tier"
        here = "here" if store.installed(card) else "not fetched"
        console.print(f"[bold]{card.name:18}[/] {card.family:13} {size:>8}  {here:11}  {tiers}", soft_wrap=True)
        console.print(Padding(card.summary, (0, 0, 1, 4)))


@app.command()
def show(name: Name) -> None:
    """Show a model's card: where it comes from, what it was trained on, how far to trust it."""
    from itertools import groupby

    from rich.console import Console
    from rich.markup import escape

    from unmask.models import catalogue

    card = catalogue.find(name)
    console = Console(highlight=False)
    console.print(f"[bold]{card.name}[/]  {escape(card.summary)}")
    console.print(f"licence: {escape(card.licence)}; commercial use: {'yes' if card.commercial_use else 'not cleared'}")
    for title, lines in (("trained on", card.training_data), ("known failures", card.known_failures)):
        if lines:
            console.print(f"[bold]{title}[/]")
            for line in lines:
                console.print(f"  - {escape(line)}")
    if card.figures:
        console.print("[bold]measured[/] (95 % intervals; 'unseen' means that training saw nothing of these sources)")
    for (on, seen), figures in groupby(card.figures, key=lambda figure: (figure.on, figure.seen)):
        found = list(figures)
        console.print(f"  {escape(on)} ({'seen' if seen else 'unseen'}, {found[0].media} media)")
        for figure in found:
            console.print(f"    {figure.what:28} {figure.value:.3f} {escape(f'[{figure.low:.3f}, {figure.high:.3f}]')}")
    if card.companion is not None:
        console.print(
            f"beside it {card.companion.card}, whose logit is added with the weight {card.companion.weight:g}"
        )
    for file in card.files:
        console.print(f"file {file.name}, {file.bytes} bytes, sha256 {file.sha256}")


@app.command()
def verify() -> None:
    """Compare every model file on this machine with its card; exits with 4 if one differs.

    Models that have to be fetched and were not are named, and are no fault.
    """
    from unmask.models import catalogue, store

    for card in map(catalogue.find, catalogue.names()):
        if card.base is not None and not store.installed(card):
            typer.echo(f"{card.name}: not fetched")
            continue
        store.verify(card)
        typer.echo(f"{card.name}: as its card says")


@app.command()
def fetch(
    name: Name,
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="A file or folder, an installed package, or a URL, instead of the card's, for what is not here yet.",
            metavar="SOURCE",
        ),
    ] = "",
) -> None:
    """Bring a model's files onto this machine and check them; exits with 4 if they cannot be had or are others.

    This is the only command that uses the network, and only when a file is missing.
    """
    from unmask.cli.console import progress
    from unmask.models import catalogue
    from unmask.models.fetch import fetch as bring

    with progress() as listen:
        paths = bring(catalogue.find(name), source=source, listener=listen)
    for place in paths:
        typer.echo(str(place))


@app.command()
def path(name: Name) -> None:
    """Print where a model's file lies."""
    from unmask.models import catalogue, store

    typer.echo(str(store.locate(catalogue.find(name))))
