"""Documents in the database that were changed by hand and are no JSON any more: which row it is, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import JSON, Connection, Engine, LargeBinary, Text, cast, select
from sqlalchemy.exc import OperationalError

from trainwright.errors import EnvironmentProblem
from trainwright.store import tables
from trainwright.store.jsons import UnreadableJSONError

# A document without being read as JSON or even as text, which a damaged one may not be.
AS_IT_STANDS = Text().with_variant(LargeBinary(), "sqlite")
UNDECODABLE = "Could not decode to UTF-8"
RESTORE = "restore the workspace's folder from a backup, or put the document back as it was"


@contextmanager
def damaged_documents(engine: Engine, place: str) -> Iterator[None]:
    """Names the row of a document that cannot be read; any other error passes unchanged.

    Args:
        engine: of the database, to look through it again when a document proves unreadable.
        place: the database, as messages call it.

    Raises:
        EnvironmentProblem: a document is no JSON.
    """
    try:
        yield
    except (UnreadableJSONError, OperationalError) as error:
        if isinstance(error, OperationalError) and UNDECODABLE not in str(error):
            raise
        with engine.connect() as connection:
            found = unreadable(connection)
        if not found:
            raise
        where = ", ".join(found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        why = error if isinstance(error, UnreadableJSONError) else error.orig
        verb = "hold" if len(found) > 1 else "holds"
        raise EnvironmentProblem(
            f"the database {place} was changed by hand and is damaged: {where}{more} {verb} no JSON ({why})",
            remedy=RESTORE,
        ) from None


def unreadable(connection: Connection) -> list[str]:
    """Every document of the database that is no JSON, such as "`plan` of row 7 in table `run`"."""
    found = []
    for table in tables.metadata.sorted_tables:
        keys = list(table.primary_key.columns)
        for column in (column for column in table.columns if isinstance(column.type, JSON)):
            query = select(*keys, cast(column, AS_IT_STANDS)).where(column.is_not(None))
            for *key, raw in connection.execute(query):
                if why_unreadable(raw) is not None:
                    row = ", ".join(map(str, key))
                    found.append(f"`{column.name}` of row {row} in table `{table.name}`")
    return found


def why_unreadable(raw: str | bytes | None) -> str | None:
    """Why what a document holds is no JSON, or None.

    Example:
        >>> why_unreadable("{}"), why_unreadable("{'a': 1}")
        (None, 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)')
    """
    try:
        json.loads(text_of(raw))
    except (ValueError, TypeError, RecursionError) as error:
        return str(error)
    return None


def text_of(raw: str | bytes | None) -> str:
    """The text of a document as it stands; an absent one is the text of nothing."""
    return raw.decode("utf-8") if isinstance(raw, bytes) else raw or ""
