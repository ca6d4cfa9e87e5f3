"""The database: SQLite beside the media, or PostgreSQL by URL. Its schema is brought up to date on start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.orm import Session

_BUSY_S = 5.0
_LAST_WORD_S = 2.0
_TICK_S = 0.01


class Database:
    """Opens sessions.

    Args:
        url: As SQLAlchemy wants it.
    """

    def __init__(self, url: str) -> None:
        self._engine = _sqlite(url) if url.startswith("sqlite") else _server(url)

    def migrate(self) -> None:
        """Bring the schema up to date; does nothing when it is."""
        from alembic import command  # Workers never need it, and shall start quickly.
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session whose changes are kept together, or not at all."""
        with Session(self._engine.execution_options(writes=True), expire_on_commit=False) as session, session.begin():
            yield session

    def check(self) -> None:
        """Ask for an answer.

        Raises:
            sqlalchemy.exc.OperationalError: There is none.
        """
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back; for a thread that is still asking something, this waits a moment.

        One that came back later would be left open.
        """
        until = time.monotonic() + _LAST_WORD_S
        pool = self._engine.pool
        while isinstance(pool, QueuePool) and pool.checkedout() and time.monotonic() < until:
            time.sleep(_TICK_S)
        self._engine.dispose()


def _server(url: str) -> Engine:
    # A connection that died with its server is noticed and replaced before it is used.
    return create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=30, connect_args={"connect_timeout": 5})


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=20, max_overflow=30, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def opened(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of sqlite3
        connection.isolation_level = None  # Transactions are begun below, not by the driver's guess.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # A writer takes the lock at once: two that read first and write later would refuse each other.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
