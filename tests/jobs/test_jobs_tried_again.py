"""A training that a worker has and that ends with an error: what may be gone later is tried again, a mistake is not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_story import wait_for
from work_story import SEARCHED, at_work, queued, run_of, worker

from trainwright import machine
from trainwright.jobs import launch, lost, queue
from trainwright.jobs.process import spawn
from trainwright.store import tables
from trainwright.store.attempts import Attempt, attempts_of, new_attempt
from trainwright.store.runs import Run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

BODIES = {"train": "failing_body", "effect": "effect_body"}


@pytest.fixture
def workspace(workspace_place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PYTHONPATH", SEARCHED)
    monkeypatch.setattr(lost, "BACKOFF", (0.0, 0.0, 0.0))
    space = open_workspace(workspace_place)
    yield space
    space.engine.dispose()


def executed(workspace: Workspace, run_id: int) -> tuple[Run, list[Attempt]]:
    """The run, and its attempts, once a worker has no more to do."""
    worker(workspace, bodies=BODIES).run(once=True)
    with read(workspace) as connection:
        return run_of(workspace, run_id), attempts_of(connection, run_id)


def fails(monkeypatch: pytest.MonkeyPatch, cause: str, *attempts: int) -> None:
    monkeypatch.setenv("FAILING_WITH", cause)
    monkeypatch.setenv("FAILING", ",".join(map(str, attempts)))


def test_what_failed_for_the_environment_is_tried_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(monkeypatch, "environment", 1)
    run, attempts = executed(workspace, queued(workspace, body="train"))
    assert run.state == "completed" and [one.outcome for one in attempts] == ["lost", "completed"]
    assert (attempts[0].details or {})["message"] == "the disk of the workspace is full"


@pytest.mark.sqlite
def test_an_environment_that_stays_as_it_is_fails_the_fourth_attempt(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(monkeypatch, "environment", 1, 2, 3, 4)
    run, attempts = executed(workspace, queued(workspace, body="train"))
    assert run.state == "failed" and [one.outcome for one in attempts] == ["lost", "lost", "lost", "failed"]
    error = run.error or {}
    assert error["cause"] == "environment" and error["exit_code"] == 3
    assert error["message"].startswith("the disk of the workspace is full; it was lost 4 times; free some space")
    assert f"jobs retry {run.id}" in error["message"]


@pytest.mark.sqlite
def test_a_fault_of_ours_is_tried_again_until_it_repeats_itself(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(monkeypatch, "ours", 1)
    assert executed(workspace, queued(workspace, body="train"))[0].state == "completed"
    fails(monkeypatch, "ours", 1, 2)
    run, attempts = executed(workspace, queued(workspace, body="train"))
    assert run.state == "failed" and [one.outcome for one in attempts] == ["lost", "failed"]
    error = run.error or {}
    assert (error["cause"], error["exit_code"]) == ("ours", 1)
    assert error["message"].startswith("the roof fell in; it happened again in the same way")
    assert "RuntimeError" in error["traceback"]


@pytest.mark.sqlite
def test_a_mistake_is_not_tried_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(monkeypatch, "data", 1)
    run, attempts = executed(workspace, queued(workspace, body="train"))
    assert run.state == "failed" and [one.outcome for one in attempts] == ["failed"]
    assert (run.error or {})["message"] == "there is no column 'y'; name another"


def allow_two_fits(workspace: Workspace, run_id: int) -> None:
    with write(workspace) as connection:
        this = tables.run.c.id == run_id
        connection.execute(tables.run.update().where(this).values(settings={"training": {"jobs": 2}}))


@pytest.mark.sqlite
def test_memory_that_python_could_not_have_is_tried_once_more_with_one_fit(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(monkeypatch, "memory", 1)
    run_id = queued(workspace, body="train")
    allow_two_fits(workspace, run_id)
    run, attempts = executed(workspace, run_id)
    assert run.state == "completed" and [one.outcome for one in attempts] == ["lost", "completed"]
    assert run.settings == {"training": {"jobs": 1}}
    fails(monkeypatch, "memory", 1, 2, 3, 4)
    run_id = queued(workspace, body="train")
    allow_two_fits(workspace, run_id)
    run, attempts = executed(workspace, run_id)
    assert run.state == "failed" and [one.outcome for one in attempts] == ["lost", "failed"]
    message = (run.error or {})["message"]
    assert message.startswith("memory did not suffice: Unable to allocate 64.0 GiB for an array; one fit at a time did")
    assert "use fewer rows (--sample 20%)" in message


@pytest.mark.skipif(os.name == "nt", reason="a process is killed by a POSIX signal")
def test_a_kill_that_the_system_counts_as_want_of_memory_is_tried_once_more_with_one_fit(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: a real child, really killed, while the count of the system rises."""
    counted = tmp_path / "system/proc/vmstat"
    counted.parent.mkdir(parents=True)
    counted.write_text("oom_kill 3\n", encoding="utf-8")
    monkeypatch.setattr("trainwright.jobs.execution.memory_kills", lambda: machine.memory_kills(tmp_path / "system"))
    marker = tmp_path / "reached"
    monkeypatch.setenv("EFFECT_MARKER", str(marker))
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    run_id = queued(workspace)
    allow_two_fits(workspace, run_id)
    with at_work(workspace):
        wait_for(marker.exists, "the body's moment")
        counted.write_text("oom_kill 4\n", encoding="utf-8")
        os.kill(int(marker.read_text(encoding="utf-8")), signal.SIGKILL)
        wait_for(lambda: run_of(workspace, run_id).state == "completed", "the end of the second attempt")
    with read(workspace) as connection:
        first, second = attempts_of(connection, run_id)
    assert (first.details or {})["cause"] == "memory" and second.outcome == "completed"
    run = run_of(workspace, run_id)
    assert run.settings == {"training": {"jobs": 1}} and "memory ran out" in (run.origins or {})["training.jobs"]


@pytest.mark.sqlite
def test_the_command_that_trains_itself_is_told_at_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "spawn", lambda module, *words: spawn("failing_body", *words))
    fails(monkeypatch, "memory", 2)
    run_id = queued(workspace, body="train")
    with write(workspace) as connection:
        queue.cancel(connection, run_id)
        run = new_attempt(connection, run_id, "by hand")
    with pytest.raises(Exception, match=r"memory did not suffice: .*--jobs 1"):
        launch.follow(workspace, run, time.time())
    failed = run_of(workspace, run_id)
    assert failed.state == "failed" and (failed.error or {})["exit_code"] == 3
