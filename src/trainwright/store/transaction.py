"""The two ways to use the database: `write`, which takes the write lock first, and `read`, one consistent
view.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from trainwright.errors import EnvironmentProblem
from trainwright.store.damage import damaged_documents
from trainwright.store.problems import storage_problems
from trainwright.store.sqlite import BRIEF
from trainwright.store.workspace import WRITES, Workspace


@contextmanager
def write(workspace: Workspace) -> Iterator[Connection]:
    """A transaction that holds the write lock from its first statement, commits at the end, rolls back on
    any error.

    On SQLite a transaction that reads first and writes later can fail halfway with "database is locked"
    whatever the timeout; `BEGIN IMMEDIATE` waits at the start instead, so what was read stays true until
    the commit. On PostgreSQL one lock of the database does the same.

    Raises:
        EnvironmentProblem: locked for 30 seconds, disk full, or opened for reading only, or a document in it
            was damaged by hand.

    Example:
        >>> with write(workspace) as connection:                              # doctest: +SKIP
        ...     project = ensure_project(connection, "adult")
    """
    with _writing(workspace, True) as connection:
        yield connection


@contextmanager
def brief(workspace: Workspace) -> Iterator[Connection]:
    """A short transaction that locks the rows it changes, and no others: claims of jobs and signs of life.

    On PostgreSQL it waits for no writer that works on something else; whoever uses it says `FOR UPDATE` where it
    decides by what it read. On SQLite it is `write`, since there is one lock for all.

    Raises:
        EnvironmentProblem: see `write`.
    """
    with _writing(workspace, BRIEF) as connection:
        yield connection


@contextmanager
def _writing(workspace: Workspace, how: bool | str) -> Iterator[Connection]:
    if workspace.read_only:
        raise EnvironmentProblem(
            f"the workspace {workspace.path} can only be read",
            remedy="give yourself the right to write there, or choose another workspace with --workspace",
        )
    with _explained(workspace), workspace.engine.connect() as connection:
        connection = connection.execution_options(**{WRITES: how})
        with connection.begin():
            yield connection


@contextmanager
def read(workspace: Workspace) -> Iterator[Connection]:
    """A transaction that only reads: every query in it sees the same moment."""
    with _explained(workspace), workspace.engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def _explained(workspace: Workspace) -> Iterator[None]:
    """What the disk or the database cannot do, and documents that cannot be read, as one message."""
    place = None if workspace.address is None else workspace.place
    with storage_problems(workspace.path, place), damaged_documents(workspace.engine, workspace.place):
        yield
