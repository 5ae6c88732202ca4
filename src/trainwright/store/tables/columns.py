"""What every table is made of: the metadata they belong to, and the kinds of columns that they share.

Times are seconds since 1970 (UTC). JSON columns hold documents that are written once and read whole;
whatever a query filters or sorts by is a column of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, MetaData, Table

# Named constraints, because a later migration can only drop what has a name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *items: Any) -> Table:
    """A table whose rows have numbers of their own; see `identity`."""
    return Table(name, metadata, *items, sqlite_autoincrement=True)


def identity() -> Column[Any]:
    """The number of a row. AUTOINCREMENT (see `table`) never gives one again, so an old reference cannot meet a new
    row."""
    return Column("id", Integer, primary_key=True, autoincrement=True)


def refers(name: str, table: str, *, required: bool = True) -> Column[Any]:
    """The number of a row of another table."""
    return Column(name, Integer, ForeignKey(f"{table}.id"), nullable=not required, index=True)


def moment(name: str = "created", *, required: bool = True) -> Column[Any]:
    """Seconds since 1970."""
    return Column(name, Float, nullable=not required)


def document(name: str) -> Column[Any]:
    """Plain data. One that is absent is SQL NULL, so that `IS NULL` finds it."""
    return Column(name, JSON(none_as_null=True))
