"""`trainwright worker`: executes the trainings that wait in a workspace's queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import workspace_option

HELP = """Execute the trainings that wait in the queue, on this machine.

Ctrl-C (or SIGTERM) once takes no more jobs and gives those that run a few seconds; what is not done by then, and
everything at a second Ctrl-C, is given back: another worker goes on from the folds that are finished.
"""


@click.command("worker", help=HELP, epilog="Example: trainwright worker --slots cpu=2,gpu=1,memory=16GB")
@click.option("--slots", metavar="LIST", default="cpu=1", show_default=True, help="What may run at a time.")
@click.option("--name", help="The worker's name; by default one made of machine and process.")
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
@click.option("--grace", metavar="TIME", default="10s", show_default=True, help="What running jobs get at the end.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does: its holder is gone.")
@workspace_option
def COMMAND(slots: str, name: str | None, once: bool, grace: str, with_parent: bool, workspace: str | None) -> None:
    """Works."""
    import signal
    import sys

    from trainwright.config.durations import parse_duration
    from trainwright.jobs.slots import parse_slots
    from trainwright.jobs.worker import Worker
    from trainwright.store.workspace import open_workspace

    amount, seconds = parse_slots(slots), parse_duration(grace)
    space = open_workspace(workspace, create=False)
    worker = Worker(space, amount, name=name, grace=seconds, tell=_say)
    before = {n: signal.signal(n, lambda *_: worker.ask_to_end()) for n in (signal.SIGINT, signal.SIGTERM)}
    if with_parent:
        _end_with_parent(worker.ask_to_end)
    output.say(f"worker {worker.name}: {slots}, workspace {space.path}")
    sys.stdout.flush()
    try:
        done = worker.run(once=once)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    output.say(f"worker {worker.name}: {done} {'job' if done == 1 else 'jobs'} executed")


def _end_with_parent(end: Callable[[], None]) -> None:
    """Ends the worker, jobs left for others, once whoever holds its standard input is gone."""
    import os
    import threading

    def wait() -> None:
        while os.read(0, 4096):
            pass
        end()
        end()

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _say(event: dict[str, Any]) -> None:
    """A line for what the worker did, with the time of day."""
    import sys

    words = {
        "claimed": "begins attempt {attempt}",
        "ended": "is {state}",
        "given_back": "is given back to the queue",
        "reaped": "is {state}: {message}",
        "scheduled": "is queued by its schedule",
        "problem": "{message}",
    }[event["kind"]].format(**event)
    if event["kind"] == "ended":
        words = {None: "was taken over by another worker", "queued": "is queued again"}.get(event["state"], words)
    subject = f"run {event['run']} " if event.get("run") is not None else ""
    output.say(f"{time.strftime('%H:%M:%S')} {subject}{words}")
    sys.stdout.flush()
