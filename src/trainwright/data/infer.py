"""Turns a table as it was read into typed columns with a schema: kinds found out, roles as given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from trainwright.data.conform import conform
from trainwright.data.kinds import classify
from trainwright.data.labels import encode_target, target_values
from trainwright.data.missing import TARGET_MARKS, clean, drop_numbers
from trainwright.data.notes import Note, listing, nearest
from trainwright.data.schema import Column, Kind, Role, Schema
from trainwright.data.target import infer_target
from trainwright.data.verdict import Verdict
from trainwright.errors import UserError

__all__ = ["Inferred", "conform", "encode_target", "infer_schema", "infer_target"]

# Of so many columns it is said why they are no features, where none is.
WHY_NONE = 5


@dataclass(frozen=True)
class Inferred:
    """A table with its schema.

    Args:
        frame: the rows, cast to the schema's kinds; missing is null.
        schema: kinds and roles, with reasons.
        notes: what was assumed or lost.
    """

    frame: pl.DataFrame
    schema: Schema
    notes: tuple[Note, ...] = ()


def infer_schema(
    frame: pl.DataFrame,
    *,
    target: str | None = None,
    roles: Mapping[str, Role] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    ignore: Collection[str] = (),
    missing_marks: Collection[str] = (),
) -> Inferred:
    """Finds out the kind of every column and casts it.

    Args:
        frame: the table as it was read; columns may be strings.
        target: the column to predict; it keeps the spelling of its labels.
        roles: column -> role, such as {"site": Role.GROUP}.
        kinds: column -> kind, where the user knows better.
        ignore: columns that no model may see.
        missing_marks: further spellings of a missing value, such as "-999".

    Raises:
        UserError: a column that the table does not have, fewer than two rows, one column with two roles.

    Example:
        >>> inferred = infer_schema(pl.DataFrame({"age": ["39", "50"], "pay": ["high", "low"]}), target="pay")
        >>> [(c.name, c.kind.value, c.role.value) for c in inferred.schema.columns]
        [('age', 'number', 'feature'), ('pay', 'category', 'target')]
    """
    roles = {name: Role(role) for name, role in (roles or {}).items()}
    kinds = {name: Kind(kind) for name, kind in (kinds or {}).items()}
    _check_names(frame, target, roles, kinds, ignore)
    if frame.height < 2:
        raise UserError(
            f"the table has {'one row' if frame.height == 1 else 'no rows'}",
            remedy="training needs at least two rows",
        )
    verdicts = [
        _target(raw, missing_marks)
        if raw.name == target
        else classify(raw, kind=kinds.get(raw.name), marks=missing_marks)
        for raw in frame.iter_columns()
    ]
    typed = pl.DataFrame([verdict.values.rename(name) for name, verdict in zip(frame.columns, verdicts)])
    missing = typed.null_count().row(0)
    distinct = typed.select(pl.all().drop_nulls().n_unique()).row(0)
    columns = []
    for j, (name, verdict) in enumerate(zip(frame.columns, verdicts)):
        role, why = _role(name, verdict, target, roles, ignore)
        reason = f"{verdict.reason}{why}"
        marks = tuple(missing_marks)
        columns.append(Column(name, verdict.kind, role, reason, missing[j], distinct[j], verdict.format, marks))
    schema = Schema(tuple(columns))
    if not schema.features:
        raise _no_feature(columns, frame.height)
    return Inferred(typed, schema, tuple(note for verdict in verdicts for note in verdict.notes))


def _no_feature(columns: Sequence[Column], n_rows: int) -> UserError:
    """Says of each column why it is no feature; an empty one first of all, as a file read wrongly has them."""
    others = [column for column in columns if column.role is not Role.TARGET]
    empty = [f"{column.name!r} is empty in all {n_rows:,} rows" for column in others if column.missing == n_rows]
    rest = [f"{column.name!r} is {column.reason}" for column in others if column.missing < n_rows]
    return UserError(
        f"no column is left as a feature: {'; '.join([*empty, *rest][:WHY_NONE]) or 'there is only the target'}",
        remedy="check how the file was written; `trainwright inspect` shows every column, --kind COLUMN=text sets one",
    )


def _target(raw: pl.Series, marks: Collection[str]) -> Verdict:
    """The target column: numbers only where every value is one, otherwise labels in their own spelling."""
    if raw.dtype == pl.String:
        raw = clean(raw, marks=TARGET_MARKS, extra=marks)
    elif raw.dtype.is_numeric():
        raw = drop_numbers(raw, marks)
    values = target_values(raw)
    if values.dtype == pl.Boolean:
        return Verdict(values, Kind.BOOLEAN, "true or false")
    if values.dtype.is_numeric():
        return Verdict(values, Kind.NUMBER, "numbers")
    if values.dtype.is_temporal():
        return Verdict(values, Kind.DATETIME, "dates")
    return Verdict(values, Kind.CATEGORY, "labels")


def _role(
    name: str,
    verdict: Verdict,
    target: str | None,
    roles: Mapping[str, Role],
    ignore: Collection[str],
) -> tuple[Role, str]:
    """The role of a column, and what to add to its reason."""
    if name == target:
        return Role.TARGET, ""
    if name in roles:
        return roles[name], "; role given"
    if name in ignore:
        return Role.IGNORED, "; ignored as asked"
    if verdict.kind is Kind.IDENTIFIER:
        return Role.IGNORED, ": an identifier, which no model should learn from"
    if verdict.kind is Kind.CONSTANT:
        return Role.IGNORED, ""
    if verdict.notes and verdict.notes[0].code == "nested":
        return Role.IGNORED, ""
    return Role.FEATURE, ""


def _check_names(
    frame: pl.DataFrame,
    target: str | None,
    roles: Mapping[str, Role],
    kinds: Mapping[str, Kind],
    ignore: Collection[str],
) -> None:
    """Refuses names that the table lacks, naming the nearest, and columns with two purposes."""
    asked = [
        ("target", [target] if target is not None else []),
        ("roles", list(roles)),
        ("kinds", list(kinds)),
    ]
    for where, names in [*asked, ("ignore", list(ignore))]:
        for name in names:
            if name not in frame.columns:
                raise absent(name, frame.columns, where)
    if target is not None and (target in ignore or roles.get(target, Role.TARGET) is not Role.TARGET):
        raise UserError(f"column {target!r} is the target and has another role", remedy="give it one purpose")
    single = [role for role in roles.values() if role not in (Role.FEATURE, Role.IGNORED)]
    for role in set(single):
        if single.count(role) > 1:
            given = [name for name, other in roles.items() if other is role]
            raise UserError(f"role {role.value} is given to {listing(given)}", remedy="give it to one column")


def absent(name: str, columns: Collection[str], where: str) -> UserError:
    """The error for a column that is not there, with the nearest name."""
    near = nearest(name, columns)
    return UserError(
        f"column {name!r} ({where}) is not in the table",
        remedy=f"did you mean {near!r}?" if near else f"its columns are {listing(columns, limit=10)}",
    )
