"""Says plainly when the disk, not the user, is why a file could not be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from trainwright.errors import DiskFull, EnvironmentProblem

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_FULL_IN_WORDS = ("os error 28", "No space left")


@contextmanager
def disk_problems(path: Path) -> Iterator[None]:
    """Turns what the operating system raises while `path` is written into an `EnvironmentProblem`."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        # polars tells the number of the error only in its text
        full = getattr(error, "errno", None) in _FULL or any(mark in str(error) for mark in _FULL_IN_WORDS)
        if full:
            raise DiskFull(
                f"the disk is full while writing {path}", remedy="free some space and run it again"
            ) from error
        if isinstance(error, pl.exceptions.PolarsError):
            raise
        reason = error.strerror or str(error)
        raise EnvironmentProblem(f"{path} cannot be written: {reason}") from error
