"""Turns what the disk and the database say when they fail into one message a user can act on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainwright.errors import DiskFull, EnvironmentProblem, TrainwrightError


@contextmanager
def storage_problems(path: Path, server: str | None = None, *, needed: int | None = None) -> Iterator[None]:
    """Translates failures of the disk or the database under `path`; any other error passes unchanged.

    Args:
        path: the folder that is written to, named in the message.
        server: the database on PostgreSQL, as messages call it; None where it lies in the folder.
        needed: bytes that were about to be written, when known.

    Raises:
        EnvironmentProblem: the disk is full, the folder cannot be written, or the database stays locked.
    """
    try:
        yield
    except TrainwrightError:
        raise
    except Exception as error:
        problem: TrainwrightError | None = None
        if server is not None:
            from trainwright.store.postgres_problems import explain_postgres

            problem = explain_postgres(error, server)
        problem = problem or explain(error, path, needed=needed)
        if problem is None:
            raise
        # The driver's error may hold the statement's values, and the engine its password; ours says what matters.
        raise problem from (error if server is None else None)


def explain(error: BaseException, path: Path, *, needed: int | None = None) -> EnvironmentProblem | None:
    """The environment's problem behind an error, or None when the error is of another sort."""
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    named = getattr(error, "filename", None)
    elsewhere = isinstance(named, str) and not Path(named).absolute().is_relative_to(path.absolute())
    if number in (errno.ENOSPC, errno.EDQUOT) or "no space left" in text or "disk is full" in text:
        return DiskFull(
            f"the disk that holds {path} is full: {_space(path, needed)}; nothing was left half-written",
            remedy="free some space, or choose a workspace on another disk with --workspace",
        )
    if elsewhere:
        return None  # a file of the caller's: it knows better what to say
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or "readonly database" in text:
        return EnvironmentProblem(
            f"{path} cannot be written ({_first_line(error)})",
            remedy="give yourself the right to write there, or choose another workspace with --workspace",
        )
    if "database is locked" in text or "database table is locked" in text:
        return EnvironmentProblem(
            f"the database in {path} was kept locked by another process for 30 seconds",
            remedy="see which trainwright commands still run on this workspace, then try again",
        )
    if "could not decode to utf-8" in text or "disk image is malformed" in text or "file is not a database" in text:
        return EnvironmentProblem(
            f"the database in {path} is damaged ({_first_line(error)})",
            remedy="restore the whole folder from a backup, or choose another workspace with --workspace",
        )
    if number == errno.EIO or "disk i/o error" in text:
        # SQLite says "disk I/O error" for a short write too, which is how some full disks look to it.
        return EnvironmentProblem(
            f"reading or writing {path} failed ({_first_line(error)}; {_space(path, needed)})",
            remedy="check that the disk has room and is healthy",
        )
    return None


def _space(path: Path, needed: int | None) -> str:
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        free = f"{shutil.disk_usage(existing).free / 1e6:.1f} MB free"
    except OSError:
        free = "free space unknown"
    return free if needed is None else f"{needed / 1e6:.1f} MB needed, {free}"


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None)  # SQLAlchemy appends the statement; SQLite's own words are enough
    return str(origin if origin is not None else error).splitlines()[0]
