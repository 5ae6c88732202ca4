"""By which decision a version answers, ready to be applied; imports nothing that trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from trainwright.evaluate.deciding.policy import Policy
from trainwright.packages.number_intervals import WIDTH, ReviewWidth
from trainwright.store.decisions import (
    NONE,
    TRAINING,
    Decision,
    add_decision,
    decision_in_force,
    decisions_of,
    get_decision,
)
from trainwright.store.deployments import activate, active_deployment
from trainwright.store.projects import Project
from trainwright.store.transaction import read
from trainwright.store.two_people import two_must_agree
from trainwright.store.versions import Version, list_versions
from trainwright.store.workspace import Workspace
from trainwright.training.whole_decision import damage, whole


def policy_for(
    workspace: Workspace, project: Project, version: Version, label: str | None
) -> tuple[Policy | ReviewWidth | None, str | None]:
    """How a version decides: its policy (for a number the width for review) and the decision's label; (None, None) for
    its own threshold. Arguments and errors are those of `decision_for`."""
    found = decision_for(workspace, project, version, label)
    return (None, None) if found is None else (policy_of(found), found.label)


def decision_for(workspace: Workspace, project: Project, version: Version, label: str | None) -> Decision | None:
    """The decision by which a version answers; None for its own threshold.

    Args:
        workspace, project, version: which.
        label: "d1" for a certain decision, "none" for the version's own threshold, None for the one in force.

    Raises:
        UserError: the version has no such decision.
        EnvironmentProblem: somebody changed the decision in the database by hand.
    """
    called = f"{project.name}@{version.label}"
    if label == NONE:
        return None
    with read(workspace) as connection:
        if label is None:
            found = decision_in_force(connection, version.id)
        else:
            found = get_decision(connection, version.id, label, name=called)
    return None if found is None else whole(found, called)


def policy_of(decision: Decision) -> Policy | ReviewWidth:
    """What a decision does to a row; for a number the width from which a person looks."""
    kept = decision.document["policy"]
    return ReviewWidth.parse(kept["width"]) if kept.get("kind") == WIDTH else Policy.from_json(kept)


def decided_elsewhere(workspace: Workspace, project_id: int) -> dict[str, Any] | None:
    """The decision by which a project's active version answers: it does not hold for a new version, which is said."""
    with read(workspace) as connection:
        active = active_deployment(connection, project_id)
        current = None if active is None else decision_in_force(connection, active.version_id)
        if active is None or current is None:
            return None
        labels = {v.id: v.label for v in list_versions(connection, project_id, deleted=True)}
    return {
        "label": current.label,
        "version": labels[active.version_id],
        "flags": str(current.document.get("flags") or ""),
    }


def in_short(decision: Decision, current: Decision | None) -> dict[str, Any]:
    """A decision as lists show it."""
    import time

    from trainwright.evaluate.deciding.answer import answer

    why = damage(decision)
    return {
        "label": decision.label,
        "flags": decision.document.get("flags"),
        "answer": answer(decision.document) if why is None else f"damaged: {why}",
        "text": decision.document.get("text") if why is None else f"damaged: {why}",
        "used": decision == current,
        "origin": decision.document.get("origin"),
        "who": decision.who,
        "date": time.strftime("%Y-%m-%d %H:%M", time.localtime(decision.created)),
    }


def decisions_in_short(workspace: Workspace, version: Version) -> list[dict[str, Any]]:
    """The decisions of a version, oldest first, the one in force marked."""
    with read(workspace) as connection:
        current = decision_in_force(connection, version.id)
        return [in_short(decision, current) for decision in decisions_of(connection, version.id)]


def record_decision(connection: Connection, project_id: int, version: Version, document: Mapping[str, Any]) -> None:
    """Keeps the decision that a training's settings asked for as d1 of its version, in the transaction that makes it.

    The first version of a project answers by it at once, unless two people must agree. A later attempt of the same run
    adds none.

    Args:
        connection: a write transaction.
        project_id, version: whose.
        document: of the decision.
    """
    if decisions_of(connection, version.id):
        return
    document = {**document, "origin": TRAINING}
    made = add_decision(connection, version.id, document, project_id=project_id, version_label=version.label)
    if active_deployment(connection, project_id) is None and not two_must_agree(connection):
        label = f"{version.label} {made.label}"
        reason = "first version of the project"
        activate(connection, project_id, version.id, label, reason=reason, decision_id=made.id)


def shown_decision(found: Mapping[str, Any] | None, project: str, version: str | None) -> dict[str, Any] | None:
    """The decision of a training as its result document has it: with its number, or why there is none.

    Args:
        found: the decision, {"skipped": why, "flags"}, {"elsewhere": that of the active version}, or None.
        project, version: the names; no version for a rehearsal.

    Example:
        >>> found = {"elsewhere": {"label": "d1", "version": "v1", "flags": "--beta 2"}}
        >>> shown_decision(found, "parts", "v2")["command"]
        'trainwright decide parts@v2 --beta 2'
    """
    if found is None:
        return None
    name = f"{project}@{version}" if version else project
    if "elsewhere" in found:
        other = found["elsewhere"]
        if version is None:
            return None
        words = f"{other['label']} was made for {project}@{other['version']} and does not hold for {name}"
        return {"skipped": words, "command": f"trainwright decide {name} {other['flags']}".rstrip()}
    if "skipped" in found:
        return {**found, "command": f"trainwright decide {name}"}
    return {**found, "label": "d1" if version else None, "version": name, "origin": TRAINING}
