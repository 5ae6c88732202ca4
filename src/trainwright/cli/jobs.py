"""`trainwright jobs`: the queue of trainings: list, show, watch, read the log, cancel, try again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

if TYPE_CHECKING:
    from trainwright.jobs.listing import JobRow
    from trainwright.store.events import Event

STATES = ("queued", "initializing", "training", "evaluating", "completed", "failed", "cancelled")


@click.group(help="The queue: trainings that wait, work or have ended. `trainwright train --queue` adds one.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="Jobs, newest first.")
@click.argument("project", required=False)
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@workspace_option
@json_option
def list_all(project: str | None, states: tuple[str, ...], limit: int, workspace: str | None, as_json: bool) -> None:
    """Lists jobs."""
    from dataclasses import asdict

    from trainwright.jobs.listing import list_jobs
    from trainwright.store.clock import now
    from trainwright.store.projects import get_project
    from trainwright.store.transaction import read
    from trainwright.store.workers import list_workers
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        project_id = get_project(connection, project).id if project else None
        jobs = list_jobs(connection, project_id=project_id, states=states, limit=limit)
        at = now(connection)
        working = len(list_workers(connection, live=True))
    if as_json:
        output.print_json([asdict(job) for job in jobs])
        return
    output.table(
        ["run", "project", "state", "priority", "attempt", "worked on by", "waited", "took"],
        [
            [
                job.run,
                job.project,
                _state(job),
                job.priority,
                job.attempt,
                _by(job.owner),
                _waited(job, at),
                _took(job, at),
            ]
            for job in jobs
        ],
        right=(0, 3, 4, 6, 7),
    )
    if any(job.state == "queued" and job.owner is None for job in jobs) and not working:
        output.say("no worker is at work: `trainwright worker` starts one, `trainwright serve` two")


@COMMAND.command(help="One job: its place in the queue, the time spent in each state, its attempts, why it failed.")
@click.argument("run", type=int)
@workspace_option
@json_option
def show(run: int, workspace: str | None, as_json: bool) -> None:
    """Shows a job."""
    from trainwright.jobs.slots import Slots
    from trainwright.jobs.story import story
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        document = story(connection, run)
    if as_json:
        output.print_json(document)
        return
    waits = document["waits_for"]
    output.say(f"run {run} of {document['project']}: {document['state']}" + (f" ({waits})" if waits else ""))
    output.say(f"name {document['name']}, {document['kind']}, priority {document['priority']}")
    needs = dict(document["needs"])
    reason = needs.pop("memory_reason")
    output.say(f"takes {Slots(**needs)}" + (f" (memory: {reason})" if reason else ""))
    for state, seconds in document["seconds"].items():
        output.say(f"  {state:13} {_span(seconds)}")
    output.table(
        ["attempt", "process", "outcome", "what happened"],
        [[a["number"], a["process"], a["outcome"], a["message"]] for a in document["attempts"]],
        right=(0,),
    )
    if document["error"]:
        output.say(f"{document['state']} ({document['error'].get('cause')}): {document['error'].get('message')}")
    if document["state"] == "completed":
        output.say(f"  trainwright runs show {run}")


@COMMAND.command(help="Follow a job until it has ended; Ctrl-C ends the watching, not the job.")
@click.argument("run", type=int)
@workspace_option
@json_option
def watch(run: int, workspace: str | None, as_json: bool) -> None:
    """Watches a job."""
    from trainwright.cli.progress import Screen
    from trainwright.jobs.launch import Watcher, outcome
    from trainwright.jobs.queued import watch as follow
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    screen = Screen(quiet=as_json, started=time.time())
    with screen:
        found = follow(space, run, Watcher(event=screen.event), waits=lambda _: screen.stage("waiting for a worker"))
        document = outcome(found)  # raises what a failed one failed of
    if as_json:
        output.print_json(document)
    else:
        screen.result(document)


@COMMAND.command(help="What happened in a job, line by line; --follow waits for more until it has ended.")
@click.argument("run", type=int)
@click.option("--follow", is_flag=True, help="Go on until the job has ended.")
@workspace_option
@json_option
def logs(run: int, follow: bool, workspace: str | None, as_json: bool) -> None:
    """Prints the events."""
    from dataclasses import asdict

    from trainwright.jobs.launch import Watcher, hand_on
    from trainwright.jobs.queued import watch as wait
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    events: list[Event] = []
    watcher = Watcher(event=events.append if as_json else _line)
    if follow:
        wait(space, run, watcher)
    else:
        with read(space) as connection:
            get_run(connection, run)
        seen, last = 0, -1
        while seen != last:
            last, seen = seen, hand_on(space, run, seen, watcher)
    if as_json:
        output.print_json([asdict(event) for event in events])


@COMMAND.command(help="Stop jobs: one that waits at once, one that works within seconds. Finished folds are kept.")
@click.argument("runs", type=int, nargs=-1, required=True)
@workspace_option
@json_option
def cancel(runs: tuple[int, ...], workspace: str | None, as_json: bool) -> None:
    """Cancels jobs."""
    _change("cancel", runs, workspace, as_json)


@COMMAND.command(help="Queue jobs that failed or were cancelled again; a worker goes on from the finished folds.")
@click.argument("runs", type=int, nargs=-1, required=True)
@workspace_option
@json_option
def retry(runs: tuple[int, ...], workspace: str | None, as_json: bool) -> None:
    """Queues jobs again."""
    _change("retry", runs, workspace, as_json)


def _change(verb: str, runs: tuple[int, ...], workspace: str | None, as_json: bool) -> None:
    """All of them or, where one cannot be, none."""
    from trainwright.jobs import queue
    from trainwright.store.transaction import write
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    act = {"cancel": queue.cancel, "retry": queue.retry}[verb]
    with write(space) as connection:
        found = [act(connection, run) for run in dict.fromkeys(runs)]
    if as_json:
        output.print_json([{"run": one.id, "state": one.state, "cancel_asked": one.cancel_asked} for one in found])
        return
    for one in found:
        words = "is told to stop" if one.cancel_asked and one.state != "cancelled" else f"is {one.state}"
        output.say(f"run {one.id} {words}")


def _line(event: Event) -> None:
    import sys

    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    kind = event.state or event.kind
    data = {key: value for key, value in (event.data or {}).items() if not isinstance(value, dict | list)}
    words = event.message or ", ".join(f"{key} {_short(value)}" for key, value in data.items())
    for line in (words or "").splitlines() or [""]:
        output.say(f"{at} {event.attempt} {kind:13} {line}".rstrip())
    sys.stdout.flush()


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _state(job: JobRow) -> str:
    return "stopping" if job.cancel_asked and job.finished_at is None else job.state


def _by(owner: str | None) -> str | None:
    return "the command that made it" if (owner or "").startswith("direct") else owner


def _waited(job: JobRow, at: float) -> str:
    return _span((job.started_at or job.finished_at or at) - job.queued_at)


def _took(job: JobRow, at: float) -> str | None:
    return None if job.started_at is None else _span((job.finished_at or at) - job.started_at)


def _span(seconds: float) -> str:
    from trainwright.config.durations import format_duration

    return format_duration(max(0.0, seconds))
