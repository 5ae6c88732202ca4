"""How users name things: `adult`, `adult@v2`."""

from __future__ import annotations

import re

from trainwright.errors import UserError
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.versions import Version, get_version
from trainwright.store.workspace import Workspace


def split_name(name: str) -> tuple[str, int | None]:
    """The project and the version's number, None for the active one.

    Raises:
        UserError: what stands after the @ is no version.

    Example:
        >>> split_name("adult@v2"), split_name("adult")
        (('adult', 2), ('adult', None))
    """
    project, at, label = name.partition("@")
    if not at:
        return project, None
    match = re.fullmatch(r"v?(\d{1,9})", label)
    if match is None:
        raise UserError(f"{name!r} names no version", remedy="write PROJECT@v2, or PROJECT for the active version")
    return project, int(match[1])


def resolve_version(workspace: Workspace, name: str) -> tuple[Project, Version]:
    """The project and version that a name such as `adult@v2` stands for.

    Raises:
        UserError: there is no such project or version.
    """
    project_name, number = split_name(name)
    with read(workspace) as connection:
        project = get_project(connection, project_name)
        return project, get_version(connection, project, number)


def resolve_run(workspace: Workspace, name: str) -> tuple[Project, Version, Run]:
    """The project and version that a name stands for, and the run that made the version.

    Raises:
        UserError: there is no such project or version, or it was not trained in this workspace.
    """
    project, version = resolve_version(workspace, name)
    if version.run_id is None:
        raise UserError(f"{name} was not trained here", remedy="name a version that this workspace trained")
    with read(workspace) as connection:
        return project, version, get_run(connection, version.run_id)


def run_number(workspace: Workspace, name: str) -> int:
    """The number of the run that a number, or a name such as `adult@v2`, stands for.

    Raises:
        UserError: there is no such project or version, or it was not trained in this workspace.
    """
    return int(name) if re.fullmatch(r"\d+", name) else resolve_run(workspace, name)[2].id
