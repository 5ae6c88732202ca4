"""Columns that a run leaves out although they were features when its rows were stored."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from trainwright.config.settings import Settings
from trainwright.data.schema import Role, Schema
from trainwright.errors import UserError
from trainwright.store.datasets import get_split
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.understood import schema_and_target

REASON = "left out as asked"


def without(schema: Schema, ignore: Sequence[str]) -> Schema:
    """The schema with these features no longer shown to a model; other columns keep their role.

    Example:
        >>> from trainwright.data.schema import Column, Kind
        >>> schema = Schema((Column("a", Kind.NUMBER), Column("b", Kind.NUMBER)))
        >>> [column.name for column in without(schema, ["b"]).features]
        ['a']
    """
    for name in ignore:
        if name in schema and schema[name].role is Role.FEATURE:
            schema = schema.replace(name, role=Role.IGNORED, reason=REASON)
    return schema


def understood_schema(workspace: Workspace, run: Run) -> Schema:
    """How the columns of a run's rows were understood when they were stored."""
    assert run.split_id is not None
    with read(workspace) as connection:
        schema, _ = schema_and_target(get_split(connection, run.split_id))
    return schema


def check_ignored(workspace: Workspace, base: Run, before: Settings, now: Settings) -> None:
    """Refuses columns that cannot be left out of a run on stored rows.

    Raises:
        UserError: there is no such column, none would be left, or one that was left out would come back.
    """
    old, new = set(before.data.ignore), set(now.data.ignore)
    if old == new:
        return
    back = sorted(old - new)
    if back:
        raise UserError(
            f"data.ignore would bring back {', '.join(map(repr, back))}, which the version never saw",
            remedy="name the columns left out so far as well, or train anew on the file",
        )
    schema = understood_schema(workspace, base)
    features = [column.name for column in schema.features]
    for name in sorted(new - old):
        if name not in features:
            near = get_close_matches(name, features, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UserError(
                f"data.ignore: {name!r} is no column that the version learns from",
                remedy=f"{hint}it learns from {', '.join(features[:12])}{', ...' if len(features) > 12 else ''}",
            )
    if not without(schema, sorted(new)).features:
        raise UserError("data.ignore leaves no column to learn from", remedy="leave out fewer columns")
