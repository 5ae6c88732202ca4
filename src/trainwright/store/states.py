"""The states of a job and the changes between them that are allowed: a table and a pure function."""

from __future__ import annotations

from trainwright.errors import TrainwrightError

STATES = ("queued", "initializing", "training", "evaluating", "completed", "failed", "cancelled")
FINISHED = frozenset({"completed", "failed", "cancelled"})

# A run that stopped may be queued again (`runs resume`), and so may one whose process vanished; a finished
# one may not.
ALLOWED: dict[str, frozenset[str]] = {
    "queued": frozenset({"initializing", "failed", "cancelled"}),
    "initializing": frozenset({"training", "queued", "failed", "cancelled"}),
    "training": frozenset({"evaluating", "queued", "failed", "cancelled"}),
    "evaluating": frozenset({"completed", "queued", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
}


def check_transition(old: str, new: str) -> None:
    """Refuses a change of state that the table does not allow.

    Args:
        old: the job's present state.
        new: the state asked for.

    Raises:
        TrainwrightError: the change is not allowed; nobody but our own code can ask for one.

    Example:
        >>> check_transition("queued", "initializing")
        >>> check_transition("completed", "training")
        Traceback (most recent call last):
        trainwright.errors.TrainwrightError: a completed job cannot become training; allowed: nothing
    """
    if new not in ALLOWED[old]:
        allowed = ", ".join(sorted(ALLOWED[old])) or "nothing"
        raise TrainwrightError(f"a {old} job cannot become {new}", remedy=f"allowed: {allowed}")
