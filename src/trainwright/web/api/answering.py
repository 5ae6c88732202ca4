"""What answers: what is known before a version does, and what answered from when until when."""

from __future__ import annotations

from pydantic import BaseModel, Field

from trainwright.store.projects import get_project
from trainwright.store.transaction import read
from trainwright.store.versions import get_version
from trainwright.web.api.nouns import After, Limit, Page, ProjectName, VersionLabel, noun, page_of
from trainwright.web.approval import Asked, waiting
from trainwright.web.requests import Space, Web, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.activation import Check, activation_of
from trainwright.web.views.deployments import DeploymentRow, deployments_before

router = noun("versions")


class BeforeActivation(BaseModel):
    """What is known before a version answers."""

    checks: list[Check] = Field(description="In the order in which they matter.")
    replaces: str | None = Field(description="The version that answers now, such as v1.")
    decision: str | None = Field(description="By which it will answer unless another one is named; null for its own.")
    expected: str = Field(
        description="To be sent with the activation, which is refused if another one answers by then."
    )
    two_people: bool = Field(description="Whether a second person must activate it, too.")
    waits: Asked | None = Field(description="What somebody asked for that waits for a second person.")


@router.get("/projects/{project}/versions/{version}/activation", operation_id="check_activation")
@least(Role.VIEWER)
def activation(space: Space, web: Web, project: ProjectName, version: VersionLabel) -> BeforeActivation:
    """What should be known before a version answers: tested, requirements, threshold, findings, what it replaces."""
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        known = activation_of(connection, found, get_version(connection, found, int(version[1:])))
        waits = waiting(connection, found) if web.second_approver else None
    return BeforeActivation(
        checks=known.checks,
        replaces=None if known.replaces is None else known.replaces.version,
        decision=known.decision,
        expected=known.expected,
        two_people=web.second_approver,
        waits=waits,
    )


@router.get("/projects/{project}/deployments", operation_id="list_deployments")
@least(Role.VIEWER)
def deployments(space: Space, project: ProjectName, limit: Limit = 50, after: After = None) -> Page[DeploymentRow]:
    """What answered when, by which decision, and who made it so; the newest first."""
    with named_in_address(), read(space) as connection:
        found = get_project(connection, project)
        return page_of(deployments_before(connection, found, before=after, limit=limit + 1), limit)
