"""Reads a new file as the table that a version was made from: its columns, kinds and labels, and new classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.conform import conform
from trainwright.data.convert import spelt
from trainwright.data.dataset import weights
from trainwright.data.infer import encode_target
from trainwright.data.labels import target_values
from trainwright.data.missing import TARGET_MARKS, clean
from trainwright.data.notes import Note, listing
from trainwright.data.read import Source
from trainwright.data.schema import Role, Schema, Target
from trainwright.data.target import MAX_CLASSES
from trainwright.errors import UserError
from trainwright.training.table import read_source

NEEDED = (Role.GROUP, Role.TIME, Role.CLUSTER, Role.WEIGHT, Role.SPLIT, Role.ID)


@dataclass(frozen=True)
class NewRows:
    """The rows of a new file, in the types of an earlier table.

    Args:
        frame: n labelled rows.
        target: the earlier target, with the new classes after the old ones.
        added: the new classes.
        source: what was read.
        notes: what was found out.
    """

    frame: pl.DataFrame
    target: Target
    added: tuple[str, ...]
    source: Source
    notes: tuple[Note, ...]


def read_new(given: Any, settings: Settings, schema: Schema, target: Target, base: str) -> NewRows:
    """Reads the file, gives it the base's kinds, and finds classes that are new.

    Args:
        given: a path or a frame.
        settings: of the run, with the base's roles.
        schema, target: of the base.
        base: its name, for messages.

    Raises:
        UserError: columns are missing, or the labels are of another kind.
    """
    source = read_source(given, settings)
    frame, column = source.frame, target.column
    name = str(source.path or "the table")
    if column not in frame.columns and settings.data.annotators:
        from trainwright.data.annotators import with_majority

        frame, made, _ = with_majority(frame, settings.data.annotators, task=target.task)
        frame = frame.rename({made: column})
    if column not in frame.columns:
        raise UserError(
            f"{name} has no column {column!r}, which {base} predicts",
            remedy="new rows need their labels; its columns are " + listing(frame.columns, limit=10),
        )
    roles = [schema.with_role(role) for role in NEEDED]
    needed = [column, *(c.name for c in schema.features), *(role for role in roles if role is not None)]
    needed += [c.name for c in schema.columns if c.name in frame.columns and c.name not in needed]
    try:
        conformed, notes = conform(frame, schema, required=list(dict.fromkeys(needed)))
    except UserError as error:
        remedy = error.remedy or ""
        raise UserError(
            f"{name} cannot be learned from in addition to {base}: {error.problem}",
            remedy=f"{remedy}; a table with other columns is trained in full".removeprefix("; "),
        ) from None
    values = conformed[column]
    values = target_values(clean(values, marks=TARGET_MARKS) if values.dtype == pl.String else values)
    if values.dtype.is_float():
        values = values.set(~values.is_finite().fill_null(True), None)
    held = values.is_not_null()
    if not held.any():
        raise UserError(f"{name}: column {column!r} holds no label", remedy="new rows need their labels")
    if not held.all():
        words = f"{int((~held).sum()):,} row(s) without a target value were dropped"
        notes = (*notes, Note("target_missing", words, (column,)))
    conformed, values = conformed.filter(held), values.filter(held)
    added: tuple[str, ...] = ()
    if target.task == "classes":
        added = _added(values, encode_target(conformed[column], target), target, name, base)
        classes = (*target.classes, *added)
        target = replace(target, classes=classes, positive=target.positive if len(classes) == 2 else None)
        labels = pl.Series(column, [target.classes[i] for i in encode_target(values, target)], dtype=pl.String)
        values = labels if target.numeric_labels is None else values.rename(column)
    else:
        values = _numbers(values, name, base).rename(column)
    weight = schema.with_role(Role.WEIGHT)
    if weight is not None:
        weights(conformed[weight])
    return NewRows(conformed.with_columns(values.alias(column)), target, added, source, tuple(notes))


def in_types(frame: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """New rows with the columns of the earlier ones, in their order, and types that can stand below theirs.

    A column that the new rows lack (one that no model sees) is missing there.
    """
    lacking = [name for name in earlier.columns if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, earlier.schema[name]).alias(name) for name in lacking)
    frame = frame.select(earlier.columns)
    casts = []
    for name, dtype in earlier.schema.items():
        if frame.schema[name] == dtype:
            continue
        if frame.schema[name].is_numeric() and dtype.is_numeric():
            continue  # the concatenation finds the type that holds both
        casts.append(pl.col(name).cast(dtype, strict=False))
    return frame.with_columns(casts)


def _added(values: pl.Series, y: np.ndarray, target: Target, name: str, base: str) -> tuple[str, ...]:
    """The labels that the base does not know, in order.

    Raises:
        UserError: the labels are of another kind, or none is known and more are new than there were.
    """
    unknown = values.filter(pl.Series(y < 0))
    if not unknown.len():
        return ()
    kind = "bool" if values.dtype == pl.Boolean else "text" if not values.dtype.is_numeric() else "number"
    before = {"int": "number", "float": "number", "bool": "bool", None: "text"}[target.numeric_labels]
    found = spelt(unknown.unique().sort()).to_list()
    if kind != before:
        raise UserError(
            f"{name}: column {target.column!r} holds {listing(found, limit=3)}, which are labels of another kind than "
            f"those of {base} ({listing(target.classes, limit=3)})",
            remedy="spell the labels as before, or train in full in a project of its own",
        )
    if target.numeric_labels == "int":
        whole = unknown.cast(pl.Float64)
        if not bool((whole == whole.round()).all()):
            raise UserError(
                f"{name}: column {target.column!r} holds {listing(found, limit=3)}, but the labels of {base} are whole "
                "numbers",
                remedy="is it the same target? a quantity is trained with --task number",
            )
        found = [str(int(value)) for value in sorted(whole.unique().to_list())]
    elif target.numeric_labels == "float":
        found = [repr(float(value)) for value in sorted(unknown.cast(pl.Float64).unique().to_list())]
    elif target.numeric_labels == "bool":
        raise UserError(f"{name}: column {target.column!r} holds a value that is neither true nor false")
    if not (y >= 0).any() and len(found) > len(target.classes):
        raise UserError(
            f"{name}: no label in column {target.column!r} is known to {base}; it holds {listing(found, limit=3)}, "
            f"{base} knows {listing(target.classes, limit=3)}",
            remedy="is it the same target? another one belongs into a project of its own",
        )
    if len(found) + len(target.classes) > MAX_CLASSES:
        raise UserError(
            f"{name}: column {target.column!r} would have {len(found) + len(target.classes):,} classes, the limit is "
            f"{MAX_CLASSES:,}",
            remedy="is it the right column?",
        )
    return tuple(found)


def _numbers(values: pl.Series, name: str, base: str) -> pl.Series:
    """The target as float64.

    Raises:
        UserError: it holds words.
    """
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        shown = listing(spelt(values).unique(maintain_order=True).head(3).to_list())
        raise UserError(
            f"{name}: column {values.name!r} holds {shown}, but {base} predicts a number",
            remedy="give the file whose target is the same number",
        )
    return values.cast(pl.Float64)
