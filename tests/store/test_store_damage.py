"""Documents that somebody changed by hand in the database are named by their row, and hide nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from trainwright.errors import EnvironmentProblem
from trainwright.store.decisions import TRAINING, add_decision, decision_in_force, decisions_of
from trainwright.store.files import publish
from trainwright.store.projects import Project, ensure_project, list_projects
from trainwright.store.runs import create_run, get_run, list_runs, save_document
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, create_version
from trainwright.store.workspace import DATABASE, Workspace

# PostgreSQL lets nobody write a document that is no JSON.
pytestmark = pytest.mark.sqlite


def by_hand(workspace: Workspace, sql: str, *values: object) -> None:
    """Changes the database as somebody with a database browser would."""
    with contextlib.closing(sqlite3.connect(workspace.path / DATABASE)) as connection, connection:
        connection.execute(sql, values)


@pytest.fixture
def project(workspace: Workspace) -> Project:
    with write(workspace) as connection:
        return ensure_project(connection, "parts")


def note(folder: Path, number: int) -> None:
    (folder / "manifest.json").write_text(str(number))


def a_version(workspace: Workspace, project: Project, number: int) -> Version:
    package = publish(workspace, "package", lambda folder: note(folder, number))
    with write(workspace) as connection:
        return create_version(connection, project.id, package, manifest_sha=package.sha)


@pytest.mark.parametrize("text", ["", "{'a': 1}", '{"steps": [', "no", b"\x80\x81"])
def test_a_document_that_is_no_json_is_named_by_its_row(workspace: Workspace, project: Project, text: object) -> None:
    with write(workspace) as connection:
        runs = [create_run(connection, project.id, name="a", settings={}) for _ in range(2)]
        save_document(connection, runs[1].id, 1, "plan", {"steps": []})
    by_hand(workspace, "update run set plan = ? where id = ?", text, runs[1].id)
    for ask in (lambda c: get_run(c, runs[1].id), lambda c: list_runs(c, project.id)):
        with pytest.raises(EnvironmentProblem) as told, read(workspace) as connection:
            ask(connection)
        assert f"`plan` of row {runs[1].id} in table `run`" in str(told.value)
        assert str(workspace.path / DATABASE) in str(told.value) and "restore" in str(told.value)
    with read(workspace) as connection:
        assert get_run(connection, runs[0].id).plan is None
        assert [one.name for one in list_projects(connection)] == ["parts"]


def test_every_damaged_row_is_counted(workspace: Workspace, project: Project) -> None:
    with write(workspace) as connection:
        runs = [create_run(connection, project.id, name="a", settings={}) for _ in range(5)]
    by_hand(workspace, "update run set settings = 'x'")
    with pytest.raises(EnvironmentProblem, match="and 2 more") as told, write(workspace) as connection:
        get_run(connection, runs[0].id)
    assert f"`settings` of row {runs[0].id} in table `run`" in str(told.value)


def test_a_damaged_decision_hides_no_other_and_is_never_passed_over(workspace: Workspace, project: Project) -> None:
    a_version(workspace, project, 1)
    version = a_version(workspace, project, 2)  # never active
    with write(workspace) as connection:
        for origin in (TRAINING, "decide"):
            document = {"goal": "beta", "flags": "--beta 2", "origin": origin}
            add_decision(connection, version.id, document, project_id=project.id, version_label=version.label)
    for text in ("{", "[]", "7", "null", b"\x80\x81"):
        by_hand(workspace, "update decision set document = ? where number = 1", text)
        with read(workspace) as connection:
            first, second = decisions_of(connection, version.id)
            used = decision_in_force(connection, version.id)
        assert first.damage is not None and first.document == {} and "changed by hand" in first.damage
        assert second.damage is None and second.document["flags"] == "--beta 2"
        assert used == first  # to answer by another threshold in silence would be worse than to refuse


def test_text_that_is_not_utf8_is_no_fault_of_ours(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    with write(workspace) as connection:
        made = create_run(connection, project.id, name="a", settings={})
    by_hand(workspace, "update run set name = cast(x'8081' as text)")
    with pytest.raises(EnvironmentProblem, match="damaged"), read(workspace) as connection:
        get_run(connection, made.id)
