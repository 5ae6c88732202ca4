"""Removes what killed processes left behind and what no row names, while other processes go on working."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from trainwright.store import tables
from trainwright.store.files import ARTIFACTS, TEMPORARY
from trainwright.store.process import Owner, current_owner, is_alive
from trainwright.store.tables import NAMES_ARTIFACTS
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

# Between publishing an artifact and committing the row that names it lie milliseconds; an hour is ample.
GRACE_SECONDS = 3600.0
# Where it cannot be known whether the owner lives (another machine, not Linux), only age tells.
UNKNOWN_SECONDS = 7 * 24 * 3600.0
# States within the fits of runs that were cut short, from which they go on: a folder `run-N` for each.
SCRATCH = "scratch"
# A run that nobody went on with for so long begins its unfinished fits anew, to the same result.
IDLE_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Swept:
    """What a sweep removed.

    Args:
        temporary: temporary folders of processes that are gone.
        artifacts: "kind/sha" of artifacts that no row named.
        scratch: folders of states of runs that will not go on from them.
        bytes: the size of everything removed.
    """

    temporary: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    bytes: int = 0


def sweep(workspace: Workspace, *, now: float | None = None) -> Swept:
    """Removes temporary folders whose process is gone, artifacts older than an hour that no row names, and the states
    of runs that are completed, are not known, or were left alone for a week.

    Args:
        workspace: an open workspace that can be written.
        now: seconds since 1970; the clock when not given.
    """
    now = time.time() if now is None else now
    removed: list[str] = []
    size = 0
    for folder in _folders(workspace.path / TEMPORARY):
        if _abandoned(folder, now):
            size += _remove(folder)
            removed.append(folder.name)
    artifacts, more = _sweep_artifacts(workspace, now)
    scratch, rest = _sweep_scratch(workspace, now)
    return Swept(tuple(removed), tuple(artifacts), tuple(scratch), size + more + rest)


def _sweep_scratch(workspace: Workspace, now: float) -> tuple[list[str], int]:
    folders = list(_folders(workspace.path / SCRATCH))
    if not folders:
        return [], 0
    with read(workspace) as connection:
        states = {
            f"run-{run}": state for run, state in connection.execute(select(tables.job.c.run_id, tables.job.c.state))
        }
    removed: list[str] = []
    size = 0
    for folder in folders:
        # One that runs writes a state every few minutes.
        newest = max(map(_age_mark, (folder, *(inner for inner in folder.rglob("*") if inner.is_dir()))))
        if states.get(folder.name, "completed") == "completed" or now - newest > IDLE_SECONDS:
            size += _remove(folder)
            removed.append(folder.name)
    return removed, size


def _sweep_artifacts(workspace: Workspace, now: float) -> tuple[list[str], int]:
    old = [
        folder
        for kind in _folders(workspace.path / ARTIFACTS)
        for folder in _folders(kind)
        if now - _age_mark(folder) > GRACE_SECONDS
    ]
    if not old:
        return [], 0
    removed: list[str] = []
    size = 0
    # Under the write lock no row can come to name an artifact while its names are counted.
    with write(workspace) as connection:
        named: set[str] = set()
        for column in NAMES_ARTIFACTS:
            named.update(connection.execute(select(column).where(column.is_not(None))).scalars())
        unnamed = [folder for folder in old if folder.name not in named]
        aside = [pair for folder in unnamed if (pair := _set_aside(workspace, folder, now)) is not None]
    for original, moved in aside:
        size += _remove(moved)
        removed.append(f"{original.parent.name}/{original.name}")
    return removed, size


def _set_aside(workspace: Workspace, folder: Path, now: float) -> tuple[Path, Path] | None:
    """Moves an artifact among the temporary folders, and back if a publisher reused it just now."""
    moved = workspace.path / TEMPORARY / f"{current_owner()}-swept-{folder.name}"
    moved.parent.mkdir(exist_ok=True)
    try:
        folder.rename(moved)
    except FileNotFoundError:
        return None
    if now - _age_mark(moved) > GRACE_SECONDS:
        return folder, moved
    try:
        moved.rename(folder)
    except OSError:  # the publisher missed it and put its own equal copy there
        shutil.rmtree(moved, ignore_errors=True)
    return None


def _abandoned(folder: Path, now: float) -> bool:
    owner = Owner.parse(folder.name)
    alive = None if owner is None else is_alive(owner)
    return not alive if alive is not None else now - _age_mark(folder) > UNKNOWN_SECONDS


def _age_mark(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from sorted(Path(entry.path) for entry in os.scandir(parent) if entry.is_dir())


def _remove(folder: Path) -> int:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return size
