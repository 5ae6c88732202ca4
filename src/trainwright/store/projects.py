"""Projects: one problem each, found by the name its user gave it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.naming import check_name


@dataclass(frozen=True)
class Project:
    """One problem.

    Args:
        id: the row.
        name: as the user gave it.
        target: the column that is predicted, once known.
        problem: the decision it supports, its costs and requirements, as plain data.
        created: seconds since 1970.
    """

    id: int
    name: str
    target: str | None
    problem: dict[str, Any] | None
    created: float


def check_project_name(name: str) -> str:
    """The name itself.

    Raises:
        UserError: it has characters that a path, an address or `name@v2` could not carry.

    Example:
        >>> check_project_name("adult-2026")
        'adult-2026'
        >>> check_project_name("adult income")
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: 'adult income' cannot name a project; ...
    """
    return check_name(name, "a project")


def ensure_project(
    connection: Connection, name: str, *, target: str | None = None, problem: dict[str, Any] | None = None
) -> Project:
    """The project with this name, made when there is none; what is given anew replaces what it had.

    Raises:
        UserError: the name cannot be used, or the project predicts another target.
    """
    check_project_name(name)
    found = find_project(connection, name)
    if found is None:
        values = {"name": name, "target": target, "problem": problem, "created": time.time()}
        connection.execute(tables.project.insert().values(values))
    else:
        if target is not None and found.target is not None and target != found.target:
            raise UserError(
                f"project {name!r} predicts {found.target!r}, not {target!r}",
                remedy=f"give the new problem a name of its own: --project {name}-{_slug(target)}",
            )
        changes: dict[str, Any] = {}
        if target is not None:
            changes["target"] = target
        if problem is not None:
            changes["problem"] = problem
        if changes:
            connection.execute(tables.project.update().where(tables.project.c.id == found.id).values(changes))
    project = find_project(connection, name)
    assert project is not None
    return project


def get_project(connection: Connection, name: str) -> Project:
    """The project with this name.

    Raises:
        UserError: there is none; the nearest names are suggested.
    """
    found = find_project(connection, name)
    if found is None:
        from difflib import get_close_matches

        names = [project.name for project in list_projects(connection)]
        near = get_close_matches(name, names, n=1)
        known = f"projects here: {', '.join(names[:10])}" if names else "this workspace has no project yet"
        raise UserError(f"there is no project {name!r}", remedy=f"did you mean {near[0]!r}?" if near else known)
    return found


def project_of(connection: Connection, project_id: int) -> Project:
    """The project that a row of another table belongs to."""
    row = connection.execute(select(tables.project).where(tables.project.c.id == project_id)).one()
    return Project(**row._mapping)


def list_projects(connection: Connection) -> list[Project]:
    """Every project, by name."""
    return [
        Project(**row._mapping) for row in connection.execute(select(tables.project).order_by(tables.project.c.name))
    ]


def find_project(connection: Connection, name: str) -> Project | None:
    """The project with this name; None where there is none."""
    row = connection.execute(select(tables.project).where(tables.project.c.name == name)).first()
    return None if row is None else Project(**row._mapping)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "2"
