"""`trainwright reproduce`: repeats the run of a version from its record, and says whether it came out the same."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

# Figures shown when all are the same; those that differ are all shown.
SHOWN = 8


@click.command(
    "reproduce",
    help="Repeat the run of a version (PROJECT@v2, or the number of a run) from its record, and say figure by figure "
    "whether it came out the same. Exit status 0: the same; 1: not. No version is made, the sealed test stays closed.",
)
@click.argument("version", metavar="PROJECT@vN")
@workspace_option
@json_option
def COMMAND(version: str, workspace: str | None, as_json: bool) -> None:
    """Reproduces a run."""
    from trainwright.cli.progress import Screen
    from trainwright.jobs.launch import Watcher
    from trainwright.jobs.reproduce import reproduce
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    screen = Screen(quiet=as_json, started=time.time())
    with screen:
        screen.stage("comparing the rows with the record")
        document = reproduce(space, version, watcher=Watcher(stage=screen.stage, event=screen.event))
    if as_json:
        output.print_json(document)
    else:
        _say(document)
    if not document["same"]:
        sys.stdout.flush()
        raise click.exceptions.Exit(1)


def _say(document: dict[str, Any]) -> None:
    rows = document["figures"]
    different = [row for row in rows if not row["same"]]
    output.say()
    shown = different or rows[:SHOWN]
    output.table(
        ["figure", "first", "now", "same"],
        [[r["figure"], _exact(r["then"]), _exact(r["now"]), "yes" if r["same"] else "NO"] for r in shown],
        right=(1, 2),
    )
    if not different and len(rows) > len(shown):
        output.say(f"and {len(rows) - len(shown)} more figures, all the same (--json lists them)")
    output.say(f"package {_start(document['package']['then'])}, now {_start(document['package']['now'])}")
    for words in document["package"]["differences"]:
        output.say(f"  {words}")
    found = document["predictions"]
    if found["first_row"] is not None:
        output.say(f"the first row with another prediction is row {found['first_row']} of the dataset")
    for one in document["environment"]:
        output.say(f"the environment differs: {one['what']} was {one['then']}, is {one['now']}")
    if not document["same"] and not document["environment"]:
        output.say("nothing of the environment differs that could explain it: please report this as a fault of ours")
    for note in document["notes"]:
        output.say(f"note: {note}")
    output.say(f"run {document['repetition']} repeated run {document['run']} ({document['name']})")
    output.say(document["text"])


def _exact(value: Any) -> str | None:
    """Every digit: a difference in the last one is a difference."""
    return repr(value) if isinstance(value, float) else (None if value is None else str(value))


def _start(sha: Any) -> str:
    return str(sha)[:16]
