"""`trainwright schedule`: trains a project again at the moments of a cron line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from trainwright.jobs.schedule import Schedule


@click.group(help="Train a project again at the moments of a cron line. A worker must be at work: it makes the jobs.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command(
    help="Train PROJECT again at the moments of a cron line, with the settings of its newest training.",
    epilog='Example: trainwright schedule add parts --cron "0 3 * * 1" (every Monday at 3:00)',
)
@click.argument("project")
@click.option("--cron", required=True, metavar="LINE", help="Minute, hour, day of month, month, day of week.")
@click.option("--incremental", is_flag=True, help="Learn on from the active version instead of training in full.")
@click.option("--file", "source", metavar="TABLE", help="Read this file each time; by default the one used last.")
@click.option("--zone", metavar="NAME", help="The time zone, such as Europe/Zurich; by default this machine's.")
@workspace_option
@json_option
def add(
    project: str,
    cron: str,
    incremental: bool,
    source: str | None,
    zone: str | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Adds a schedule."""
    from trainwright.jobs.schedule import add_schedule
    from trainwright.store.transaction import write
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    with write(space) as connection:
        made = add_schedule(connection, project, cron, incremental=incremental, source=source, zone=zone)
    if as_json:
        output.print_json(_document(made, project))
    else:
        output.say(f"schedule {made.id}: project {project}, next at {_at(made.next_at, made.zone)}")


@COMMAND.command("list", help="The schedules of a project, or of all.")
@click.argument("project", required=False)
@workspace_option
@json_option
def list_all(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Lists schedules."""
    from trainwright.jobs.schedule import list_schedules
    from trainwright.store.projects import get_project, project_of
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        found = list_schedules(connection, get_project(connection, project).id if project else None)
        documents = [_document(one, project_of(connection, one.project_id).name) for one in found]
    if as_json:
        output.print_json(documents)
        return
    output.table(
        ["schedule", "project", "cron", "zone", "kind", "next", "last", "file"],
        [
            [d["schedule"], d["project"], d["cron"], d["zone"], d["kind"]]
            + [_at(d["next_at"], d["zone"]), _at(d["last_at"], d["zone"]), d["file"]]
            for d in documents
        ],
    )


@COMMAND.command(help="End schedules, by number, or all those of a PROJECT; the runs they made stay.")
@click.argument("schedules", metavar="SCHEDULE|PROJECT...", nargs=-1, required=True)
@workspace_option
@json_option
def remove(schedules: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Removes schedules."""
    from trainwright.jobs.schedule import remove_schedule
    from trainwright.store.projects import project_of
    from trainwright.store.transaction import write
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    with write(space) as connection:
        numbers = [number for named in schedules for number in _numbers(connection, named)]
        removed = [remove_schedule(connection, one) for one in dict.fromkeys(numbers)]
        documents = [_document(one, project_of(connection, one.project_id).name) for one in removed]
    if as_json:
        output.print_json(documents)
        return
    for one in documents:
        output.say(f"schedule {one['schedule']} of project {one['project']} is removed")


def _numbers(connection: Connection, named: str) -> list[int]:
    """The schedule of a number, or all those of a project."""
    from trainwright.errors import UserError
    from trainwright.jobs.schedule import list_schedules
    from trainwright.store.projects import get_project

    if named.isdecimal() and len(named) < 10:
        return [int(named)]
    found = [one.id for one in list_schedules(connection, get_project(connection, named).id)]
    if not found:
        raise UserError(f"project {named!r} has no schedule", remedy="see `trainwright schedule list`")
    return found


def _document(one: Schedule, project: str) -> dict[str, Any]:
    from trainwright.jobs.schedule import source_name

    return {
        "schedule": one.id,
        "project": project,
        "cron": one.cron,
        "zone": one.zone,
        "kind": one.kind,
        "file": source_name(one.source),
        "enabled": one.enabled,
        "next_at": one.next_at,
        "last_at": one.last_at,
    }


def _at(moment: float | None, zone: str) -> str | None:
    """A moment as the schedule's time zone writes it."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return None if moment is None else datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
