"""The Typer application and nothing else."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from unmask.cli import demo, evaluate, exits, explain, export, models, scan, serve, train
from unmask.cli.datasets.commands import app as datasets
from unmask.core.errors import ModelError, UnmaskError

app = typer.Typer(
    name="unmask",
    help="Tells whether a face in a picture, a person in a video or a voice in a recording has been forged, "
    "how sure it is, and what it saw. Runs on this machine; nothing is uploaded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("scan")(scan.scan)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("explain")(explain.explain)
app.add_typer(models.app, name="models")
app.add_typer(datasets, name="datasets")
app.add_typer(serve.app, name="serve")


@app.callback(invoke_without_command=True)
def root(*, version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    """Handle options that belong to no command."""
    if version:
        from unmask import __version__

        typer.echo(f"unmask {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; errors that unmask raises on purpose become one line and an exit code."""
    try:
        app()
    except ModelError as error:
        typer.echo(f"unmask: {error}", err=True)
        sys.exit(exits.MODEL)
    except UnmaskError as error:
        typer.echo(f"unmask: {error}", err=True)
        sys.exit(exits.USAGE)
    except KeyboardInterrupt:
        typer.echo("unmask: stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(exits.OK)
    except OSError as error:
        typer.echo(f"unmask: {error}", err=True)
        sys.exit(exits.USAGE)
