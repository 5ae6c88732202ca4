"""`trainwright data`: the dataset versions of a workspace."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.labels import LABELS
from trainwright.cli.output import json_option, workspace_option


@click.group(help="List and show dataset versions; correct labels that are probably wrong.")
def COMMAND() -> None:
    """The group."""


COMMAND.add_command(LABELS, "labels")


@COMMAND.command("list", help="Every dataset version, of one project or of all.")
@click.argument("project", required=False)
@workspace_option
@json_option
def list_data(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Lists dataset versions."""
    from trainwright.store.datasets import list_dataset_versions
    from trainwright.store.projects import get_project, list_projects
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        wanted = [get_project(connection, project)] if project else list_projects(connection)
        rows = [(p, d) for p in wanted for d in list_dataset_versions(connection, p.id)]
    documents = [_document(p.name, d) for p, d in rows]
    if as_json:
        output.print_json([{k: v for k, v in d.items() if k != "schema"} for d in documents])
        return
    output.table(
        ["project", "version", "name", "rows", "columns", "content"],
        [[d["project"], d["version"], d["name"], f"{d['rows']:,}", d["columns"], d["sha"][:12]] for d in documents],
        right=(3, 4),
    )


@COMMAND.command(help="One dataset version (PROJECT or PROJECT@d2): columns, kinds, roles, what was assumed.")
@click.argument("name")
@workspace_option
@json_option
def show(name: str, workspace: str | None, as_json: bool) -> None:
    """Shows one dataset version."""
    from trainwright.errors import UserError
    from trainwright.store.datasets import list_dataset_versions
    from trainwright.store.projects import get_project
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    project, _, number = name.partition("@d")
    space = open_workspace(workspace, create=False, read_only=True)
    with read(space) as connection:
        versions = list_dataset_versions(connection, get_project(connection, project).id)
    wanted = [v for v in versions if not number or str(v.number) == number]
    if not wanted:
        held = ", ".join(f"d{v.number}" for v in versions) or "none yet"
        raise UserError(f"{project} has no dataset version {number or '1'!r}", remedy=f"it has: {held}")
    document = _document(project, wanted[-1])
    if as_json:
        output.print_json(document)
        return
    output.say(
        f"{project}@d{wanted[-1].number}: {document['name']}, {document['rows']:,} rows, content {document['sha'][:12]}"
    )
    output.table(
        ["column", "kind", "role", "missing", "distinct", "why"],
        [[c["name"], c["kind"], c["role"], c["missing"], c["distinct"], c["reason"]] for c in document["schema"]],
        right=(3, 4),
    )
    for note in document["notes"]:
        output.say(f"note: {note.get('message', note)}")
    if document["origin"]:
        origin = document["origin"]
        output.say(f"made from {origin['version']} by {origin['who']} on {origin['at']}; labels changed:")
        changes = origin["changes"]
        output.table(["row", "from", "to"], [[c["row"], c["from"], c["to"]] for c in changes[:20]], right=(0,))
        if len(changes) > 20:
            output.say(f"and {len(changes) - 20:,} more; --json has them all")


def _document(project: str, version: Any) -> dict[str, Any]:
    return {
        "project": project,
        "version": f"d{version.number}",
        "name": version.name,
        "rows": version.rows,
        "columns": version.columns,
        "sha": version.sha,
        "source": version.source,
        "created": version.created,
        "schema": version.schema or [],
        "notes": version.notes or [],
        "origin": version.origin,
    }
