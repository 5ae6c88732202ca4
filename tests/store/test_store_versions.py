"""Versions are numbered without gaps, answer one at a time, roll back, and are deleted only when asked and
idle.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainwright.errors import UserError
from trainwright.store.attempts import new_attempt
from trainwright.store.audit import acts
from trainwright.store.deployments import activate, active_deployment, deployments_of, rollback
from trainwright.store.fence import SupersededError
from trainwright.store.files import Published, publish
from trainwright.store.projects import Project, ensure_project
from trainwright.store.runs import create_run
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, create_version, delete_version, get_version, list_versions
from trainwright.store.workspace import Workspace, open_workspace


@pytest.fixture
def project(workspace: Workspace) -> Project:
    with write(workspace) as connection:
        return ensure_project(connection, "adult")


def _package(workspace: Workspace, content: str) -> Published:
    return publish(workspace, "package", lambda folder: (folder / "manifest.json").write_text(content))


def _make(workspace: Workspace, project: Project, count: int) -> list[Version]:
    packages = [_package(workspace, f"package {n}") for n in range(count)]
    with write(workspace) as connection:
        return [create_version(connection, project.id, p, manifest_sha=p.sha) for p in packages]


def _active(workspace: Workspace, project: Project) -> int:
    with read(workspace) as connection:
        return get_version(connection, project).number


def test_the_first_version_answers_at_once_and_later_ones_wait(workspace: Workspace, project: Project) -> None:
    first, second = _make(workspace, project, 2)
    assert (first.label, second.label) == ("v1", "v2")
    assert _active(workspace, project) == 1


def test_numbers_have_no_gaps_when_a_transaction_fails(workspace: Workspace, project: Project) -> None:
    package = _package(workspace, "x")
    with pytest.raises(RuntimeError), write(workspace) as connection:
        create_version(connection, project.id, package, manifest_sha="m")
        raise RuntimeError
    assert [version.number for version in _make(workspace, project, 2)] == [1, 2]


def test_a_run_makes_one_version_of_one_package(workspace: Workspace, project: Project) -> None:
    package = _package(workspace, "x")
    with write(workspace) as connection:
        run = create_run(connection, project.id, name="r", settings={})
        one = create_version(connection, project.id, package, manifest_sha="m", run_id=run.id, attempt=1)
        new_attempt(connection, run.id, "resumed")
        two = create_version(connection, project.id, package, manifest_sha="m", run_id=run.id, attempt=2)
        assert one == two
        with pytest.raises(SupersededError):
            create_version(connection, project.id, package, manifest_sha="n", run_id=run.id, attempt=1)


def test_activating_ends_the_one_before_and_is_on_record(workspace: Workspace, project: Project) -> None:
    _, second = _make(workspace, project, 2)
    with write(workspace) as connection:
        activate(connection, project.id, second.id, "v2", who="ann", reason="better recall")
        activate(connection, project.id, second.id, "v2", who="ann")
        past, present = deployments_of(connection, project.id)
        assert past.ended_at is not None and present.ended_at is None
        assert active_deployment(connection, project.id) == present
        last = acts(connection, project_id=project.id)[-1]
    assert (last.action, last.subject, last.who) == ("activate", "v2", "ann")
    assert last.details == {"reason": "better recall", "before": past.version_id}


def test_rolling_back_goes_the_way_back(workspace: Workspace, project: Project) -> None:
    versions = _make(workspace, project, 3)
    with write(workspace) as connection:
        for version in (versions[1], versions[2]):
            activate(connection, project.id, version.id, version.label)
    for expected in (2, 1):
        with write(workspace) as connection:
            rollback(connection, project)
        assert _active(workspace, project) == expected
    with pytest.raises(UserError, match="no earlier active version"), write(workspace) as connection:
        rollback(connection, project)
    assert _active(workspace, project) == 1


def test_rolling_back_passes_over_what_was_deleted(workspace: Workspace, project: Project) -> None:
    versions = _make(workspace, project, 3)
    with write(workspace) as connection:
        for version in versions:
            activate(connection, project.id, version.id, version.label)
    delete_version(workspace, project, 2)
    with write(workspace) as connection:
        rollback(connection, project)
    assert _active(workspace, project) == 1


def test_deleting_removes_the_package_and_keeps_the_record(workspace: Workspace, project: Project) -> None:
    _, second, _ = _make(workspace, project, 3)
    path = workspace.path / "artifacts" / "package" / second.artifact
    deleted = delete_version(workspace, project, 2, who="ann")
    assert deleted.state == "deleted" and deleted.deleted_at
    assert not path.exists()
    with read(workspace) as connection:
        assert [v.number for v in list_versions(connection, project.id)] == [1, 3]
        assert [v.number for v in list_versions(connection, project.id, deleted=True)] == [1, 2, 3]
        assert acts(connection, project_id=project.id)[-1].action == "delete"
        with pytest.raises(UserError, match="v2 of project 'adult' was deleted"):
            get_version(connection, project, 2)
        with pytest.raises(UserError, match=r"no version v9.*it has: v1, v3"):
            get_version(connection, project, 9)


def test_the_active_version_is_not_deleted(workspace: Workspace, project: Project) -> None:
    (first,) = _make(workspace, project, 1)
    with pytest.raises(UserError, match="v1 of project 'adult' is active"):
        delete_version(workspace, project, 1)
    assert (workspace.path / "artifacts" / "package" / first.artifact).is_dir()


def test_a_package_that_two_versions_share_stays_for_the_other(workspace: Workspace, project: Project) -> None:
    package = _package(workspace, "same")
    with write(workspace) as connection:
        for manifest in "ab":
            create_version(connection, project.id, package, manifest_sha=manifest)
    delete_version(workspace, project, 2)
    assert package.path.is_dir()


def test_without_an_active_version_one_is_told_what_to_do(workspace: Workspace, project: Project) -> None:
    with read(workspace) as connection, pytest.raises(UserError, match="no active version"):
        get_version(connection, project)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([1, 2, 3, "back"]), max_size=8))
def test_there_is_always_exactly_one_active_version(
    tmp_path_factory: pytest.TempPathFactory, steps: list[object]
) -> None:
    path: Path = tmp_path_factory.mktemp("w")
    workspace = open_workspace(path)
    with write(workspace) as connection:
        project = ensure_project(connection, "p")
        versions = {
            n: create_version(connection, project.id, Published("package", f"{n}", path, 1), manifest_sha=f"{n}")
            for n in (1, 2, 3)
        }
    way = [1]  # what a person would note down
    for step in steps:
        with write(workspace) as connection:
            if step == "back":
                try:
                    rollback(connection, project)
                except UserError:
                    assert len(set(way)) == 1
                else:
                    way.pop()
            else:
                version = versions[step]  # type: ignore[index]
                activate(connection, project.id, version.id, version.label)
                way += [version.number] if way[-1] != version.number else []
        assert _active(workspace, project) == way[-1]
        with read(workspace) as connection:
            assert sum(d.ended_at is None for d in deployments_of(connection, project.id)) == 1
    workspace.engine.dispose()
