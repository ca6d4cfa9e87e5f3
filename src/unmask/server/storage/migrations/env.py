"""Alembic's entry: runs the migrations over the connection that `Database.migrate` opened."""

from __future__ import annotations

from alembic import context

from unmask.server.storage.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
