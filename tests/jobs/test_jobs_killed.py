"""A run killed at any moment leaves the workspace sound and is finished from the folds already done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from run_story import (
    check_sound,
    hold_children,
    last_owner,
    now,
    ready,
    resume_here,
    trials,
    wait_for,
    when_marked,
)
from training_runs import new_workspace, rows_of
from work_story import worker

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs import launch, lost, queue
from trainwright.jobs.attempt import execute
from trainwright.jobs.story import story
from trainwright.store.process import is_alive
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by POSIX signals")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The hash of the package that the run makes when nobody disturbs it."""
    workspace = new_workspace(tmp_path_factory.mktemp("uninterrupted"))
    result = execute(workspace, ready(workspace, data__test_size=0.15).id, 1, time.time())
    return str(result["package"]["sha256"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def check_finished(workspace: Workspace, result: dict[str, Any], before: dict[Any, Any], expected: str) -> None:
    """The run is completed, kept what was done, and gives what it would have given undisturbed."""
    after = trials(workspace, result["run"])
    assert {key: after[key] for key in before} == before
    assert {row[0] for key, row in after.items() if key not in before} <= {2}
    assert len(after) == 9
    assert result["package"]["sha256"] == expected
    assert result["version"] == "v1"
    assert rows_of(workspace, "select number, state from version") == [(1, "kept")]
    assert rows_of(workspace, "select k, manifest_sha from test_opening") == [(1, expected)]
    assert now(workspace, result["run"]).state == "completed"
    check_sound(workspace)


@pytest.mark.usefixtures("sealed_here")
@pytest.mark.parametrize(
    ("moment", "folds"),
    [
        ("start", 0),
        ("a fold is committed", 5),
        pytest.param("between files and row", 4, marks=pytest.mark.slow),
        pytest.param("inside the package", 9, marks=pytest.mark.slow),
        ("after the sealed test", 9),
        ("before the commit", 9),
    ],
)
def test_a_killed_child_is_reported_and_its_run_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: str, moment: str, folds: int
) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace, data__test_size=0.15)
    marker = tmp_path / "reached"
    with monkeypatch.context() as held:
        hold_children(held, moment, marker)
        when_marked(marker, kill)
        with pytest.raises(EnvironmentProblem, match=r"signal 9.*no kill for want of memory") as caught:
            launch.follow(workspace, run, time.time())
    assert f"runs resume {run.id}" in str(caught.value)
    failed = now(workspace, run.id)
    assert failed.state == "failed" and (failed.error or {})["cause"] == "killed"
    assert rows_of(workspace, "select * from version") == []
    check_sound(workspace)
    before = trials(workspace, run.id)
    assert len(before) == folds
    check_finished(workspace, resume_here(workspace, run.id), before, uninterrupted)


def test_a_worker_goes_on_with_a_killed_training_to_the_same_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: str
) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace, data__test_size=0.15)
    with write(workspace) as connection:
        queue.place(connection, run.id)
    marker = tmp_path / "reached"
    hold_children(monkeypatch, "a fold is committed", marker)
    monkeypatch.setattr(lost, "BACKOFF", (0.0,))
    when_marked(marker, kill)
    assert worker(workspace, bodies={"train": "held_attempt"}).run(once=True) == 2
    result = now(workspace, run.id).result or {}
    first = {key: row for key, row in trials(workspace, run.id).items() if row[0] == 1}
    assert len(first) == 5
    check_finished(workspace, result, first, uninterrupted)
    assert rows_of(workspace, "select number, outcome from attempt order by number") == [(1, "lost"), (2, "completed")]


PARENT = """
import sys
import time
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from pytest import MonkeyPatch
from run_story import hold_children, now
from trainwright.jobs import launch
from trainwright.store.workspace import open_workspace
hold_children(MonkeyPatch(), "a fold is committed", Path(sys.argv[4]))
workspace = open_workspace(Path(sys.argv[3]))
launch.follow(workspace, now(workspace, int(sys.argv[5])), time.time())
"""


def test_a_child_ends_with_its_parent_and_another_process_goes_on(tmp_path: Path, uninterrupted: str) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace, data__test_size=0.15)
    marker = tmp_path / "reached"
    here = Path(__file__).parent
    folders = [str(here), str(here.parent / "training")]
    arguments = [sys.executable, "-c", PARENT, *folders, str(workspace.path), str(marker), str(run.id)]
    with subprocess.Popen(arguments) as parent:
        wait_for(marker.exists, "the child's moment")
        child = last_owner(workspace, run.id)
        with pytest.raises(UserError, match="still works"):
            launch.resume(workspace, run.id)
        parent.kill()
    wait_for(lambda: is_alive(child) is False, "the end of the orphan")
    assert now(workspace, run.id).state == "training"
    check_sound(workspace)
    before = trials(workspace, run.id)
    assert len(before) == 5
    result = launch.resume(workspace, run.id)
    check_finished(workspace, result, before, uninterrupted)
    attempts = rows_of(workspace, "select number, outcome from attempt order by number")
    assert attempts == [(1, "lost"), (2, "completed")]
    with read(workspace) as connection:
        assert story(connection, run.id)["attempts"][0]["message"] == f"the process {child} is gone, and wrote no end"
    assert last_owner(workspace, run.id).pid not in (child.pid, os.getpid())
    with pytest.raises(UserError, match="is completed"):
        launch.resume(workspace, run.id)
