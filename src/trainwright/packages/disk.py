"""Says plainly when the disk, not the user, is why a file could not be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainwright.errors import EnvironmentProblem

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


@contextmanager
def disk_problems(path: Path) -> Iterator[None]:
    """Turns what the operating system raises while `path` is written into an `EnvironmentProblem`."""
    try:
        yield
    except OSError as error:
        # polars raises OSError with the number only inside its text
        if error.errno in _FULL or "os error 28" in str(error) or "No space left" in str(error):
            raise EnvironmentProblem(
                f"the disk is full while writing {path}", remedy="free some space and run it again"
            ) from error
        reason = error.strerror or str(error)
        raise EnvironmentProblem(f"{path} cannot be written: {reason}") from error
