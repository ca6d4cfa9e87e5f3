"""``unmask serve``: the web app and the API on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unmask.core.errors import InvalidOption

app = typer.Typer(help="Start the web app and the API. Everything can also be set by UNMASK_...; see docs/server.md.")
keys = typer.Typer(help="API keys, which callers beyond this machine need.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Data = Annotated[Path | None, typer.Option(help="Folder of database, media and results.", metavar="DIR")]
Database = Annotated[str | None, typer.Option("--database-url", help="PostgreSQL instead of SQLite in --data.")]


@app.callback(invoke_without_command=True)
def serve(  # noqa: PLR0913 - one parameter for each flag that people see
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [8000]; 0 takes a free one.")] = None,
    data: Data = None,
    database_url: Database = None,
    redis_url: Annotated[str | None, typer.Option(help="Redis instead of a queue in --data.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that examine [1].")] = None,
    allow_urls: Annotated[bool | None, typer.Option("--allow-urls", help="Let media be fetched from URLs.")] = None,
    require_key: Annotated[bool | None, typer.Option("--require-key", help="Ask for a key on loopback too.")] = None,
) -> None:
    """Serve until stopped by Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings(
        host=host,
        port=port,
        data=data,
        database_url=database_url,
        redis_url=redis_url,
        workers=workers,
        allow_urls=allow_urls,
        require_key=require_key,
    )
    from unmask.server.run import run

    typer.echo(f"unmask is starting at http://{settings.host}:{settings.port}; stop it with Ctrl-C.", err=True)
    run(settings)


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whom it is for.")], *, data: Data = None, database_url: Database = None
) -> None:
    """Make a key and print it; it cannot be shown again."""
    typer.echo(_keys(data, database_url).add(name))


@keys.command("list")
def list_keys(*, data: Data = None, database_url: Database = None) -> None:
    """List valid keys, without their secrets."""
    from datetime import UTC, datetime

    for key in _keys(data, database_url).all():
        typer.echo(f"{key.id}  {datetime.fromtimestamp(key.created_at, UTC):%Y-%m-%d}  {key.name}")


@keys.command("revoke")
def revoke(
    which: Annotated[str, typer.Argument(help="Name or id of the key.")],
    *,
    data: Data = None,
    database_url: Database = None,
) -> None:
    """Make a key invalid, at once."""
    _keys(data, database_url).revoke(which)


def _settings(**flags: Any) -> Any:  # noqa: ANN401 - the type's module needs the extra
    try:
        from unmask.server.settings import read_settings
    except ModuleNotFoundError as error:
        message = f"serve needs the package {error.name}, which is not installed: pip install 'unmask[serve]'."
        raise InvalidOption(message) from error
    return read_settings(**flags)


def _keys(data: Path | None, database_url: str | None) -> Any:  # noqa: ANN401
    settings = _settings(data=data, database_url=database_url)
    from unmask.server.security.keys import Keys
    from unmask.server.storage.database import Database as Opened

    settings.data.mkdir(parents=True, exist_ok=True)
    database = Opened(settings.database)
    database.migrate()
    return Keys(database)
