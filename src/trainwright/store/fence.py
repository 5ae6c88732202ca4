"""The fence: only the present attempt at a run writes, so that one that was given up for lost changes nothing more."""

from __future__ import annotations

from sqlalchemy import Connection, select

from trainwright.errors import TrainwrightError
from trainwright.store import tables


class SupersededError(TrainwrightError):
    """A later attempt at the same run has begun: this one must stop and write nothing more."""


def fence(connection: Connection, run_id: int, attempt: int) -> None:
    """Lets only the present attempt at a run go on; part of every write that an attempt makes.

    Raises:
        SupersededError: a later attempt has begun.
    """
    query = select(tables.job.c.attempt).where(tables.job.c.run_id == run_id).with_for_update()
    current = connection.execute(query).scalar()
    if current != attempt:
        raise SupersededError(
            f"attempt {attempt} of run {run_id} was superseded by attempt {current}; it writes nothing more"
        )
