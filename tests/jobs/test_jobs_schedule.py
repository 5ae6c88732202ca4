"""Schedules: each moment makes one job, whoever looks and however often, in winter and in summer time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from trainwright.config.settings import Settings
from trainwright.errors import UserError
from trainwright.jobs import queue, schedule
from trainwright.jobs.cron import next_moment
from trainwright.jobs.queue import Slots
from trainwright.jobs.schedule import add_schedule, list_schedules, remove_schedule
from trainwright.jobs.unprepared import WAITS, submit
from trainwright.store import tables
from trainwright.store.audit import acts
from trainwright.store.clock import now
from trainwright.store.datasets import add_dataset_version, add_split
from trainwright.store.events import events_after
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

ZURICH = ZoneInfo("Europe/Zurich")


@pytest.fixture
def workspace(workspace_place: str) -> Iterator[Workspace]:
    workspace = open_workspace(workspace_place)
    yield workspace
    workspace.engine.dispose()


@pytest.fixture
def table(workspace: Workspace, tmp_path: Path) -> Path:
    """The file of a project that was trained once."""
    path = tmp_path / "parts.csv"
    path.write_text("a,y\n1,0\n2,1\n")
    with write(workspace) as connection:
        project = ensure_project(connection, "parts", target="y")
        data = add_dataset_version(
            connection, project.id, sha="1", name="parts", source=str(path), rows=2, columns=2, schema=[], target={}
        )
        row = add_split(connection, project.id, data.id, rule={}, summary={}, artifacts={})
        settings = Settings.model_validate({"project": "parts", "training": {"time_limit": 7.0}})
        create_run(
            connection,
            project.id,
            name="first",
            settings=settings.to_json(),
            origins={"training.time_limit": "--time-limit"},
            dataset_version_id=data.id,
            split_id=row.id,
        )
    return path


def late(workspace: Workspace, seconds: float) -> None:
    """Lets the next moment of every schedule have passed."""
    with write(workspace) as connection:
        connection.execute(tables.schedule.update().values(next_at=now(connection) - seconds))


def test_a_moment_makes_one_job_with_the_settings_of_the_newest_training(workspace: Workspace, table: Path) -> None:
    with write(workspace) as connection:
        made = add_schedule(connection, "parts", "0 3 * * 1", zone="UTC", who="ann")
        assert made.next_at is not None and made.next_at > now(connection) and made.source == str(table)
    assert schedule.due(workspace) == []
    late(workspace, 1.0)
    (run_id,) = schedule.due(workspace)
    assert schedule.due(workspace) == []
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        (after,) = list_schedules(connection)
        assert after.next_at == made.next_at and after.last_at is not None
        assert [(act.action, act.who) for act in acts(connection)] == [("schedule", "ann")]
    settings = Settings.from_json(run.settings or {})
    assert (settings.training.time_limit, settings.data.train_file) == (7.0, str(table))
    assert run.kind == "full" and run.record == {WAITS: True} and run.key == f"schedule {made.id} {after.last_at:.0f}"
    assert queue.claim(workspace, "w1", Slots()) == queue.Claim(run_id, 1)


def test_moments_that_passed_while_nobody_was_there_make_one_job(workspace: Workspace, table: Path) -> None:
    with write(workspace) as connection:
        add_schedule(connection, "parts", "0 * * * *", zone="UTC", incremental=True)
        start = next_moment("0 * * * *", "UTC", now(connection) - 5 * 3600)
        connection.execute(tables.schedule.update().values(next_at=start))
    (run_id,) = schedule.due(workspace)
    with read(workspace) as connection:
        run, (one,) = get_run(connection, run_id), list_schedules(connection)
        told = [event.message for event in events_after(connection, run_id) if event.kind == "schedule"]
        assert one.last_at == start + 4 * 3600 and one.next_at is not None and one.next_at > now(connection)
    assert "4 before it passed" in str(told[0]) and run.kind == "incremental"


def test_many_who_look_at_once_make_one_job(workspace: Workspace, table: Path) -> None:
    with write(workspace) as connection:
        for _ in range(2):
            add_schedule(connection, "parts", "0 3 * * *", zone="UTC")
    late(workspace, 1.0)
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.extend(schedule.due(workspace))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(set(made)) == 2


def test_a_crash_between_the_job_and_the_next_moment_leaves_neither(
    workspace: Workspace, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write(workspace) as connection:
        add_schedule(connection, "parts", "0 3 * * *", zone="UTC")
    late(workspace, 1.0)
    real = schedule.add_event

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(schedule, "add_event", crash)
    with pytest.raises(KeyboardInterrupt):
        schedule.due(workspace)
    monkeypatch.setattr(schedule, "add_event", real)
    assert queue.claim(workspace, "w1", Slots()) is None
    assert len(schedule.due(workspace)) == 1


def test_a_removed_schedule_makes_no_more_jobs(workspace: Workspace, table: Path) -> None:
    with write(workspace) as connection:
        made = add_schedule(connection, "parts", "0 3 * * *", zone="UTC")
    late(workspace, 1.0)
    with write(workspace) as connection:
        assert not remove_schedule(connection, made.id).enabled
        with pytest.raises(UserError, match="was removed before"):
            remove_schedule(connection, made.id)
        with pytest.raises(UserError, match="there is no schedule 99"):
            remove_schedule(connection, 99)
        assert list_schedules(connection) == [] and len(list_schedules(connection, removed=True)) == 1
    assert schedule.due(workspace) == []


def test_a_schedule_that_was_changed_by_hand_ends_alone(workspace: Workspace, table: Path) -> None:
    with write(workspace) as connection:
        broken = add_schedule(connection, "parts", "0 3 * * *", zone="UTC")
        add_schedule(connection, "parts", "0 4 * * *", zone="UTC")
        this = tables.schedule.c.id == broken.id
        connection.execute(tables.schedule.update().where(this).values(cron="every monday"))
    late(workspace, 1.0)
    assert len(schedule.due(workspace)) == 1
    with read(workspace) as connection:
        assert [one.id for one in list_schedules(connection)] != [broken.id]
        assert "is no cron line" in str(acts(connection)[-1].details)


def test_what_cannot_be_scheduled_is_refused(workspace: Workspace, table: Path) -> None:
    tries = [
        (("pasta", "0 3 * * 1"), "there is no project 'pasta'"),
        (("parts", "0 3 * *"), "4 fields, not 5"),
        (("parts", "0 25 * * *"), "Bad hour"),
        (("parts", "0 0 31 2 *"), "no cron line|no moment"),
    ]
    for (project, cron), words in tries:
        with pytest.raises(UserError, match=words), write(workspace) as connection:
            add_schedule(connection, project, cron)
    with pytest.raises(UserError, match="no time zone 'Mars'"), write(workspace) as connection:
        add_schedule(connection, "parts", "0 3 * * 1", zone="Mars")
    table.unlink()
    with pytest.raises(UserError, match="reads a file each time"), write(workspace) as connection:
        add_schedule(connection, "parts", "0 3 * * 1")
    with write(workspace) as connection:
        ensure_project(connection, "empty")
    with pytest.raises(UserError, match="nothing was trained in project 'empty'"), write(workspace) as connection:
        add_schedule(connection, "empty", "0 3 * * 1")


def test_a_run_without_data_or_project_is_not_submitted(workspace: Workspace) -> None:
    for document, words in (({}, "project is not named"), ({"project": "parts"}, "data is not named")):
        with pytest.raises(UserError, match=words), write(workspace) as connection:
            submit(connection, Settings.model_validate(document))


def moments(cron: str, start: datetime, count: int) -> list[str]:
    at, found = start.timestamp(), []
    for _ in range(count):
        at = next_moment(cron, "Europe/Zurich", at)
        found.append(datetime.fromtimestamp(at, ZURICH).strftime("%d %H:%M%z"))
    return found


def test_a_daily_moment_comes_once_a_day_when_clocks_change() -> None:
    spring = datetime(2026, 3, 28, 12, 0, tzinfo=ZURICH)
    autumn = datetime(2026, 10, 24, 12, 0, tzinfo=ZURICH)
    assert moments("30 2 * * *", spring, 2) == ["29 03:00+0200", "30 02:30+0200"]
    assert moments("30 2 * * *", autumn, 2) == ["25 02:30+0200", "26 02:30+0100"]
