"""`trainwright doctor`: whether everything that a training stands on is here, line by line, with what to do."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec

import click

from trainwright.cli import output
from trainwright.cli.health.line import Line
from trainwright.cli.output import json_option, workspace_option

BROKEN = 3
MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


@click.command(
    help="Look at Python, libraries, cores, memory, disk, GPU and the workspace: ok, note or problem, and what to do. "
    "Ends with status 3 when something that is needed is broken."
)
@workspace_option
@json_option
@click.pass_context
def COMMAND(context: click.Context, workspace: str | None, as_json: bool) -> None:
    """Prints what was found; nothing is changed."""
    lines = examine(workspace)
    problems = sum(line.state == "problem" for line in lines)
    if as_json:
        output.print_json({"problems": problems, "checks": [line.to_json() for line in lines]})
    else:
        _show(lines, problems)
    if problems:
        context.exit(BROKEN)


def examine(workspace: str | None = None) -> list[Line]:
    """Everything that is looked at, in the order in which it is told.

    Args:
        workspace: as `--workspace` names it; None for the nearest.
    """
    from trainwright.cli.health import gpu, libraries, machine
    from trainwright.cli.health import workspace as places
    from trainwright.errors import TrainwrightError
    from trainwright.store.workspace import locate

    # Libraries are imported in processes of their own, side by side: together they take seconds.
    with ThreadPoolExecutor(2) as pool:
        core, device = pool.submit(libraries.core), pool.submit(gpu.gpu)
        lines = [machine.python(), machine.cores(), machine.memory()]
        with suppress(TrainwrightError):  # a path that is a file: told below
            lines.append(machine.disk(locate(workspace)))
        lines += [machine.temporary(), *places.workspace(workspace)]
        extras = [libraries.extra_line(name) for name in libraries.extras()]
        return [*lines, core.result(), *extras, device.result(), *_browser()]


def _browser() -> list[Line]:
    """The browser that tests look at reports with, told only to who has installed what drives it."""
    if find_spec("playwright") is None:
        return []
    found = shutil.which("chromium")
    if found is not None:
        return [Line("browser of the tests", "ok", f"chromium at {found}")]
    return [Line("browser of the tests", "note", "no chromium: tests of pages are skipped", "apt-get install chromium")]


def _show(lines: list[Line], problems: int) -> None:
    width = max(len(line.name) for line in lines)
    for line in lines:
        output.say(f"{MARKS[line.state]:<7}  {line.name:<{width}}  {line.found}")
        if line.remedy:
            output.say(f"{'':<7}  {'':<{width}}  -> {line.remedy}")
    output.say()
    if problems:
        output.say("Something that is needed is broken: see PROBLEM above.")
    else:
        output.say("Everything that a training needs is here.")
