"""The three kinds of failure, each with the exit status a script can rely on.

A message says what was expected, what was found and what to do; it never needs a traceback to be understood.
"""

from __future__ import annotations


class TrainwrightError(Exception):
    """Base of every error raised on purpose; used alone, it is a fault of ours (exit status 1).

    Args:
        problem: what is wrong, naming the file, column, row or key, what was expected and what was found.
        remedy: what the user can do about it, as a sentence or a command.

    Example:
        >>> str(UserError("column 'incme' is not in adult.csv", remedy="did you mean 'income'?"))
        "column 'incme' is not in adult.csv; did you mean 'income'?"
    """

    exit_code = 1

    def __init__(self, problem: str, *, remedy: str | None = None):
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem if remedy is None else f"{problem}; {remedy}")


class UserError(TrainwrightError):
    """A mistake in what the user gave: file, column, key, value (exit status 2)."""

    exit_code = 2


class EnvironmentProblem(TrainwrightError):
    """Something around us fails: disk full, no rights, a missing extra, a newer workspace (exit status 3)."""

    exit_code = 3


class DiskFull(EnvironmentProblem):
    """Nothing more can be written: whatever goes on would be lost, so that a run ends here and is resumed later."""
