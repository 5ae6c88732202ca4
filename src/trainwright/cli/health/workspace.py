"""The workspace: where it is, whether it can be written, what its tables are, and the disk below."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from trainwright.cli.health.line import Line
from trainwright.errors import TrainwrightError
from trainwright.store.filesystem import refuse_network_folder
from trainwright.store.revision import HEAD, REVISIONS
from trainwright.store.sqlite import DATABASE
from trainwright.store.workspace import locate

ELSEWHERE = "name another place with --workspace or TRAINWRIGHT_WORKSPACE"


def workspace(given: str | None = None) -> list[Line]:
    """The lines about a workspace; it is neither made nor changed nor brought up to date.

    Args:
        given: as `--workspace` names it.
    """
    try:
        folder = locate(given)
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

    from trainwright.store.sqlite import connect_read_only, is_database, revision_of

    database = folder / DATABASE
    if not is_database(database):
        return Line("workspace", "problem", f"{database} is not a database", "name another folder, or restore a backup")
    try:
        engine = connect_read_only(folder)
    except TrainwrightError as error:
        return Line("workspace", "problem", error.problem, error.remedy or ELSEWHERE)
    try:
        with engine.connect() as connection:
            found = revision_of(connection)
            whole = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            counts = {
                name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() if found else 0
                for name in ("project", "run", "version")
            }
    except DatabaseError as error:
        return Line("workspace", "problem", f"{database} cannot be read: {error.orig}", "restore it from a backup")
    finally:
        engine.dispose()
    holds = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items())
    words = f"{folder}, tables at revision {found}, {holds}"
    if whole != "ok":
        return Line("workspace", "problem", f"{database} is damaged: {whole}", "restore it from a backup")
    if found is None:
        return Line("workspace", "problem", f"{database} is a database of something else", "name another folder")
    if found not in REVISIONS:
        words = f"{folder} was written by a newer release: its tables are at revision {found}, this one knows {HEAD}"
        return Line("workspace", "problem", words, "pip install --upgrade trainwright, or name another workspace")
    if found != HEAD:
        return Line("workspace", "note", words, f"the next command brings them to {HEAD}; keep a copy if you go back")
    return Line("workspace", "ok", words)


def _writable(folder: Path) -> Line:
    """A file is made and removed in it, as a training would."""
    name, database = "workspace is writable", folder / DATABASE
    if not os.access(database, os.W_OK):
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
