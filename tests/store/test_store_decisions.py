"""Decisions are numbered beside their version; the one in force follows deployments, there and back."""

from __future__ import annotations

from typing import Any

import pytest

from trainwright.errors import UserError
from trainwright.store.audit import acts
from trainwright.store.decisions import (
    Decision,
    add_decision,
    decision_in_force,
    decisions_of,
    get_decision,
    use_decision,
)
from trainwright.store.deployments import activate, deployments_of, rollback
from trainwright.store.files import publish
from trainwright.store.projects import Project, ensure_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, create_version, get_version
from trainwright.store.workspace import Workspace


@pytest.fixture
def project(workspace: Workspace) -> Project:
    with write(workspace) as connection:
        return ensure_project(connection, "parts")


def _versions(workspace: Workspace, project: Project, count: int) -> list[Version]:
    packages = [
        publish(workspace, "package", lambda folder, n=n: (folder / "manifest.json").write_text(f"package {n}"))
        for n in range(count)
    ]
    with write(workspace) as connection:
        return [create_version(connection, project.id, p, manifest_sha=p.sha) for p in packages]


def _decide(workspace: Workspace, project: Project, version: Version, **document: Any) -> Decision:
    with write(workspace) as connection:
        made = {"goal": "cost", "flags": "--cost fp=1 fn=20", **document}
        return add_decision(connection, version.id, made, project_id=project.id, version_label=version.label)


def _force(workspace: Workspace, version: Version) -> str | None:
    with read(workspace) as connection:
        found = decision_in_force(connection, version.id)
    return None if found is None else found.label


def test_decisions_are_numbered_for_each_version(workspace: Workspace, project: Project) -> None:
    first, second = _versions(workspace, project, 2)
    labels = [_decide(workspace, project, v).label for v in (first, first, second)]
    assert labels == ["d1", "d2", "d1"]
    with read(workspace) as connection:
        assert [d.number for d in decisions_of(connection, first.id)] == [1, 2]
        assert [a.subject for a in acts(connection) if a.action == "decide"] == ["v1 d1", "v1 d2", "v2 d1"]


def test_a_decision_takes_effect_with_a_deployment_row(workspace: Workspace, project: Project) -> None:
    (version,) = _versions(workspace, project, 1)
    made = _decide(workspace, project, version)
    assert _force(workspace, version) is None
    with write(workspace) as connection:
        use_decision(connection, project.id, version.id, version.label, made)
    assert _force(workspace, version) == "d1"
    with read(workspace) as connection:
        rows = deployments_of(connection, project.id)
        assert [row.decision_id for row in rows] == [None, made.id]
        assert rows[0].ended_at is not None and rows[1].ended_at is None
        assert acts(connection)[-1].subject == "v1 d1"
    with write(workspace) as connection:
        use_decision(connection, project.id, version.id, version.label, None)
    assert _force(workspace, version) is None


def test_rolling_back_returns_to_the_version_and_its_decision(workspace: Workspace, project: Project) -> None:
    first, second = _versions(workspace, project, 2)
    made = _decide(workspace, project, first)
    with write(workspace) as connection:
        use_decision(connection, project.id, first.id, first.label, made)
        activate(connection, project.id, second.id, second.label)
    assert _force(workspace, first) == "d1" and _force(workspace, second) is None
    with write(workspace) as connection:
        rollback(connection, project)
        assert get_version(connection, project).label == "v1"
    assert _force(workspace, first) == "d1"
    with write(workspace) as connection:
        rollback(connection, project)  # before d1 the version answered by its own threshold
        assert get_version(connection, project).label == "v1"
    assert _force(workspace, first) is None
    with pytest.raises(UserError, match="no earlier"), write(workspace) as connection:
        rollback(connection, project)


def test_a_waiting_version_answers_by_what_its_training_recorded(workspace: Workspace, project: Project) -> None:
    _, second = _versions(workspace, project, 2)
    _decide(workspace, project, second, origin="training")
    _decide(workspace, project, second)
    assert _force(workspace, second) == "d1"


def test_using_a_decision_of_a_version_that_does_not_answer_is_refused(workspace: Workspace, project: Project) -> None:
    _, second = _versions(workspace, project, 2)
    made = _decide(workspace, project, second)
    with pytest.raises(UserError, match="not the active version"), write(workspace) as connection:
        use_decision(connection, project.id, second.id, second.label, made)
    with read(workspace) as connection:
        assert len(deployments_of(connection, project.id)) == 1


def test_a_decision_of_another_version_is_named_with_the_command_that_makes_it_again(
    workspace: Workspace, project: Project
) -> None:
    first, second = _versions(workspace, project, 2)
    _decide(workspace, project, first)
    with read(workspace) as connection:
        with pytest.raises(UserError) as refused:
            get_decision(connection, second.id, "d1", name="parts@v2")
        assert "parts@v1 has one" in str(refused.value)
        assert "trainwright decide parts@v2 --cost fp=1 fn=20" in str(refused.value)
        with pytest.raises(UserError, match="names no decision"):
            get_decision(connection, first.id, "best", name="parts@v1")
        with pytest.raises(UserError, match="it has d1"):
            get_decision(connection, first.id, "d7", name="parts@v1")
