"""`trainwright try`: one setting changed, trained on the same rows, kept only where it proves better."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

if TYPE_CHECKING:
    from trainwright.cli.progress import Screen
    from trainwright.training.iterate import Trying


@click.command(
    "try",
    help="Change one setting of a version (PROJECT or PROJECT@v2), train on the same rows, folds and seed, and keep "
    "the result only where it proves better: a kept try is a new version, a dropped one stays in the log.",
)
@click.argument("version", metavar="PROJECT[@vN]")
@click.option("--set", "sets", metavar="KEY=VALUE", multiple=True, help="The setting, such as catboost.depth=4.")
@click.option("--config", metavar="FILE", help="A YAML file instead: the settings it names are those that change.")
@click.option("--note", metavar="TEXT", help="Why you try it; kept in the log.")
@click.option(
    "--accept",
    metavar="RULE",
    help='Keep it by this rule instead, such as "recall>=0.9 and precision>=0.5"; each figure is held by the end of '
    "its 95 % interval that speaks against it.",
)
@click.option("--together", is_flag=True, help="Let several settings change at once.")
@workspace_option
@json_option
def COMMAND(
    version: str,
    sets: tuple[str, ...],
    config: str | None,
    note: str | None,
    accept: str | None,
    together: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Tries a setting."""
    from trainwright.cli.progress import Screen
    from trainwright.jobs.iterate import try_setting
    from trainwright.jobs.launch import Watcher
    from trainwright.store.workspace import open_workspace
    from trainwright.training.changes_file import read_changes
    from trainwright.training.setting_values import parse_sets

    written, said = ({}, None) if config is None else read_changes(config)
    given = {**written, **parse_sets(sets)}
    space = open_workspace(workspace, create=False)
    screen = Screen(quiet=as_json, started=time.time())
    with screen:
        watcher = Watcher(stage=screen.stage, event=screen.event)
        document = try_setting(
            space,
            version,
            given,
            note=note or said,
            accept=accept,
            together=together,
            watcher=watcher,
            begun=lambda trying: None if as_json else _begun(trying, screen),
        )
    if as_json:
        output.print_json(document)
        return
    for line in outcome_lines(document):
        output.say(line)


def _begun(trying: Trying, screen: Screen) -> None:
    """What is tried, against what, and by which rule it will be kept."""
    from trainwright.evaluate.try_words import rule_words
    from trainwright.training.options import RunOptions
    from trainwright.training.try_log import iteration_of

    iteration = iteration_of(trying.run) or {}
    screen.within(RunOptions.of(trying.run).limit)
    base = trying.base.result or {}
    for change in trying.changes:
        origin = "" if change.origin == "--set" else f"  ({change.origin})"
        output.say(f"try     {change.words}{origin}")
    if trying.run.comments:
        output.say(f"why     {trying.run.comments}")
    chosen = f" ({trying.chosen})" if trying.chosen else ""
    output.say(f"against {trying.project.name}@{trying.version.label}, run {trying.base.id}{chosen}")
    output.say(f"        the same rows of {base.get('dataset')}, the same folds, seed {base.get('seed')}")
    output.say(f"        {planned_words(trying.run.plan)}")
    k = int(iteration.get("try") or 1)
    output.say(f"rule    {rule_words(iteration, str(base.get('metric')), 1 - 0.05 / k)}")


def planned_words(plan: Mapping[str, Any] | None) -> str:
    """What of the plan is held equal, and what is not.

    Args:
        plan: of the try; None where it is made anew.

    Example:
        >>> planned_words({"steps": [{"name": "linear"}, {"name": "lightgbm", "inner": 0.1}]})
        'the same candidates and ceilings of rounds but for what is tried; lightgbm may stop at another round'
    """
    if plan is None:
        return "a new plan, because the setting asks for one: candidates and rounds may differ"
    stopping = [str(step["name"]) for step in plan.get("steps") or [] if step.get("inner")]
    words = "the same candidates and ceilings of rounds but for what is tried"
    return f"{words}; {' and '.join(stopping)} may stop at another round" if stopping else words


def outcome_lines(document: dict[str, Any]) -> list[str]:
    """What became of a try, and what to do next."""
    found = document["iteration"]
    label, project = found["base"]["version"], document["project"]
    lines = ["", f"{'kept' if found['kept'] else 'dropped'}: {found['reason']}"]
    lines += [f"fitted otherwise: {words}" for words in found.get("also") or []]
    if found["kept"]:
        name = f"{project}@{document['version']}"
        lines.append(document["verdict"])
        if document.get("active") not in (None, document["version"]):
            lines.append(f"{document['active']} stays active until {document['version']} is activated.")
        lines += [f"  trainwright versions activate {name}", f"  trainwright report {name} --open"]
    else:
        lines.append(f"run {document['run']} stays as a record, {label} as it is; the sealed test was not opened")
        lines.append(f"  trainwright runs compare {project}@{label} {document['run']}")
        lines.append(f"  its report: {document['report']}")
    suggestions = document.get("next_tries") or []
    for one in suggestions[:1]:
        lines.append(f"next: {one['text']}, because {one['because']}")
        lines.append(f"  {one['command']}")
    if not suggestions:
        lines.append("next: no weak point names a setting that was not tried; `trainwright report` has other advice")
    return lines
