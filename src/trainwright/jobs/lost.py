"""What becomes of an attempt that ended without a result: tried again, failed with its likely cause, or cancelled.

An attempt is lost when its process ended and wrote no end, when something around it or a fault of the program ended it
(it said so: `attempt.fail`), when it hung, when its supervisor gave no sign of life for as long as its lease, or when
the command that made it is gone. What it still writes is refused, because its successor has a higher number
(`store.fence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from trainwright.store import tables
from trainwright.store.attempts import attempts_of, new_attempt
from trainwright.store.clock import now
from trainwright.store.fence import fence
from trainwright.store.runs import DIRECT, Run, get_run, save_document, set_state
from trainwright.store.states import FINISHED

# Seconds that the first, second and third retry wait; a fourth attempt that is lost ends the run.
BACKOFF = (2.0, 10.0, 30.0)


@dataclass(frozen=True)
class Reaped:
    """A run whose attempt was lost.

    Args:
        run_id, attempt: which.
        state: what it is now: "queued", "failed" or "cancelled".
        message: why, in words.
    """

    run_id: int
    attempt: int
    state: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """What is done about a lost attempt.

    Args:
        state: "queued" for another attempt, "failed" or "cancelled".
        delay: seconds that the next attempt waits.
        one_fit: whether the next attempt fits one model at a time.
        why: added to the message.
    """

    state: str
    delay: float = 0.0
    one_fit: bool = False
    why: str = ""


def judge(
    *, cause: str, lost: int, memory: int, side_by_side: bool, cancelled: bool, direct: bool, repeated: bool = False
) -> Verdict:
    """The rule for lost attempts.

    Args:
        cause: "memory", "data", "environment", "ours", "killed", "crash", "stuck" or "vanished".
        lost: attempts that were lost before this one since somebody asked for the run.
        memory: how many of them for want of memory.
        side_by_side: whether the run may fit several models at a time.
        cancelled: somebody asked the run to stop.
        direct: the command that made the run executes it; nobody is there who would execute a retry.
        repeated: an earlier attempt ended with the same words.

    Example:
        >>> judge(cause="vanished", lost=0, memory=0, side_by_side=True, cancelled=False, direct=False).delay
        2.0
        >>> judge(cause="vanished", lost=3, memory=0, side_by_side=True, cancelled=False, direct=False).state
        'failed'
        >>> judge(cause="memory", lost=0, memory=0, side_by_side=True, cancelled=False, direct=False).one_fit
        True
    """
    if cancelled:
        return Verdict("cancelled", why="somebody had asked it to stop")
    if direct:
        return Verdict("failed")
    if cause == "data":
        return Verdict("failed", why="a mistake in what was given is not tried again")
    if cause == "memory":
        if memory == 0 and side_by_side:
            return Verdict("queued", BACKOFF[0], one_fit=True, why="it is tried once more with one fit at a time")
        return Verdict("failed", why="one fit at a time did not help" if memory else "it fitted one model at a time")
    if cause == "ours" and repeated:
        return Verdict("failed", why="it happened again in the same way")
    if lost < len(BACKOFF):
        delay = BACKOFF[lost]
        return Verdict(
            "queued", delay, why=f"retry {lost + 1} of {len(BACKOFF)}, in {delay:g} s, from what is finished"
        )
    return Verdict("failed", why=f"it was lost {lost + 1} times")


def lost(
    connection: Connection, run_id: int, attempt: int, *, cause: str, message: str, remedy: str | None = None
) -> Reaped:
    """Ends an attempt that wrote no end itself, and decides about the next.

    Args:
        connection: a write transaction.
        cause: see `judge`.
        message, remedy: what happened, and what can be done, in words. What the attempt itself said counts more.

    Raises:
        SupersededError: a later attempt has begun.
    """
    fence(connection, run_id, attempt)
    run = get_run(connection, run_id)
    if run.state in FINISHED:
        return Reaped(run_id, attempt, run.state, (run.error or {}).get("message", ""))
    *before, this_one = attempts_of(connection, run_id)
    earlier = [one.details or {} for one in before[len(before) - run.lost :]]
    said = this_one.details or {}
    cause, message, remedy = said.get("cause", cause), said.get("message", message), said.get("remedy", remedy)
    verdict = judge(
        cause=cause,
        lost=run.lost,
        memory=sum(one.get("cause") == "memory" for one in earlier),
        side_by_side=_side_by_side(run),
        cancelled=run.cancel_asked,
        direct=is_direct(run.owner),
        repeated=any((one.get("cause"), one.get("message")) == (cause, message) for one in earlier),
    )
    whole = f"{message}; {verdict.why}" if verdict.why else message
    details = {**said, "cause": cause, "message": message}
    this = (tables.attempt.c.run_id == run_id) & (tables.attempt.c.number == attempt)
    connection.execute(tables.attempt.update().where(this).values(details=details))
    if verdict.state == "queued":
        if verdict.one_fit:
            _one_fit(connection, run)
        again(connection, run_id, whole, not_before=now(connection) + verdict.delay, lost=run.lost + 1)
    else:
        verb = "runs resume" if is_direct(run.owner) else "jobs retry"
        kept = f"`trainwright {verb} {run_id}` goes on from what is finished"
        advice = "; ".join(part for part in (remedy, kept) if part)
        error = {"cause": "cancelled" if verdict.state == "cancelled" else cause, "message": f"{whole}; {advice}"}
        save_document(connection, run_id, attempt, "error", {"exit_code": 3, **said, **error, "remedy": advice})
        set_state(connection, run_id, attempt, verdict.state, whole)
        connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(lost=run.lost + 1))
    return Reaped(run_id, attempt, verdict.state, whole)


def again(connection: Connection, run_id: int, reason: str, *, not_before: float | None, lost: int) -> Run:
    """Queues a run again, for any worker.

    Args:
        not_before: seconds since 1970 until which it waits.
        lost: attempts lost so far that count against it.
    """
    new_attempt(connection, run_id, reason)
    values = {"owner": None, "not_before": not_before, "lost": lost}
    connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(values))
    return get_run(connection, run_id)


def is_direct(owner: str | None) -> bool:
    """Whether a job is executed by the command that made it."""
    return owner is not None and owner.split(" ")[0] == DIRECT


def _side_by_side(run: Run) -> bool:
    return _jobs(run) != 1


def _jobs(run: Run) -> int | None:
    """How many models the run fits at a time: what its plan says, else its settings; None where neither does."""
    settings: dict[str, Any] = (run.settings or {}).get("training") or {}
    jobs = run.plan["jobs"] if run.plan and "jobs" in run.plan else settings.get("jobs")
    return None if jobs is None else int(jobs)


def _one_fit(connection: Connection, run: Run) -> None:
    """Lets the next attempt fit one model at a time. Where a plan exists it is what a resume obeys, and only the number
    of fits in it changes: threads are part of a fit's result.
    """
    if run.plan and "jobs" in run.plan:
        changes: dict[str, Any] = {"plan": {**run.plan, "jobs": 1}}
    else:
        settings = run.settings or {}
        changes = {
            "settings": {**settings, "training": {**(settings.get("training") or {}), "jobs": 1}},
            "origins": {**(run.origins or {}), "training.jobs": "one fit at a time, since memory ran out"},
        }
    connection.execute(tables.run.update().where(tables.run.c.id == run.id).values(changes))
