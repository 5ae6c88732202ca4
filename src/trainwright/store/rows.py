"""The one statement every noun needs: write a row, get its number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table


def insert_row(connection: Connection, table: Table, **values: Any) -> int:
    """Writes a row and returns its id."""
    key = connection.execute(table.insert().values(values)).inserted_primary_key
    assert key is not None  # every table that uses this has one integer key
    return int(key[0])
