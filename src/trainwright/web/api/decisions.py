"""Decisions of a version: d1, d2, ...; made, listed, put into force."""

from __future__ import annotations

from typing import Any

from fastapi import Path
from pydantic import Field

from trainwright.store.decisions import NONE, get_decision, use_decision
from trainwright.store.projects import get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import get_version
from trainwright.web.api.nouns import Body, ProjectName, VersionLabel, noun
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.versions import VersionRow, version_of

router = noun("decisions")
Share = Field(None, ge=0, le=1)
Costs = dict[str, float | str | dict[str, float]] | str


class Question(Body):
    """What a decision is made for: exactly one goal, as `trainwright decide` takes it."""

    cost: Costs | None = Field(None, description='What mistakes cost: {"fp": 1, "fn": 20}, or "fp=1 fn=20".')
    capacity: str | float | None = Field(None, description='The cases people can look at: "200/1000", "20%" or 0.2.')
    min_precision: float | None = Share
    min_recall: float | None = Share
    recall_at: float | None = Share
    beta: float | None = Field(None, gt=0, le=100)
    threshold: float | None = Share
    max_width: str | float | None = Field(None, description="For a number: the most that low and high may lie apart.")
    by: str | None = Field(None, max_length=500, description="A column whose values get thresholds of their own.")
    review_band: bool = Field(False, description="Let a person decide the cases in between.")
    prevalence: float | dict[str, float] | None = Field(None, description="The true share of the positive class.")
    use: bool = Field(False, description="Let the active version answer by it from now on.")


@router.get("/projects/{project}/versions/{version}/decisions", operation_id="list_decisions")
@least(Role.VIEWER)
def decisions(space: Space, project: ProjectName, version: VersionLabel) -> list[dict[str, Any]]:
    """The decisions of a version, the one in force marked `used`."""
    from trainwright.training.deployed import decisions_in_short

    with named_in_address(), read(space) as connection:
        found = get_version(connection, get_project(connection, project), int(version[1:]))
    return decisions_in_short(space, found)


@router.get("/projects/{project}/versions/{version}/decisions/{decision}", operation_id="get_decision")
@least(Role.VIEWER)
def one_decision(
    space: Space, project: ProjectName, version: VersionLabel, decision: str = Path(pattern=r"^d[1-9]\d{0,8}$")
) -> dict[str, Any]:
    """One decision in full: its policy, what it buys, the thresholds that were weighed."""
    from trainwright.training.decide import show_decision

    with named_in_address():
        return show_decision(space, f"{project}@{version}", decision)


@router.post("/projects/{project}/versions/{version}/decisions", operation_id="decide", status_code=201)
@least(Role.TRAINER)
def decide(
    space: Space, who: Who, children: Children, project: ProjectName, version: VersionLabel, body: Question
) -> dict[str, Any]:
    """Finds from which probability on to act, on held-out rows, and keeps it beside the version."""
    with named_in_address(), read(space) as connection:
        get_version(connection, get_project(connection, project), int(version[1:]))
    asked = {key: value for key, value in body.model_dump(exclude={"use"}).items() if value not in (None, False)}
    found: dict[str, Any] = children.ask("decide", name=f"{project}@{version}", use=body.use, who=who.name, asked=asked)
    return found


@router.post("/projects/{project}/versions/{version}/decisions/{decision}/use", operation_id="use_decision")
@least(Role.TRAINER)
def use(
    space: Space,
    who: Who,
    project: ProjectName,
    version: VersionLabel,
    decision: str = Path(pattern=r"^(d[1-9]\d{0,8}|none)$"),
) -> VersionRow:
    """Lets the active version answer by one of its decisions, or by its own threshold ("none")."""
    from trainwright.training.whole_decision import whole

    with write(space) as connection:
        with named_in_address():
            found = get_project(connection, project)
            kept = get_version(connection, found, int(version[1:]))
            called = f"{project}@{kept.label}"
            chosen = None if decision == NONE else get_decision(connection, kept.id, decision, name=called)
        if chosen is not None:
            whole(chosen, called)
        use_decision(connection, found.id, kept.id, kept.label, chosen, who=who.name)
        return version_of(connection, found, kept.number)
