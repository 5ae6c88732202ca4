"""`trainwright versions`: list, show, compare, activate, roll back, delete."""

from __future__ import annotations

import time
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.group(help="List, show, compare, activate, roll back and delete model versions.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="The versions of a project, or of all projects.")
@click.argument("project", required=False)
@workspace_option
@json_option
def list_all(project: str | None, workspace: str | None, as_json: bool) -> None:
    """Lists versions."""
    from trainwright.store.deployments import active_deployment
    from trainwright.store.projects import get_project, list_projects
    from trainwright.store.transaction import read
    from trainwright.store.versions import list_versions
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    documents = []
    with read(space) as connection:
        wanted = [get_project(connection, project)] if project else list_projects(connection)
        for one in wanted:
            active = active_deployment(connection, one.id)
            for version in list_versions(connection, one.id):
                document = _document(one.name, version)
                document["active"] = active is not None and active.version_id == version.id
                documents.append(document)
    if as_json:
        output.print_json(documents)
        return
    output.table(
        ["version", "", "date", "model", "metric", "validation", "sealed test", "MB", "took", "comments"],
        [
            [
                d["name"],
                "active" if d["active"] else "",
                d["date"],
                d["details"].get("selected"),
                d["metric"],
                _figure(d, "validation"),
                _figure(d, "test"),
                f"{d['size_mb']:.1f}",
                f"{d['details'].get('duration_s', 0):.0f}s",
                d["comments"],
            ]
            for d in documents
        ],
        right=(7, 8),
    )


@COMMAND.command(help="One version: figures, configuration, data, package, by what it answers.")
@click.argument("name")
@click.option("--full", is_flag=True, help="Everything that is kept, as --json has it.")
@workspace_option
@json_option
def show(name: str, full: bool, workspace: str | None, as_json: bool) -> None:
    """Shows a version."""
    from trainwright.cli.version_screen import say_version
    from trainwright.store.deployments import active_deployment
    from trainwright.store.files import artifact_path
    from trainwright.store.names import resolve_version
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace
    from trainwright.training.deployed import decisions_in_short
    from trainwright.training.judge import kept_evaluations

    space = open_workspace(workspace, create=False, read_only=True)
    project, version = resolve_version(space, name)
    document = _document(project.name, version)
    with read(space) as connection:
        active = active_deployment(connection, project.id)
    document["active"] = active is not None and active.version_id == version.id
    document["package"] = str(artifact_path(space, "package", version.artifact))
    for kind, rows in kept_evaluations(space, version).items():
        document[kind] = [_kept(row) for row in rows]
    document["decisions"] = decisions_in_short(space, version)
    if as_json:
        output.print_json(document)
        return
    if not full:
        say_version(document)
        return
    import yaml

    output.say(yaml.safe_dump(output.plain(document), sort_keys=False, allow_unicode=True).rstrip())


@COMMAND.command(
    help="Two versions side by side; with --data FILE, judged on rows neither was trained on, each by the decision "
    "that it answers by."
)
@click.argument("first")
@click.argument("second")
@click.option("--data", "table", metavar="FILE", help="A labelled file.")
@workspace_option
@json_option
def compare(first: str, second: str, table: str | None, workspace: str | None, as_json: bool) -> None:
    """Compares two versions."""
    from trainwright.store.names import split_name
    from trainwright.store.workspace import open_workspace
    from trainwright.training.versions_compare import compare as compare_versions

    project, _ = split_name(first)
    if "@" not in second and second.lstrip("v").isdigit():
        second = f"{project}@{second}"
    space = open_workspace(workspace, create=False, read_only=True)
    document = compare_versions(space, first, second, table)
    if as_json:
        output.print_json(document)
        return
    a, b = document["versions"]
    names = sorted(set(a["metrics"]["validation"] or {}) & set(b["metrics"]["validation"] or {}))
    rows = []
    for part in ("validation", "test"):
        for metric in names:
            cells = [_interval((v["metrics"][part] or {}).get(metric)) for v in (a, b)]
            if any(cells):
                rows.append([part, metric, *cells])
    output.table(["part", "metric", a["name"], b["name"]], rows)
    changed = _changes(a["details"].get("settings") or {}, b["details"].get("settings") or {})
    for version in (a, b):
        if version["comments"]:
            output.say(f"{version['name']}: {version['comments']}")
    for line in changed:
        output.say(f"differs: {line}")
    for version in (a, b):
        if version["decides"]:
            output.say(f"{version['name']} decides by {version['decides']}")
    output.say(document["reason"])


@COMMAND.command(help="Let a version (PROJECT@v2) answer from now on.")
@click.argument("name")
@click.option("--decision", metavar="dN|none", help="By which of its decisions; by default the one it used last.")
@workspace_option
@json_option
def activate(name: str, decision: str | None, workspace: str | None, as_json: bool) -> None:
    """Activates a version."""
    from trainwright.errors import UserError
    from trainwright.jobs import mirror
    from trainwright.store.decisions import NONE, decision_in_force, get_decision
    from trainwright.store.deployments import activate as set_active
    from trainwright.store.names import resolve_version, split_name
    from trainwright.store.transaction import write
    from trainwright.store.workspace import open_workspace
    from trainwright.training.deployed import decided_elsewhere
    from trainwright.training.whole_decision import whole

    if split_name(name)[1] is None:
        raise UserError(f"{name!r} names no version", remedy=f"say which one: {name}@v2")
    space = open_workspace(workspace, create=False)
    project, version = resolve_version(space, name)
    called = f"{project.name}@{version.label}"
    other = decided_elsewhere(space, project.id)
    with write(space) as connection:
        if decision is None:
            chosen = decision_in_force(connection, version.id)
        else:
            chosen = None if decision == NONE else get_decision(connection, version.id, decision, name=called)
        if chosen is not None:
            whole(chosen, called)
        label = version.label if chosen is None else f"{version.label} {chosen.label}"
        used = None if chosen is None else chosen.id
        set_active(connection, project.id, version.id, label, reason="command line", decision_id=used)
    mirror.tell(space)
    document = {"active": called, **({} if chosen is None else {"decision": chosen.label})}
    _said(f"{called} is active{'' if chosen is None else f' and answers by {chosen.label}'}", document, as_json)
    if other is not None and chosen is None and other["version"] != version.label and not as_json:
        output.say(f"{other['label']} of {other['version']} does not hold for {version.label}; make one for it:")
        output.say(f"  trainwright decide {called} {other['flags']}".rstrip())


@COMMAND.command(help="Return to the version that was active before.")
@click.argument("project")
@workspace_option
@json_option
def rollback(project: str, workspace: str | None, as_json: bool) -> None:
    """Rolls back."""
    from trainwright.jobs import mirror
    from trainwright.store.decisions import decision_in_force
    from trainwright.store.deployments import rollback as roll_back
    from trainwright.store.projects import get_project
    from trainwright.store.transaction import write
    from trainwright.store.versions import get_version
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    with write(space) as connection:
        found = get_project(connection, project)
        roll_back(connection, found)
        version = get_version(connection, found)
        chosen = decision_in_force(connection, version.id)
    mirror.tell(space)
    document = {"active": f"{project}@{version.label}", **({} if chosen is None else {"decision": chosen.label})}
    words = "" if chosen is None else f", answering by {chosen.label}"
    _said(f"{project}@{version.label} is active again{words}", document, as_json)


@COMMAND.command(help="Remove the package of a version (PROJECT@v2); its row and figures are kept.")
@click.argument("name")
@workspace_option
@json_option
def delete(name: str, workspace: str | None, as_json: bool) -> None:
    """Deletes a version."""
    from trainwright.errors import UserError
    from trainwright.store.names import resolve_version, split_name
    from trainwright.store.versions import delete_version
    from trainwright.store.workspace import open_workspace

    number = split_name(name)[1]
    if number is None:
        raise UserError(f"{name!r} names no version", remedy=f"say which one: {name}@v2")
    space = open_workspace(workspace, create=False)
    project, _ = resolve_version(space, name)
    version = delete_version(space, project, number)
    words = f"the package of {project.name}@{version.label} is removed ({version.bytes / 1e6:.1f} MB freed)"
    _said(words, {"deleted": f"{project.name}@{version.label}"}, as_json)


def _said(words: str, document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.print_json(document)
    else:
        output.say(words)


def _document(project: str, version: Any) -> dict[str, Any]:
    metrics = version.metrics or {}
    return {
        "name": f"{project}@{version.label}",
        "project": project,
        "version": version.label,
        "date": time.strftime("%Y-%m-%d %H:%M", time.localtime(version.created)),
        "run": version.run_id,
        "metric": metrics.get("metric"),
        "validation": metrics.get("validation"),
        "test": metrics.get("test"),
        "size_mb": version.bytes / 1e6,
        "manifest_sha": version.manifest_sha,
        "details": version.details or {},
        "comments": version.comments,
    }


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """An evaluation on a file as `show` lists it."""
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(row["created"]))
    return {**{k: v for k, v in row.items() if k not in ("created", "figure")}, "date": date, "figure": row["figure"]}


def _figure(document: dict[str, Any], part: str) -> str | None:
    return _interval((document[part] or {}).get(document["metric"]))


def _interval(figure: dict[str, Any] | None) -> str | None:
    if not figure or figure.get("value") is None:
        return None
    if figure.get("low") is None:
        return f"{figure['value']:.4g}"
    return f"{figure['value']:.4g} ({figure['low']:.4g} to {figure['high']:.4g})"


def _changes(first: dict[str, Any], second: dict[str, Any], prefix: str = "") -> list[str]:
    """The settings that differ, as lines."""
    out = []
    for key in sorted(set(first) | set(second)):
        a, b = first.get(key, "default"), second.get(key, "default")
        if isinstance(a, dict) and isinstance(b, dict):
            out += _changes(a, b, f"{prefix}{key}.")
        elif a != b:
            out.append(f"{prefix}{key}: {a} / {b}")
    return out
