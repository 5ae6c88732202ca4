"""A workspace: the folder with the artifacts of every project and the database in or beside it, and how it is found and
opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store.address import MARK, Address, address_of, is_address, leave_mark, parse_address
from trainwright.store.filesystem import refuse_network_folder
from trainwright.store.problems import storage_problems
from trainwright.store.sqlite import DATABASE, WRITES, connect_read_only, connect_writable, is_database

__all__ = [
    "DATABASE",
    "FOLDER",
    "VARIABLE",
    "WRITES",
    "Workspace",
    "address_for",
    "find_workspace",
    "is_workspace",
    "locate",
    "open_workspace",
]

FOLDER = ".trainwright"
VARIABLE = "TRAINWRIGHT_WORKSPACE"


@dataclass(frozen=True)
class Workspace:
    """An open workspace; what can be done with it are functions that take it.

    Args:
        path: the absolute folder that holds the artifacts, and the database unless that is PostgreSQL's. It names the
            workspace to another process of this machine, or of one that sees the folder.
        engine: the connection pool to its database.
        read_only: True when nothing can be written.
        address: of the database on PostgreSQL; None for SQLite.
    """

    path: Path
    engine: Engine
    read_only: bool = False
    address: Address | None = None

    @property
    def place(self) -> str:
        """The database, as messages call it; never with a password."""
        return str(self.path / DATABASE) if self.address is None else self.address.place


def find_workspace(start: Path | None = None) -> Path | None:
    """The nearest `.trainwright` folder in `start` (default: the current folder) or a folder above it, or
    None.
    """
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    return None


def is_workspace(folder: Path) -> bool:
    """Whether a folder is that of a workspace, on SQLite or PostgreSQL."""
    return (folder / DATABASE).exists() or (folder / MARK).exists()


def locate(path: str | Path | None = None, *, start: Path | None = None) -> Path:
    """The folder a workspace is at or would be created at; of one on PostgreSQL, the folder of its artifacts.

    The first that is given counts: `path`, the variable TRAINWRIGHT_WORKSPACE, the nearest `.trainwright`
    folder upwards, `.trainwright` in the current folder. A given path is the workspace itself when it is
    named `.trainwright`, holds a workspace's database, is empty or does not exist; in any other folder, the
    workspace is the `.trainwright` folder inside it.

    Raises:
        UserError: the path is a file, or an address that cannot be read.
    """
    given = path if path is not None else os.environ.get(VARIABLE) or None
    if given is None:
        return find_workspace(start) or (start or Path.cwd()).absolute() / FOLDER
    if is_address(given):
        return parse_address(str(given)).artifacts
    folder = Path(given).expanduser().absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        what = "a workspace" if there == folder else "a folder that a workspace can be made in"
        raise UserError(f"{there} is a file, not {what}", remedy="give a folder, existing or new")
    itself = folder.name == FOLDER or is_workspace(folder) or not folder.exists()
    if itself or (not (folder / FOLDER).exists() and not any(folder.iterdir())):
        return folder
    return folder / FOLDER


def address_for(path: str | Path | None = None) -> Address | None:
    """The address of a workspace on PostgreSQL that `locate` finds; None for one on SQLite, or for none.

    Raises:
        UserError: an address, or what stands in the folder's `workspace.json`, cannot be read.
    """
    given = path if path is not None else os.environ.get(VARIABLE)
    return parse_address(str(given)) if is_address(given) else address_of(locate(path))


def open_workspace(path: str | Path | None = None, *, create: bool = True, read_only: bool = False) -> Workspace:
    """Opens a workspace, creating it or bringing its tables up to date where needed.

    Several processes may open a fresh one together: the tables are made under the database's own write lock.

    Args:
        path: see `locate`.
        create: make the workspace when there is none.
        read_only: open for reading; works on a folder without the right to write, and never creates or
            changes.

    Returns:
        The open workspace.

    Raises:
        UserError: there is no workspace, or what is there is something else.
        EnvironmentProblem: it belongs to a newer release, cannot be written, or lies on a network file
        system.

    Example:
        >>> workspace = open_workspace("/tmp/example")                              # doctest: +SKIP
        >>> workspace.path.name                                                     # doctest: +SKIP
        'example'
    """
    folder = locate(path)
    address = address_for(path)
    if address is not None:
        return _open_postgres(address, create=create, read_only=read_only)
    database = folder / DATABASE
    exists = database.exists()
    if not exists and (read_only or not create):
        raise _none_there(str(folder))
    refuse_network_folder(folder.resolve())
    if read_only:
        engine = connect_read_only(folder)
        if _revision_problem(engine, folder) is None:
            return Workspace(folder, engine, read_only=True)
        engine.dispose()  # older tables are brought up to date below, if the folder can be written
    with storage_problems(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if exists and not os.access(database, os.W_OK):
            raise PermissionError(13, "Permission denied", str(database))
        if exists and not is_database(database):
            raise UserError(f"{database} is not a workspace's database", remedy="name another folder")
        engine = connect_writable(folder)
        if _revision_problem(engine, folder) is not None:
            from trainwright.store.upgrade import bring_up_to_date

            bring_up_to_date(engine, database)
    return Workspace(folder, engine, read_only=read_only)


def _open_postgres(address: Address, *, create: bool, read_only: bool) -> Workspace:
    """Opens a workspace on PostgreSQL; of several processes that open a fresh one, the first makes its tables."""
    from trainwright.store.postgres import connect_postgres

    folder = address.artifacts
    engine = connect_postgres(address)
    with storage_problems(folder, address.place):
        found = _revision_problem(engine, address.place)
        if found == "" and (read_only or not create):
            raise _none_there(f"the {address.place}")
        if found is not None:
            from trainwright.store.upgrade import bring_up_to_date

            bring_up_to_date(engine, address.place)
        if not folder.is_dir() and not create:
            raise EnvironmentProblem(
                f"the artifacts of the {address.place} are not at {folder}",
                remedy="mount the shared folder, or name it with artifacts=",
            )
        leave_mark(address)
    return Workspace(folder, engine, read_only=read_only, address=address)


def _none_there(place: str) -> UserError:
    return UserError(
        f"there is no workspace at {place}",
        remedy="train something first (trainwright train FILE --target COLUMN) or give --workspace",
    )


def _revision_problem(engine: Engine, place: Path | str) -> str | None:
    """None when the tables are those of this release, else the older revision found ("" for no tables at
    all).
    """
    from trainwright.store.revision import HEAD, REVISIONS, revision_of

    with engine.connect() as connection:
        found = revision_of(connection)
    if found == HEAD:
        return None
    if found is not None and found not in REVISIONS:
        engine.dispose()
        raise EnvironmentProblem(
            f"the workspace {place} was written by a newer release: its tables are at revision {found}, "
            f"this release knows {HEAD}",
            remedy="upgrade with `pip install --upgrade trainwright`, or choose another workspace",
        )
    return found or ""
