"""`trainwright train`: the main job. Its flags are made from the same model as the YAML's keys."""

from __future__ import annotations

import time
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option
from trainwright.config.flags import Flag, flags, parse_pairs

# Flags worth seeing first; `--help` shows the others below them.
FIRST = ("data.target", "project", "training.time_limit", "training.preset", "data.test_file", "data.test_size",
         "data.group", "data.time", "training.metric", "training.families")  # fmt: skip


def train(source: str | None, config: str | None, workspace: str | None, as_json: bool, **given: Any) -> None:
    """Reads the flags, trains, and shows what came out."""
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
    with screen:
        watcher = Watcher(stage=screen.stage, prepared=screen.prepared, event=screen.event)
        document = launch(workspace, source, settings, started=started, watcher=watcher)
    if as_json:
        output.print_json(document)
    else:
        screen.result(document)


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
            *(option for flag in ordered for option in options_for(flag)),
        ],
    )
    return workspace_option(json_option(command))


COMMAND = _command()
