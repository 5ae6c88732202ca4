"""How a SQLite database is opened: write-ahead log, full durability, immediate write transactions."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store.jsons import dumps, loads
from trainwright.store.revision import revision_of

DATABASE = "trainwright.db"
BUSY_SECONDS = 30.0

# The execution option by which a transaction says that it will write.
WRITES = "trainwright_writes"
# The value by which it says that it locks only the rows it changes, where the database can (`transaction.brief`).
BRIEF = "brief"


def connect_writable(folder: Path) -> Engine:
    """An engine on the folder's database, which is created when absent."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            folder / DATABASE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        _write_ahead(connection)
        # FULL: a version that was reported as made must survive a power cut. It costs one fsync for each
        # commit, and we commit a few times a second at most (metric points are written in batches).
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    return _engine(connect)


def connect_read_only(folder: Path) -> Engine:
    """An engine that cannot write, for a folder where we may have no right to.

    Raises:
        UserError: the file is not a database.
        EnvironmentProblem: the database cannot be read without writing beside it.
    """
    uri = "file:" + quote(str(folder / DATABASE))
    log = folder / f"{DATABASE}-wal"
    for options in ("?mode=ro", "?mode=ro&immutable=1"):
        if "immutable" in options and log.exists() and log.stat().st_size > 0:
            break  # what stands in the log would be overlooked

        def connect(address: str = uri + options) -> sqlite3.Connection:
            return sqlite3.connect(
                address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )

        engine = _engine(connect)
        try:
            with engine.connect() as connection:
                revision_of(connection)
            return engine
        except OperationalError:
            engine.dispose()
        except DatabaseError as error:
            engine.dispose()
            raise UserError(
                f"{folder / DATABASE} is not a workspace's database", remedy="name another folder"
            ) from error
    raise EnvironmentProblem(
        f"the database in {folder} cannot be read without the right to write there",
        remedy="run any trainwright command once as its owner, which folds the open log into the database",
    )


def is_database(path: Path) -> bool:
    """True when the file is empty or a SQLite database.

    SQLite itself looks: were the file opened and closed by us, every lock that this process holds on it would be gone
    (POSIX drops them with the first close of any descriptor, https://sqlite.org/howtocorrupt.html, 2.2), and another
    process, taking itself for the last, would delete the log that our open connections go on writing to.
    """
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        return "not a database" not in str(error)
    finally:
        connection.close()
    return True


def _engine(connect: Any) -> Engine:
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, json_serializer=dumps, json_deserializer=loads
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # Python's driver would begin by itself, too late and as a reader: isolation_level=None turns that off.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Changing the journal mode ignores the busy timeout, so processes that open a fresh database together
    # retry here.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(0.01)
