"""`trainwright train`: the main job. Its flags are made from the same model as the YAML's keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option
from trainwright.config.flags import Flag, flags, parse_pairs

if TYPE_CHECKING:
    from trainwright.config.settings import Settings
    from trainwright.jobs.launch import Watcher

# Flags worth seeing first; `--help` shows the others below them.
FIRST = ("data.target", "project", "training.time_limit", "training.preset", "data.test_file", "data.test_size",
         "data.group", "data.time", "training.metric", "training.families")  # fmt: skip


def train(
    source: str | None,
    config: str | None,
    queue: bool,
    priority: int | None,
    after: tuple[int, ...],
    needs: str | None,
    workspace: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Reads the flags, trains, and shows what came out; or leaves the training to the workers."""
    started = time.time()
    from trainwright.cli.progress import Screen
    from trainwright.config.source import load_settings
    from trainwright.errors import UserError
    from trainwright.jobs.launch import Watcher
    from trainwright.jobs.launch import train as launch

    settings = load_settings(config, overrides=overrides(given))
    if settings.data.version is None:
        source = source or settings.data.train_file
    if source is None and settings.data.version is None:
        raise UserError(
            "no table is named", remedy="trainwright train TABLE.csv --target COLUMN, or data.train_file in the YAML"
        )
    screen = Screen(quiet=as_json or not settings.training.verbose, started=started)
    for flag, value in (("--priority", priority is not None), ("--after", after), ("--needs", needs)):
        if value and not queue:
            raise UserError(f"{flag} is about the queue, and this training is not queued", remedy="add --queue")
    if queue:
        with screen:
            watcher = Watcher(stage=screen.stage, prepared=screen.prepared)
            document = _enqueue(workspace, source, settings, priority or 0, after, needs, watcher)
        _say_queued(document, as_json)
        return
    with screen:
        watcher = Watcher(stage=screen.stage, prepared=screen.prepared, event=screen.event)
        document = launch(workspace, source, settings, started=started, watcher=watcher)
    if as_json:
        output.print_json(document)
    else:
        screen.result(document)


def _enqueue(
    workspace: str | None,
    source: str | None,
    settings: Settings,
    priority: int,
    after: tuple[int, ...],
    needs: str | None,
    watcher: Watcher,
) -> dict[str, Any]:
    """Prepares the training and puts it into the queue; its number and place."""
    from trainwright.jobs.queued import enqueue
    from trainwright.jobs.slots import parse_slots
    from trainwright.store.projects import project_of
    from trainwright.store.transaction import read
    from trainwright.store.workers import list_workers

    amount = None if needs is None else parse_slots(needs, flag="--needs")
    space, run = enqueue(workspace, source, settings, needs=amount, priority=priority, after=after, watcher=watcher)
    with read(space) as connection:
        project = project_of(connection, run.project_id).name
        working = len(list_workers(connection, live=True))
    return {"run": run.id, "project": project, "state": run.state, "priority": run.priority, "workers": working}


def _say_queued(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.print_json(document)
        return
    output.say(f"run {document['run']} is queued")
    if not document["workers"]:
        output.say("no worker is at work: `trainwright worker` starts one, `trainwright serve` two")
    output.say(f"  trainwright jobs watch {document['run']}")


def overrides(given: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given, by full key."""
    found: dict[str, Any] = {}
    for flag in flags():
        value = given.get(_parameter(flag))
        if value is None or value == ():
            continue
        found[flag.key] = parse_pairs(list(value), flag.name) if flag.pairs else value
    return found


def _parameter(flag: Flag) -> str:
    return "flag_" + flag.key.replace(".", "_")


def option_for(flag: Flag) -> click.Option:
    name = f"{flag.name}/--no-{flag.name[2:]}" if flag.switch else flag.name
    words = flag.help if flag.switch or not flag.allowed else f"{flag.help} [{flag.allowed}]"
    return click.Option(
        [name, _parameter(flag)],
        default=() if flag.pairs else None,
        multiple=flag.pairs,
        help=words,
        metavar=None if flag.switch else ("NAME=VALUE" if flag.pairs else "VALUE"),
    )


def options_for(flag: Flag) -> list[click.Option]:
    """The option of a flag, and `--no-name` where false is one of several values."""
    options = [option_for(flag)]
    if flag.off:
        options.append(click.Option([f"--no-{flag.name[2:]}", _parameter(flag)], flag_value="false", hidden=True))
    return options


def _command() -> click.Command:
    order = {key: i for i, key in enumerate(FIRST)}
    ordered = sorted(flags(), key=lambda flag: order.get(flag.key, len(order)))
    command = click.Command(
        "train",
        callback=train,
        help="Train on a labelled table and make a model version: checks, honest split, models, evaluation, report.",
        params=[
            click.Argument(["source"], metavar="[TABLE]", required=False),
            click.Option(["--config"], metavar="FILE", help="A YAML file; flags win over it."),
            click.Option(["--queue"], is_flag=True, help="Leave it to the workers (`trainwright worker`)."),
            click.Option(["--priority"], type=int, metavar="NUMBER", help="In the queue, higher first."),
            click.Option(["--after"], type=int, multiple=True, metavar="RUN", help="In the queue, after this run."),
            click.Option(["--needs"], metavar="LIST", help="Of a worker's slots: cpu=2,gpu=1,memory=8GB."),
            *(option for flag in ordered for option in options_for(flag)),
        ],
    )
    return workspace_option(json_option(command))


COMMAND = _command()
