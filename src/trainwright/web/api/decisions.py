"""Decisions of a version: d1, d2, ...; made, listed, put into force."""

from __future__ import annotations

from typing import Any

from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from trainwright.store.decisions import NONE, check_active, get_decision, use_decision
from trainwright.store.projects import get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import get_version
from trainwright.store.workspace import Workspace
from trainwright.web.api.nouns import Body, ProjectName, VersionLabel, noun
from trainwright.web.api.versions import WAITS
from trainwright.web.approval import second_of_two
from trainwright.web.helpers.pool import Helpers
from trainwright.web.requests import Children, Space, Web, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.versions import VersionRow, version_of

router = noun("decisions")
Share = Field(None, ge=0, le=1)
KEPT: dict[int | str, dict[str, Any]] = {
    202: {"description": "Kept, not yet in use: the version answers by it once a second person asks for the same."}
}
Costs = dict[str, float | str | dict[str, float]] | list[list[float]] | str


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


@router.post("/projects/{project}/versions/{version}/decisions", operation_id="decide", status_code=201, responses=KEPT)
@least(Role.TRAINER)
def decide(
    space: Space,
    web: Web,
    who: Who,
    children: Children,
    answer: Response,
    project: ProjectName,
    version: VersionLabel,
    body: Question,
) -> dict[str, Any]:
    """Finds from which probability on to act, on held-out rows, and keeps it beside the version."""
    made, done = decided(space, who.name, children, project, version, body, two=web.second_approver)
    if not done:
        answer.status_code = 202
    return made


@router.post(
    "/projects/{project}/versions/{version}/decisions/{decision}/use", operation_id="use_decision", responses=WAITS
)
@least(Role.TRAINER)
def use(
    space: Space,
    web: Web,
    who: Who,
    answer: Response,
    project: ProjectName,
    version: VersionLabel,
    decision: str = Path(pattern=r"^(d[1-9]\d{0,8}|none)$"),
) -> VersionRow:
    """Lets the active version answer by one of its decisions, or by its own threshold ("none")."""
    row, done = used(space, who.name, project, version, decision, two=web.second_approver)
    if not done:
        answer.status_code = 202
    return row


def decided(
    space: Workspace, who: str, children: Helpers, project: str, version: str, body: Question, *, two: bool = False
) -> tuple[dict[str, Any], bool]:
    """Makes a decision; also for the page.

    Args:
        two: whether a second person must agree before the version answers by it.

    Returns:
        The decision, and whether all that was asked for is done; if not, its use waits for the second person.
    """
    with read(space) as connection:
        with named_in_address():
            found = get_project(connection, project)
            kept = get_version(connection, found, int(version[1:]))
        if body.use:
            check_active(connection, found.id, kept.id, kept.label)
    asked = {key: value for key, value in body.model_dump(exclude={"use"}).items() if value not in (None, False)}
    now = body.use and not two
    made: dict[str, Any] = children.ask("decide", name=f"{project}@{version}", use=now, who=who, asked=asked)
    return made, now == body.use or used(space, who, project, version, made["label"], two=True)[1]


def used(
    space: Workspace, who: str, project: str, version: str, decision: str, *, two: bool = False
) -> tuple[VersionRow, bool]:
    """Lets the active version answer by a decision ("none": by its own threshold); also for the page.

    Args:
        two: whether a second person must ask for it, too.

    Returns:
        The version, and whether it answers by it; if not, it waits for the second person.

    Raises:
        UserError: the version is not the active one, or has no such decision.
    """
    from trainwright.training.whole_decision import whole

    with write(space) as connection:
        with named_in_address():
            found = get_project(connection, project)
            kept = get_version(connection, found, int(version[1:]))
            called = f"{project}@{kept.label}"
            chosen = None if decision == NONE else get_decision(connection, kept.id, decision, name=called)
        check_active(connection, found.id, kept.id, kept.label, decision)
        if chosen is not None:
            whole(chosen, called)
        agreed = not two or second_of_two(connection, found, kept, chosen, who)
        if agreed:
            use_decision(connection, found.id, kept.id, kept.label, chosen, who=who)
        return version_of(connection, found, kept.number), agreed
