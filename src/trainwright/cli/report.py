"""`trainwright report`: the report of a version, copied out or opened in the browser."""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command("report", help="Write the report of a version (PROJECT or PROJECT@v2), or open it.")
@click.argument("version")
@click.option("-o", "--output", "place", metavar="FILE", help="Where to write the HTML; the model card goes beside it.")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@workspace_option
@json_option
def COMMAND(version: str, place: str | None, opened: bool, workspace: str | None, as_json: bool) -> None:
    """Writes or opens the report."""
    from pathlib import Path
    from shutil import copyfile

    from trainwright.errors import EnvironmentProblem, UserError
    from trainwright.evaluate.formats import plural
    from trainwright.packages.disk import disk_problems
    from trainwright.store.names import resolve_version
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace
    from trainwright.training.report_again import openings_since, refresh_report

    if place is not None and Path(place).suffix.lower() not in (".html", ".htm"):
        raise UserError(f"the report is a web page: {place!r} must end with .html")
    space = open_workspace(workspace, create=False, read_only=True)
    project, found = resolve_version(space, version)
    note = ""
    if since := openings_since(space, found):
        try:  # the page counts the openings of the sealed test
            refresh_report(open_workspace(workspace, create=False), found)
        except EnvironmentProblem as problem:
            again = plural(since, "more time", "more times")
            said = f"the sealed test was opened {again} since this page was written"
            note = f"{said}, which cannot be written anew: {problem.problem}"
    with read(space) as connection:
        run = get_run(connection, int(found.run_id or 0))
    path = Path(str((run.result or {}).get("report")))
    # The workspace may have been moved since: the report lies in it under the same name.
    page = space.path / "artifacts" / "report" / path.parent.name / path.name
    if not page.exists():
        raise EnvironmentProblem(
            f"the report of {project.name}@{found.label} is not at {page}", remedy="restore it from a backup"
        )
    if place is not None:
        target = Path(place)
        card = target.with_suffix(".md")
        made = [path for path in (target, card) if not path.exists()]
        with disk_problems(target):
            try:
                copyfile(page, target)
                copyfile(page.with_name("model_card.md"), card)
            except OSError:
                for path in made:
                    path.unlink(missing_ok=True)
                raise
        page = target
    if as_json:
        document = {"version": f"{project.name}@{found.label}", "report": str(page)}
        output.print_json({**document, "note": note} if note else document)
    else:
        output.say(str(page))
        if note:
            output.say(f"note: {note}")
    if opened:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
