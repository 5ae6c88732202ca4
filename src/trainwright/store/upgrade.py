"""Makes the tables of a new workspace, or migrates those of an older one, while other processes wait."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from trainwright.errors import UserError
from trainwright.store.revision import HEAD, revision_of
from trainwright.store.sqlite import WRITES
from trainwright.store.tables import metadata


def bring_up_to_date(engine: Engine, place: Path | str) -> None:
    """Brings the tables to this release's revision, in one transaction that holds the write lock.

    The revision is looked at again under the lock: of several processes the first does the work, the others
    find it done. A process killed on the way leaves the database as it was.

    Raises:
        UserError: the database has tables, but not ours.
    """
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        # A migration may rebuild a table, which must not cascade; the switch has no effect inside a
        # transaction. PostgreSQL changes tables in place.
        _foreign_keys(connection, "OFF" if sqlite else None)
        try:
            with connection.execution_options(**{WRITES: True}).begin():
                _change(connection, place)
        finally:
            _foreign_keys(connection, "ON" if sqlite else None)


def _foreign_keys(connection: Connection, switch: str | None) -> None:
    if switch is not None:
        connection.exec_driver_sql(f"PRAGMA foreign_keys={switch}")
        connection.rollback()


def _change(connection: Connection, place: Path | str) -> None:
    found = revision_of(connection)
    if found == HEAD:
        return
    if found is not None:
        migrate(connection)
        return
    strangers = inspect(connection).get_table_names()
    if strangers:
        raise UserError(
            f"{place} is a database of something else (it has the table {strangers[0]!r})",
            remedy="name another folder or database",
        )
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def migrate(connection: Connection, revision: str = "head") -> None:
    """Runs Alembic's migrations up to `revision` on an open transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
