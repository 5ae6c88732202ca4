"""Workers claim, supervise, cancel and give back; whatever is killed, the effect of a job is there exactly once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from effect_body import quick
from run_story import wait_for
from work_story import SEARCHED, SHORT, at_work, events, queued, run_of, stop, worker, worker_process

from trainwright.errors import EnvironmentProblem
from trainwright.jobs import lost, queue
from trainwright.jobs.queue import Slots
from trainwright.jobs.story import story
from trainwright.store import tables
from trainwright.store.attempts import attempts_of
from trainwright.store.process import current_owner
from trainwright.store.runs import DIRECT
from trainwright.store.transaction import read, write
from trainwright.store.workers import find_worker
from trainwright.store.workspace import Workspace, open_workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are stopped and killed by POSIX signals")


@pytest.fixture
def workspace(workspace_place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PYTHONPATH", SEARCHED)
    monkeypatch.setenv("EFFECT_MARKER", str(tmp_path / "reached"))
    monkeypatch.setattr(lost, "BACKOFF", (0.0, 0.0, 0.0))
    space = open_workspace(workspace_place)
    yield space
    space.engine.dispose()


def reached(tmp_path: Path) -> int:
    """The process number of the body that stands still."""
    wait_for((tmp_path / "reached").exists, "the body's moment")
    return int((tmp_path / "reached").read_text(encoding="utf-8"))


def finished(workspace: Workspace, run_id: int, state: str) -> None:
    wait_for(lambda: run_of(workspace, run_id).state == state, f"state {state} of run {run_id}")


def outcomes(workspace: Workspace, run_id: int) -> list[str | None]:
    with read(workspace) as connection:
        return [attempt.outcome for attempt in attempts_of(connection, run_id)]


def ends(workspace: Workspace, run_id: int) -> list[str | None]:
    """What `jobs show` says happened to each attempt."""
    with read(workspace) as connection:
        return [attempt["message"] for attempt in story(connection, run_id)["attempts"]]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_worker_executes_what_waits_by_priority_and_ends_when_nothing_waits(workspace: Workspace) -> None:
    later = [queued(workspace, body="quick") for _ in range(3)]
    first = queued(workspace, body="quick", priority=1)
    other = queued(workspace, body="unheard-of")
    told: list[dict[str, object]] = []
    assert worker(workspace, slots=Slots(cpu=1), tell=told.append).run(once=True) == 4
    assert [event["run"] for event in told if event["kind"] == "claimed"] == [first, *later]
    assert [run_of(workspace, run).state for run in (first, *later)] == ["completed"] * 4
    assert all(len(events(workspace, run, "effect")) == 1 for run in (first, *later))
    assert run_of(workspace, other).state == "queued"
    with read(workspace) as connection:
        row = find_worker(connection, "w")
    assert row is not None and row.stopped_at is not None and row.slots == Slots(cpu=1).to_json()


def test_slots_hold_back_what_does_not_fit(workspace: Workspace, tmp_path: Path) -> None:
    barrier = threading.Barrier(3)
    together: list[int] = []

    def meets(space: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
        together.append(run_id)
        barrier.wait(60)
        quick(space, run_id, attempt, stop)

    small = [queued(workspace, body="meets") for _ in range(3)]
    large = queued(workspace, body="meets", cpu=4)
    gpu = queued(workspace, body="meets", gpu=1)
    with at_work(workspace, slots=Slots(cpu=3), bodies={"meets": meets}):
        for run_id in small:
            finished(workspace, run_id, "completed")
    assert sorted(together) == small
    assert [run_of(workspace, run).state for run in (large, gpu)] == ["queued", "queued"]


def test_a_killed_body_is_tried_again_and_its_words_are_kept(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    run_id = queued(workspace)
    with at_work(workspace):
        os.kill(reached(tmp_path), signal.SIGKILL)
        finished(workspace, run_id, "completed")
    assert outcomes(workspace, run_id) == ["lost", "completed"]
    assert len(events(workspace, run_id, "effect")) == 1
    assert [event.message for event in events(workspace, run_id, "log")] == ["attempt 1 works", "attempt 2 works"]
    assert any("signal 9" in (event.message or "") for event in events(workspace, run_id, "state"))


def test_a_body_that_dies_every_time_fails_with_its_cause_and_can_be_queued_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(space: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
        raise RuntimeError("the roof fell in")

    run_id = queued(workspace, body="dies")
    assert worker(workspace, bodies={"dies": dies}).run(once=True) == 4
    failed = run_of(workspace, run_id)
    assert failed.state == "failed" and (failed.error or {})["cause"] == "crash"
    assert f"jobs retry {run_id}" in (failed.error or {})["message"]
    assert {event.message for event in events(workspace, run_id, "log")} == {"RuntimeError: the roof fell in"}
    with write(workspace) as connection:
        assert queue.retry(connection, run_id).state == "queued"
    assert worker(workspace, bodies={"dies": quick}).run(once=True) == 1
    assert run_of(workspace, run_id).state == "completed"


@pytest.mark.parametrize("ears", ["open", "deaf"])
def test_a_cancelled_job_ends_also_when_it_does_not_listen(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ears: str
) -> None:
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    monkeypatch.setenv("EFFECT_EARS", ears)
    run_id = queued(workspace)
    with at_work(workspace):
        child = reached(tmp_path)
        with write(workspace) as connection:
            queue.cancel(connection, run_id, "not needed any more")
        finished(workspace, run_id, "cancelled")
        wait_for(lambda: gone(child), "the end of the body")
    assert events(workspace, run_id, "effect") == []
    assert outcomes(workspace, run_id) == ["cancelled"]


def test_a_worker_that_is_shut_down_gives_its_job_back_at_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    run_id = queued(workspace)
    with at_work(workspace):
        child = reached(tmp_path)
    assert gone(child)
    left = run_of(workspace, run_id)
    assert (left.state, left.owner, left.attempt, left.lost, left.not_before) == ("queued", None, 2, 0, None)
    assert worker(workspace).run(once=True) == 1
    assert len(events(workspace, run_id, "effect")) == 1
    assert ends(workspace, run_id) == ["the worker w is shut down", None]


def test_the_job_of_a_killed_worker_is_done_by_another(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    run_id = queued(workspace)
    with worker_process(workspace, "first") as first:
        child = reached(tmp_path)
        first.kill()
    wait_for(lambda: gone(child), "the end of the orphan")
    with at_work(workspace):
        finished(workspace, run_id, "completed")
    assert outcomes(workspace, run_id) == ["lost", "completed"]
    assert len(events(workspace, run_id, "effect")) == 1
    lost_one, done = ends(workspace, run_id)
    assert lost_one is not None and "the worker first gave no sign of life since 20" in lost_one
    assert "lease ran out" in lost_one and done is None


def test_a_worker_that_was_asleep_finds_its_job_taken_and_ends_its_child(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    run_id = queued(workspace)
    with worker_process(workspace, "sleeper") as sleeper:
        child = reached(tmp_path)
        os.kill(child, signal.SIGSTOP)
        try:
            stop(workspace, sleeper.pid)
            with at_work(workspace):
                finished(workspace, run_id, "completed")
        finally:
            # Both wake up when the job is done: the child is free to leave its mark.
            (tmp_path / "reached.go").touch()
            os.kill(child, signal.SIGCONT)
            os.kill(sleeper.pid, signal.SIGCONT)
        wait_for(lambda: gone(child), "the end of the child")
    assert len(events(workspace, run_id, "effect")) == 1
    assert outcomes(workspace, run_id) == ["lost", "completed"]


def test_a_worker_that_the_database_held_up_leaves_others_time_for_a_sign_of_life(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwright.jobs.worker.HELD_UP", 1.0)
    run_id = queued(workspace, body="quick")
    assert queue.claim(workspace, "another", Slots(), seconds=0.01, bodies=("quick",)) is not None
    this = worker(workspace)

    def locked() -> None:
        raise EnvironmentProblem("the database was kept locked")

    this._safely(locked)
    time.sleep(0.1)
    this._look_around()
    assert run_of(workspace, run_id).state == "initializing"

    def given_on() -> bool:
        this._look_around()
        return run_of(workspace, run_id).state == "queued"

    wait_for(given_on, "another look at the lease")


def test_a_worker_run_once_does_not_hide_that_an_end_was_not_written(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(space: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
        raise RuntimeError("the roof fell in")

    def full(*_: object) -> None:
        raise EnvironmentProblem("the disk is full")

    run_id = queued(workspace, body="dies")
    with monkeypatch.context() as patch:
        patch.setattr("trainwright.jobs.supervise.write", full)
        with pytest.raises(EnvironmentProblem, match=f"the end of run {run_id} could not be written: the disk is full"):
            worker(workspace, bodies={"dies": dies}).run(once=True)
    assert run_of(workspace, run_id).state == "initializing"
    with monkeypatch.context() as patch:
        patch.setattr(queue, "claim", lambda *_, **__: full())
        with pytest.raises(EnvironmentProblem, match="whether jobs wait could not be told: the disk is full"):
            worker(workspace).run(once=True)
    assert worker(workspace).run(once=True) == 0, "a problem that is over is none"


def test_a_direct_run_whose_command_was_killed_is_failed_by_a_worker(workspace: Workspace) -> None:
    run_id = queued(workspace, body="quick")
    dead = replace(current_owner(), started=1)  # the number is another process's by now
    with write(workspace) as connection:
        this = tables.job.c.run_id == run_id
        connection.execute(tables.job.update().where(this).values(owner=f"{DIRECT} {dead}"))
    assert worker(workspace).run(once=True) == 0
    failed = run_of(workspace, run_id)
    assert failed.state == "failed" and f"runs resume {run_id}" in (failed.error or {})["message"]


def test_time_passes_between_signs_of_life_only_while_the_body_works(workspace: Workspace) -> None:
    """A body that takes longer than its lease keeps it: another worker does not get the job."""

    def slow(space: Workspace, run_id: int, attempt: int, stop: threading.Event) -> None:
        time.sleep(6.0)
        quick(space, run_id, attempt, stop)

    run_id = queued(workspace, body="slow")
    hurried = {"bodies": {"slow": slow}, "pace": SHORT}
    with at_work(workspace, **hurried), at_work(workspace, name="other", **hurried):
        finished(workspace, run_id, "completed")
    assert outcomes(workspace, run_id) == ["completed"]
