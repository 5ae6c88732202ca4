"""The revisions of the tables that this release knows, without importing Alembic (0.25 s) to find out."""

from __future__ import annotations

from sqlalchemy import Connection, text

# Oldest first; a test compares this with the files under `migrations/versions`.
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
HEAD = REVISIONS[-1]

TABLE = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL",
}


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables, or None in a database without ours."""
    if connection.execute(text(TABLE[connection.dialect.name])).first() is None:
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])
