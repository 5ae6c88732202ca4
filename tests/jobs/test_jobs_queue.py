"""The queue: what waits is claimed once, in its order; whoever is lost is followed by another, within limits."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs import claiming, queue
from trainwright.jobs import lost as losing
from trainwright.jobs.queue import Claim, Slots
from trainwright.jobs.slots import parse_slots
from trainwright.jobs.waiting import expected_start, position, time_in_states
from trainwright.store import tables
from trainwright.store.attempts import attempts_of, begin_attempt
from trainwright.store.audit import acts
from trainwright.store.clock import now
from trainwright.store.events import events_after
from trainwright.store.fence import SupersededError
from trainwright.store.process import current_owner
from trainwright.store.projects import ensure_project
from trainwright.store.runs import Run, create_run, get_run, list_runs, save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.workspace import DATABASE, Workspace, open_workspace

ROOMY = Slots(cpu=100, gpu=100)
GONE = "nowhere-1-1"  # no process of this machine
DEAD = str(current_owner()).rpartition("-")[0] + "-1"  # this process number, as another process had it


@pytest.fixture
def workspace(workspace_place: str) -> Iterator[Workspace]:
    workspace = open_workspace(workspace_place)
    yield workspace
    workspace.engine.dispose()


def placed(workspace: Workspace, **options: object) -> int:
    with write(workspace) as connection:
        project = ensure_project(connection, "parts")
        run = create_run(connection, project.id, name="a", settings={"training": {}})
        return queue.place(connection, run.id, **options).id  # type: ignore[arg-type]


def claimed(workspace: Workspace, seconds: float = 30.0) -> Claim:
    found = queue.claim(workspace, "w1", ROOMY, seconds=seconds)
    assert found is not None
    return found


def run_of(workspace: Workspace, run_id: int) -> Run:
    with read(workspace) as connection:
        return get_run(connection, run_id)


def ready(workspace: Workspace) -> None:
    """Ends the waiting of every retry."""
    with write(workspace) as connection:
        connection.execute(tables.job.update().values(not_before=None))


def expire(workspace: Workspace, run_id: int) -> None:
    """Lets a lease run out."""
    with write(workspace) as connection:
        past = now(connection) - 1.0
        connection.execute(tables.job.update().where(tables.job.c.run_id == run_id).values(lease_until=past))


def complete(workspace: Workspace, claim: Claim) -> None:
    with write(workspace) as connection:
        for state in ("training", "evaluating", "completed"):
            set_state(connection, claim.run_id, claim.attempt, state, "going on")


def test_higher_priority_first_then_the_one_that_waits_longest(workspace: Workspace) -> None:
    first, second, urgent = placed(workspace), placed(workspace), placed(workspace, priority=5)
    with read(workspace) as connection:
        assert [position(connection, run) for run in (first, second, urgent)] == [2, 3, 1]
    assert [claimed(workspace).run_id for _ in range(3)] == [urgent, first, second]
    assert queue.claim(workspace, "w1", ROOMY) is None
    run = run_of(workspace, urgent)
    assert (run.state, run.owner) == ("initializing", "w1") and run.lease_until and run.started_at
    with read(workspace) as connection:
        assert position(connection, urgent) is None
        assert "taken by the worker w1" in str(events_after(connection, urgent)[-1].message)


def test_a_job_is_claimed_by_one_of_many(workspace: Workspace) -> None:
    runs = {placed(workspace) for _ in range(12)}
    found: list[tuple[str, int]] = []

    def work(name: str) -> None:
        while (claim := queue.claim(workspace, name, ROOMY)) is not None:
            found.append((name, claim.run_id))

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run for _, run in found) == sorted(runs)


def test_a_run_that_its_command_executes_is_never_claimed(workspace: Workspace) -> None:
    with write(workspace) as connection:
        project = ensure_project(connection, "parts")
        create_run(connection, project.id, name="direct", settings={})
    assert queue.claim(workspace, "w1", ROOMY) is None


def test_only_what_fits_the_free_slots_is_claimed(workspace: Workspace) -> None:
    large = placed(workspace, cpu=4, gpu=1, memory_mb=8000, priority=9)
    small = placed(workspace)
    assert queue.claim(workspace, "w1", Slots(cpu=0)) is None
    found = queue.claim(workspace, "w1", Slots(cpu=4, gpu=0))
    assert found is not None and found.run_id == small
    assert queue.claim(workspace, "w1", Slots(cpu=8, gpu=1, memory_mb=4000)) is None
    found = queue.claim(workspace, "w1", Slots(cpu=8, gpu=1, memory_mb=8000))
    assert found == Claim(large, 1, "train", Slots(4, 1, 8000))
    left = Slots(cpu=8, gpu=1, memory_mb=9000).without([found.slots])
    assert left == Slots(4, 0, 1000) and left.holds(Slots(4)) and not left.holds(Slots(1, 1))


def test_a_worker_takes_only_bodies_that_it_knows(workspace: Workspace) -> None:
    placed(workspace, body="simulate")
    assert queue.claim(workspace, "w1", ROOMY, bodies=("train",)) is None
    found = queue.claim(workspace, "w1", ROOMY, bodies=("train", "simulate"))
    assert found is not None and found.body == "simulate"


def test_a_run_waits_for_those_before_it(workspace: Workspace) -> None:
    first = placed(workspace)
    second = placed(workspace, after=[first], priority=9)
    claim = claimed(workspace)
    assert claim.run_id == first and queue.claim(workspace, "w2", ROOMY) is None
    complete(workspace, claim)
    assert claimed(workspace).run_id == second


def test_a_run_whose_predecessor_failed_fails_and_says_so(workspace: Workspace) -> None:
    first = placed(workspace)
    second = placed(workspace, after=[first])
    third = placed(workspace, after=[second])
    with write(workspace) as connection:
        queue.cancel(connection, first)
    for expected in (second, third):
        (reaped,) = queue.reap(workspace)
        assert (reaped.run_id, reaped.state) == (expected, "failed")
    run = run_of(workspace, second)
    assert run.error and run.error["cause"] == "dependency"
    assert f"run {first}" in run.error["message"] and f"jobs retry {first}" in run.error["message"]


def test_no_run_waits_for_itself_or_for_none(workspace: Workspace) -> None:
    first = placed(workspace)
    second = placed(workspace, after=[first])
    with pytest.raises(UserError, match=r"wait for itself"), write(workspace) as connection:
        queue.place(connection, first, after=[second])
    with pytest.raises(UserError, match="there is no run 99"):
        placed(workspace, after=[99])
    with pytest.raises(UserError, match="cannot take -1 of cpu"):
        placed(workspace, cpu=-1)


def test_a_key_is_placed_once(workspace: Workspace) -> None:
    first = placed(workspace, key="schedule 1 100")
    with pytest.raises(TrainwrightError, match=f"run {first} was submitted as 'schedule 1 100' already"):
        placed(workspace, key="schedule 1 100")
    with read(workspace) as connection:
        assert queue.find_key(connection, "schedule 1 100") == first
        assert queue.find_key(connection, "another") is None


def test_a_sign_of_life_keeps_the_run_and_brings_the_wish_to_stop(workspace: Workspace) -> None:
    placed(workspace)
    claim = claimed(workspace, seconds=0.2)
    assert not queue.renew(workspace, claim, 60.0).cancel
    time.sleep(0.25)
    assert queue.reap(workspace) == []
    with write(workspace) as connection:
        assert queue.cancel(connection, claim.run_id, who="ann").state == "initializing"
    assert queue.renew(workspace, claim).cancel
    with read(workspace) as connection:
        assert [(act.action, act.who) for act in acts(connection)] == [("cancel", "ann")]


def test_whoever_comes_back_too_late_is_refused(workspace: Workspace) -> None:
    run_id = placed(workspace)
    late = claimed(workspace)
    expire(workspace, run_id)
    (reaped,) = queue.reap(workspace)
    assert (reaped.state, reaped.attempt) == ("queued", 1) and "w1 gave no sign of life" in reaped.message
    assert queue.claim(workspace, "w2", ROOMY) is None  # a retry waits a little
    ready(workspace)
    again = claimed(workspace)
    assert again.attempt == 2
    with pytest.raises(SupersededError):
        queue.renew(workspace, late)
    for write_late in (
        lambda c: set_state(c, run_id, 1, "training", "late"),
        lambda c: losing.lost(c, run_id, 1, cause="killed", message="late"),
        lambda c: queue.give_back(c, run_id, 1, "late"),
    ):
        with pytest.raises(SupersededError), write(workspace) as connection:
            write_late(connection)
    assert not queue.renew(workspace, again).cancel


def test_three_lost_attempts_are_tried_again_and_a_fourth_is_not(workspace: Workspace) -> None:
    run_id = placed(workspace)
    waits = []
    for number in range(1, 5):
        ready(workspace)
        assert claimed(workspace).attempt == number
        expire(workspace, run_id)
        (reaped,) = queue.reap(workspace)
        run = run_of(workspace, run_id)
        waits.append(None if run.not_before is None else round(run.not_before - run.queued_at))
    assert waits == [2, 10, 30, None] and (run.state, reaped.state) == ("failed", "failed")
    assert run.error and "it was lost 4 times" in run.error["message"] and "jobs retry" in run.error["message"]
    with read(workspace) as connection:
        assert [a.outcome for a in attempts_of(connection, run_id)] == ["lost", "lost", "lost", "failed"]
    with write(workspace) as connection:
        assert queue.retry(connection, run_id).lost == 0
    assert claimed(workspace).attempt == 5


def test_a_cancelled_run_whose_worker_vanished_is_cancelled(workspace: Workspace) -> None:
    run_id = placed(workspace)
    claimed(workspace)
    with write(workspace) as connection:
        queue.cancel(connection, run_id)
    expire(workspace, run_id)
    assert [reaped.state for reaped in queue.reap(workspace)] == ["cancelled"]


def test_what_is_given_back_is_taken_at_once_and_not_counted(workspace: Workspace) -> None:
    run_id = placed(workspace)
    claim = claimed(workspace)
    with write(workspace) as connection:
        assert queue.give_back(connection, run_id, claim.attempt, "the worker is shut down").lost == 0
    assert claimed(workspace).attempt == 2


@pytest.mark.parametrize("planned", [False, True])
def test_a_run_that_memory_did_not_suffice_for_is_tried_once_with_one_fit(workspace: Workspace, planned: bool) -> None:
    run_id = placed(workspace)
    claim = claimed(workspace)
    plan = {"jobs": 4, "threads": 2, "steps": [], "reasons": []}
    with write(workspace) as connection:
        if planned:
            save_document(connection, run_id, 1, "plan", plan)
        reaped = losing.lost(connection, run_id, 1, cause="memory", message="out of memory", remedy="free some")
    assert reaped.state == "queued" and "one fit at a time" in reaped.message
    run = run_of(workspace, run_id)
    if planned:
        assert run.plan == {**plan, "jobs": 1}
    else:
        assert run.settings == {"training": {"jobs": 1}} and run.origins and "memory" in run.origins["training.jobs"]
    ready(workspace)
    claim = claimed(workspace)
    with write(workspace) as connection:
        losing.lost(connection, run_id, claim.attempt, cause="memory", message="out of memory", remedy="free some")
    run = run_of(workspace, run_id)
    assert run.state == "failed" and run.error and run.error["cause"] == "memory"
    assert "free some" in run.error["message"]


def test_a_mistake_of_the_user_is_not_tried_again(workspace: Workspace) -> None:
    run_id = placed(workspace)
    claimed(workspace)
    with write(workspace) as connection:
        assert losing.lost(connection, run_id, 1, cause="data", message="no such column").state == "failed"


def direct(workspace: Workspace, owner: str, process: str | None = None) -> int:
    with write(workspace) as connection:
        project = ensure_project(connection, "parts")
        run = create_run(connection, project.id, name="direct", settings={})
        connection.execute(tables.job.update().where(tables.job.c.run_id == run.id).values(owner=owner))
        if process is not None:
            begin_attempt(connection, run.id, 1, process)
            set_state(connection, run.id, 1, "initializing", "starting")
        return run.id


def test_a_direct_run_whose_command_is_gone_fails_and_can_be_tried_again(workspace: Workspace) -> None:
    gone = direct(workspace, f"direct {DEAD}", DEAD)
    child = direct(workspace, f"direct {DEAD}", str(current_owner()))
    alive = direct(workspace, f"direct {current_owner()}")
    elsewhere = direct(workspace, f"direct {GONE}", GONE)
    assert [(one.run_id, one.state) for one in queue.reap(workspace)] == [(gone, "failed")]
    run = run_of(workspace, gone)
    assert run.error and "the process vanished" in run.error["message"]
    for other in (child, alive, elsewhere):
        assert run_of(workspace, other).state in ("queued", "initializing")
    expire(workspace, elsewhere)  # it renewed its lease once, and then no more
    assert [one.run_id for one in queue.reap(workspace)] == [elsewhere]
    with write(workspace) as connection:
        assert queue.retry(connection, gone).owner is None
    assert claimed(workspace) == Claim(gone, 2)


def test_cancelling_and_retrying_what_cannot_be_says_why(workspace: Workspace) -> None:
    run_id = placed(workspace)
    claim = claimed(workspace)
    complete(workspace, claim)
    tries: list[tuple[Callable[..., Run], str]] = [
        (queue.cancel, f"run {run_id} is completed already, there is nothing to cancel.*jobs show {run_id}"),
        (queue.retry, f"run {run_id} is completed"),
    ]
    for act, words in tries:
        with pytest.raises(UserError, match=words), write(workspace) as connection:
            act(connection, run_id)
        with pytest.raises(UserError, match="there is no run 99"), write(workspace) as connection:
            act(connection, 99)
    waiting = placed(workspace)
    with pytest.raises(UserError, match=r"is queued.*jobs cancel"), write(workspace) as connection:
        queue.retry(connection, waiting)
    with pytest.raises(UserError, match="is completed, only one that has not begun"), write(workspace) as connection:
        queue.place(connection, run_id)
    assert not queue.renew(workspace, claim).cancel


def test_a_run_that_waits_is_cancelled_at_once(workspace: Workspace) -> None:
    run_id = placed(workspace)
    with write(workspace) as connection:
        assert queue.cancel(connection, run_id, "not needed").state == "cancelled"
    assert queue.claim(workspace, "w1", ROOMY) is None


def test_when_a_run_will_start_follows_from_those_before_it(workspace: Workspace) -> None:
    first = placed(workspace)
    with read(workspace) as connection:
        assert expected_start(connection, first) is None  # no worker, and nothing known
    complete(workspace, claimed(workspace))
    with write(workspace) as connection:
        job = tables.job
        connection.execute(job.update().where(job.c.run_id == first).values(started_at=100.0, finished_at=160.0))
    queue.enter(workspace, "w1", Slots(cpu=1))
    working, second, third = placed(workspace), placed(workspace), placed(workspace)
    claimed(workspace)
    with read(workspace) as connection:
        at = now(connection)
        starts = [expected_start(connection, run) for run in (second, third)]
        assert expected_start(connection, working) is None
    assert starts[0] is not None and starts[1] is not None
    assert 50 < starts[0] - at <= 60 and 55 < starts[1] - starts[0] < 65
    queue.leave(workspace, "w1")
    with read(workspace) as connection:
        assert expected_start(connection, second) is None


def test_time_in_states_adds_up_what_was_entered_twice(workspace: Workspace) -> None:
    run_id = placed(workspace)
    claim = claimed(workspace)
    with write(workspace) as connection:
        queue.give_back(connection, run_id, claim.attempt, "shut down")
    complete(workspace, claimed(workspace))
    with write(workspace) as connection:
        for event in events_after(connection, run_id):
            this = (tables.event.c.run_id == run_id) & (tables.event.c.seq == event.seq)
            connection.execute(tables.event.update().where(this).values(at=10.0 * event.seq))
    with read(workspace) as connection:
        events = events_after(connection, run_id)
        spent = time_in_states(events)
    states = [(event.seq, event.state) for event in events if event.kind == "state"]
    assert [state for _, state in states][:4] == ["queued", "initializing", "queued", "initializing"]
    assert sum(spent.values()) == 10.0 * (states[-1][0] - states[0][0])
    assert list(spent) == ["queued", "initializing", "training", "evaluating"]
    assert spent["queued"] == 30.0 and spent["initializing"] == 20.0


def test_two_workers_cannot_have_one_name(workspace: Workspace) -> None:
    queue.enter(workspace, "box", Slots())
    queue.enter(workspace, "box", Slots(cpu=2))  # the same process, again
    with write(workspace) as connection:
        connection.execute(tables.worker.update().values(process=GONE))
    with pytest.raises(UserError, match="a worker named 'box' is at work"):
        queue.enter(workspace, "box", Slots())
    with write(workspace) as connection:
        connection.execute(tables.worker.update().values(seen_at=now(connection) - 100))
    queue.enter(workspace, "box", Slots())
    with pytest.raises(UserError, match="'my box' cannot name a worker"):
        queue.enter(workspace, "my box", Slots())


def test_a_reader_cannot_claim(workspace: Workspace) -> None:
    placed(workspace)
    with pytest.raises(EnvironmentProblem, match="only be read"):
        queue.claim(open_workspace(workspace.path, read_only=True), "w1", ROOMY)


@pytest.mark.parametrize(
    "text", ["", "cpu", "cpu=0", "cpu=-1", "cpu=1.5", "cpu=2GB", "memory=5X", "cpu=1,cpu=2", "gpu="]
)
def test_slots_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--slots"):
        parse_slots(text)


@pytest.mark.parametrize("act", ["claim", "renew", "place", "cancel"])
def test_a_full_disk_leaves_the_queue_as_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    working, waiting = placed(workspace, priority=1), placed(workspace)
    claim = claimed(workspace)
    lease = run_of(workspace, working).lease_until

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for module, name in ((queue, "add_event"), (queue, "now"), (queue, "ask_cancel"), (claiming, "add_event")):
        monkeypatch.setattr(module, name, full)
    acts_of: dict[str, Callable[[], object]] = {
        "claim": lambda: queue.claim(workspace, "w2", ROOMY),
        "renew": lambda: queue.renew(workspace, claim),
        "place": lambda: placed(workspace),
        "cancel": lambda: cancelled(workspace, waiting),
    }
    with pytest.raises(EnvironmentProblem, match="is full"):
        acts_of[act]()
    monkeypatch.undo()
    with read(workspace) as connection:
        assert [run.state for run in list_runs(connection)] == ["queued", "initializing"] and acts(connection) == []
        assert get_run(connection, working).lease_until == lease
    assert claimed(workspace).run_id == waiting


def cancelled(workspace: Workspace, run_id: int) -> None:
    with write(workspace) as connection:
        queue.cancel(connection, run_id)


@pytest.mark.sqlite
def test_a_database_that_another_program_keeps_locked_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = placed(workspace)
    monkeypatch.setattr("trainwright.store.sqlite.BUSY_SECONDS", 0.05)
    impatient = open_workspace(workspace.path)
    with contextlib.closing(sqlite3.connect(workspace.path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for act in (lambda: queue.claim(impatient, "w1", ROOMY), lambda: queue.reap(impatient)):
            with pytest.raises(EnvironmentProblem, match="kept locked by another process"):
                act()
        other.execute("ROLLBACK")
    assert claimed(impatient).run_id == run_id


@pytest.mark.sqlite
def test_a_lease_that_ran_out_behind_a_locked_database_is_looked_at_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwright.jobs.reap.HELD_UP", 0.1)
    run_id = placed(workspace)
    claimed(workspace)
    expire(workspace, run_id)
    with contextlib.closing(
        sqlite3.connect(workspace.path / DATABASE, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        free = threading.Timer(1.0, lambda: other.execute("ROLLBACK"))
        free.start()
        assert queue.reap(workspace) == []
        free.join()
    assert [one.run_id for one in queue.reap(workspace)] == [run_id]
