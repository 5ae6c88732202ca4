"""The clock that leases are measured by: one for all who share a database."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text


def now(connection: Connection) -> float:
    """Seconds since 1970: the database's clock on PostgreSQL, since the clocks of several machines differ, and this
    machine's on SQLite, which only one machine can use.
    """
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return time.time()
