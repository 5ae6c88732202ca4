"""Alembic's entry point: runs the migrations on the connection that `trainwright.store.upgrade` holds."""

from __future__ import annotations

from alembic import context

from trainwright.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
    transactional_ddl=True,  # the caller's transaction is the only one
)
context.run_migrations()
