"""The workspace: where it is, whether it can be written, what its tables are, and the disk below."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trainwright.cli.health.line import Line
from trainwright.errors import TrainwrightError
from trainwright.store.address import Address, address_of, is_address, parse_address
from trainwright.store.filesystem import refuse_network_folder
from trainwright.store.problems import storage_problems
from trainwright.store.revision import HEAD, REVISIONS, revision_of
from trainwright.store.sqlite import DATABASE
from trainwright.store.workspace import VARIABLE, locate

if TYPE_CHECKING:
    from sqlalchemy import Connection

ELSEWHERE = "name another place with --workspace or TRAINWRIGHT_WORKSPACE"


def workspace(given: str | None = None) -> list[Line]:
    """The lines about a workspace; it is neither made nor changed nor brought up to date.

    Args:
        given: as `--workspace` names it.
    """
    try:
        folder = locate(given)
        named = given or os.environ.get(VARIABLE) or ""
        address = parse_address(named) if is_address(named) else address_of(folder)
        if address is not None:
            return _on_server(address)
        refuse_network_folder(folder.resolve())
    except TrainwrightError as error:
        return [Line("workspace", "problem", error.problem, error.remedy or ELSEWHERE)]
    if not (folder / DATABASE).exists():
        return [_absent(folder)]
    return [_tables(folder), _writable(folder)]


def _absent(folder: Path) -> Line:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK):
        return Line("workspace", "problem", f"none yet, and none can be made: {there} cannot be written", ELSEWHERE)
    return Line("workspace", "ok", f"none yet; the first training makes one at {folder}")


def _tables(folder: Path) -> Line:
    """What the tables are, and whether the database holds together."""
    from sqlalchemy.exc import DatabaseError

    from trainwright.store.sqlite import connect_read_only, is_database

    database = folder / DATABASE
    if not is_database(database):
        return Line("workspace", "problem", f"{database} is not a database", "name another folder, or restore a backup")
    try:
        engine = connect_read_only(folder)
    except TrainwrightError as error:
        return Line("workspace", "problem", error.problem, error.remedy or ELSEWHERE)
    try:
        with engine.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if whole != "ok":
                return Line("workspace", "problem", f"{database} is damaged: {whole}", "restore it from a backup")
            return _of_release(connection, folder, database)
    except DatabaseError as error:
        return Line("workspace", "problem", f"{database} cannot be read: {error.orig}", "restore it from a backup")
    finally:
        engine.dispose()


def _on_server(address: Address) -> list[Line]:
    """The lines about a workspace on PostgreSQL, whose folder holds the artifacts alone.

    Raises:
        TrainwrightError: the driver is not installed, or the server does not answer.
    """
    from sqlalchemy import inspect

    from trainwright.store.postgres import connect_postgres

    engine, folder = connect_postgres(address), address.artifacts
    try:
        with storage_problems(folder, address.place), engine.connect() as connection:
            if revision_of(connection) is None and not inspect(connection).get_table_names():
                return [
                    Line("workspace", "ok", f"none yet; the first training makes its tables in the {address.place}")
                ]
            told = _of_release(connection, folder, address.place)
    finally:
        engine.dispose()
    if not folder.is_dir():
        if told.state == "ok":
            words = f"the artifacts of the {address.place} are not at {folder}"
            return [Line("workspace", "problem", words, "mount the shared folder, or name it with artifacts=")]
        return [told]
    return [told, _writable(folder)]


def _of_release(connection: Connection, folder: Path, place: Path | str) -> Line:
    """Whether the tables are those of this release, and how much they hold."""
    found = revision_of(connection)
    if found is None:
        return Line("workspace", "problem", f"{place} is a database of something else", "name another one")
    if found not in REVISIONS:
        words = f"{place} was written by a newer release: its tables are at revision {found}, this one knows {HEAD}"
        return Line("workspace", "problem", words, "pip install --upgrade trainwright, or name another workspace")
    counts = {
        name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar()
        for name in ("project", "run", "version")
    }
    holds = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items())
    words = f"{folder}, tables at revision {found}, {holds}"
    if found != HEAD:
        return Line("workspace", "note", words, f"the next command brings them to {HEAD}; keep a copy if you go back")
    return Line("workspace", "ok", words)


def _writable(folder: Path) -> Line:
    """A file is made and removed in it, as a training would."""
    name, database = "workspace is writable", folder / DATABASE
    if database.exists() and not os.access(database, os.W_OK):
        return Line(name, "problem", f"{database} cannot be written", "give yourself the right, or " + ELSEWHERE)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"trainwright")
            file.flush()
    except OSError as error:
        return Line(
            name, "problem", f"{folder}: {error.strerror}", "give yourself the right, make room, or " + ELSEWHERE
        )
    return Line(name, "ok", f"a file was made in {folder} and removed")
