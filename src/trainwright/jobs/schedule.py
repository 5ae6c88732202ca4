"""Trainings at the moments of a cron line: each moment makes one job, also when workers die or several look at once.

A moment is due once `next_at` has passed. Its job is made, under a key that names schedule and moment, in the
transaction that moves `next_at` on: both happen or neither. Moments that passed while no worker was there make one job
together, since their trainings would see the same data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.errors import TrainwrightError, UserError
from trainwright.jobs.cron import local_zone, next_moment, passed
from trainwright.jobs.queue import place
from trainwright.jobs.unprepared import submit
from trainwright.store import tables
from trainwright.store.audit import current_user, record_act
from trainwright.store.clock import now
from trainwright.store.datasets import get_dataset_version
from trainwright.store.events import add_event
from trainwright.store.projects import get_project, project_of
from trainwright.store.rows import insert_row
from trainwright.store.runs import list_runs
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace


@dataclass(frozen=True)
class Schedule:
    """When a project is trained again.

    Args:
        id: the row, and the number that users see.
        project_id: the project.
        cron: five fields: minute, hour, day of the month, month, day of the week.
        zone: the time zone they are read in, an IANA name.
        kind: "full" or "incremental".
        settings: {"settings": ..., "origins": ...} of the runs it makes.
        source: the file that is read each time.
        enabled: False once it was removed.
        next_at, last_at, created: seconds since 1970.
        who: made it.
    """

    id: int
    project_id: int
    cron: str
    zone: str
    kind: str
    settings: dict[str, Any] | None
    source: str | None
    enabled: bool
    next_at: float | None
    last_at: float | None
    created: float
    who: str


def add_schedule(
    connection: Connection,
    project: str,
    cron: str,
    *,
    incremental: bool = False,
    source: str | Path | None = None,
    zone: str | None = None,
    who: str | None = None,
) -> Schedule:
    """Trains a project again at the moments of a cron line, with the settings of its newest training.

    Args:
        connection: a write transaction.
        project: its name.
        cron: five fields: minute, hour, day of the month, month, day of the week.
        incremental: learn on from the active version instead of training in full.
        source: the file that is read each time; the one of the newest dataset version when not given.
        zone: an IANA name; the machine's own when not given.
        who: makes it; the user of this process when not given.

    Raises:
        UserError: no such project, nothing trained yet, no file to read, or a wrong cron line.
    """
    found = get_project(connection, project)
    zone = zone or local_zone()
    next_at = next_moment(cron, zone, now(connection))
    last = next((run for run in list_runs(connection, found.id) if run.dataset_version_id is not None), None)
    if last is None or last.dataset_version_id is None:
        raise UserError(
            f"nothing was trained in project {project!r} yet", remedy="train it once, the schedule takes its settings"
        )
    path = source or get_dataset_version(connection, last.dataset_version_id).source
    if path is None or not Path(path).expanduser().exists():
        raise UserError(
            f"a schedule reads a file each time, and {source_name(path and str(path)) or 'the newest table'} is none",
            remedy="name one with --file",
        )
    path = str(Path(path).expanduser().absolute())
    if incremental:
        wanted = {"project": found.name, "training.incremental": True, "data.train_file": path}
        settings = load_settings(None, overrides=wanted, flags=False)
    else:
        document = {**(last.settings or {}), "project": found.name}
        document["data"] = {**(document.get("data") or {}), "train_file": path, "version": None}
        own = ("incremental", "base", "replay")  # of learning on, which this is not
        document["training"] = {k: v for k, v in (document.get("training") or {}).items() if k not in own}
        dropped = ("data.version", *(f"training.{key}" for key in own))
        origins = {key: origin for key, origin in (last.origins or {}).items() if key not in dropped}
        settings = Settings.from_json(document, {**origins, "data.train_file": "the schedule"})
    schedule_id = insert_row(
        connection,
        tables.schedule,
        project_id=found.id,
        cron=cron,
        zone=zone,
        kind="incremental" if incremental else "full",
        settings={"settings": settings.to_json(), "origins": settings.origins},
        source=path,
        enabled=True,
        next_at=next_at,
        created=now(connection),
        who=who or current_user(),
    )
    record_act(connection, "schedule", f"schedule {schedule_id}", project_id=found.id, who=who, details={"cron": cron})
    return get_schedule(connection, schedule_id)


def source_name(source: str | None) -> str | None:
    """The file that a schedule reads, as people call it: an upload by its own name, not by where it is kept.

    Example:
        >>> source_name("/data/parts.csv"), source_name(f"/ws/artifacts/upload/{'0' * 64}/parts.csv")
        ('/data/parts.csv', 'parts.csv (uploaded)')
    """
    found = re.search(r"[/\\]upload[/\\][0-9a-f]{64}[/\\]([^/\\]+)$", source or "")
    return source if found is None else f"{found[1]} (uploaded)"


def get_schedule(connection: Connection, schedule_id: int) -> Schedule:
    """The schedule with this number.

    Raises:
        UserError: there is none.
    """
    row = connection.execute(select(tables.schedule).where(tables.schedule.c.id == schedule_id)).first()
    if row is None:
        raise UserError(f"there is no schedule {schedule_id}", remedy="see `trainwright schedule list`")
    return Schedule(**row._mapping)


def list_schedules(
    connection: Connection,
    project_id: int | None = None,
    *,
    removed: bool = False,
    after: int | None = None,
    limit: int | None = None,
) -> list[Schedule]:
    """The schedules of a project or of all, oldest first; those that were removed only if asked for.

    Args:
        connection: to read with.
        project_id: of this project alone.
        removed: those that were removed, too.
        after: with a higher number alone.
        limit: so many; all when not given.
    """
    table = tables.schedule
    query = select(table).order_by(table.c.id).limit(limit)
    if after is not None:
        query = query.where(table.c.id > after)
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    if not removed:
        query = query.where(table.c.enabled.is_(True))
    return [Schedule(**row._mapping) for row in connection.execute(query)]


def remove_schedule(connection: Connection, schedule_id: int, *, who: str | None = None) -> Schedule:
    """Ends a schedule; its row stays, and so do the runs it made.

    Raises:
        UserError: there is none, or it was removed before.
    """
    found = get_schedule(connection, schedule_id)
    if not found.enabled:
        raise UserError(f"schedule {schedule_id} was removed before", remedy="see `trainwright schedule list`")
    table = tables.schedule
    connection.execute(table.update().where(table.c.id == schedule_id).values(enabled=False, next_at=None))
    record_act(connection, "unschedule", f"schedule {schedule_id}", project_id=found.project_id, who=who)
    return get_schedule(connection, schedule_id)


def due(workspace: Workspace) -> list[int]:
    """Makes the jobs whose moment has come, each exactly once, and returns their runs."""
    table, made = tables.schedule, []
    with write(workspace) as connection:
        at = now(connection)
        passed = table.c.enabled.is_(True) & (table.c.next_at <= at)
        rows = connection.execute(select(table).where(passed).order_by(table.c.id).with_for_update()).all()
        for row in rows:
            made.append(_fire(connection, Schedule(**row._mapping), at))
    return [run_id for run_id in made if run_id is not None]


def _fire(connection: Connection, schedule: Schedule, at: float) -> int | None:
    """Makes the job of a schedule's latest moment and moves it on to its next; None where that cannot be any more."""
    table = tables.schedule
    this = table.c.id == schedule.id
    assert schedule.next_at is not None
    try:
        next_at = next_moment(schedule.cron, schedule.zone, at)
        moment, count = passed(schedule.cron, schedule.zone, schedule.next_at, at)
        document = schedule.settings or {}
        run = submit(connection, Settings.from_json(document.get("settings") or {}, document.get("origins") or {}))
    except (TrainwrightError, ValueError) as error:
        # Changed by hand, or of another release: it must not keep the others from their moments.
        connection.execute(table.update().where(this).values(enabled=False, next_at=None))
        details = {"why": str(error)[:2000]}
        subject = f"schedule {schedule.id}"
        record_act(
            connection, "unschedule", subject, project_id=schedule.project_id, who="trainwright", details=details
        )
        return None
    place(connection, run.id, key=f"schedule {schedule.id} {moment:.0f}")
    when = datetime.fromtimestamp(moment, ZoneInfo(schedule.zone)).strftime("%Y-%m-%d %H:%M")
    missed = f"; {count - 1} before it passed while no worker was there" if count > 1 else ""
    words = f"schedule {schedule.id} of project {project_of(connection, schedule.project_id).name}: {when}{missed}"
    add_event(connection, run.id, run.attempt, "schedule", message=words)
    connection.execute(table.update().where(this).values(next_at=next_at, last_at=moment))
    return run.id
