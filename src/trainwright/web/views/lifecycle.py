"""How far a project has come: from its data to a version that answers and is kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from trainwright.store import tables

# The stages with what each means, in the order in which a project usually reaches them.
STAGES = (
    ("data", "a table is in the workspace, and its test part is sealed"),
    ("trained", "a training made a version"),
    ("tested", "the sealed test was opened on a version"),
    ("decided", "somebody said from which probability on to act"),
    ("active", "a version answers"),
    ("kept fresh", "a schedule trains it again"),
)


@dataclass(frozen=True)
class Step:
    """A stage of a project's life: its word, what it means, and whether it is reached."""

    word: str
    meaning: str
    reached: bool


def lifecycles(connection: Connection, ids: Sequence[int]) -> dict[int, list[Step]]:
    """The stages of some projects, in a query for each stage.

    Args:
        connection: to read with.
        ids: of the projects.
    """
    data, version, deployment = tables.dataset_version.c, tables.version.c, tables.deployment.c
    opening, decision, schedule = tables.test_opening, tables.decision, tables.schedule.c
    kept = version.state == "kept"
    through_version = decision.join(tables.version, version.id == decision.c.version_id)
    reached = (
        (data.project_id, select(data.project_id)),
        (version.project_id, select(version.project_id).where(kept)),
        (opening.c.project_id, select(opening.c.project_id)),
        (version.project_id, select(version.project_id).select_from(through_version)),
        (deployment.project_id, select(deployment.project_id).where(deployment.ended_at.is_(None))),
        (schedule.project_id, select(schedule.project_id).where(schedule.enabled)),
    )
    found = [set(connection.execute(query.where(of.in_(ids)).distinct()).scalars()) for of, query in reached]
    return {
        project: [Step(word, meaning, project in those) for (word, meaning), those in zip(STAGES, found)]
        for project in ids
    }
