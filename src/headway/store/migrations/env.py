"""Alembic's environment: runs on the connection it is given, never on one of its own."""

from __future__ import annotations

from alembic import context

from headway.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    transactional_ddl=False,  # the caller began the transaction
)
context.run_migrations()
