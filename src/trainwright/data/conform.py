"""Gives a new file the types of a stored schema, so that a model sees columns exactly as in training."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from trainwright.data.convert import cast_to
from trainwright.data.notes import Note, listing, nearest
from trainwright.data.schema import Kind, Role, Schema
from trainwright.errors import UserError

_READY = {
    Kind.NUMBER: (pl.Float64, pl.Float32, pl.Int64),
    Kind.BOOLEAN: (pl.Boolean,),
}


def conform(
    frame: pl.DataFrame,
    schema: Schema,
    *,
    required: Collection[str] | None = None,
) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """The frame's columns cast to the kinds of a schema, in the schema's order; no value makes it fail.

    The target column, where present, is handed on as it is: `encode_target` knows its spelling. Columns that
    the schema ignores are left out unless they are required.

    Args:
        frame: new rows, at least none.
        schema: the stored schema.
        required: names that must be there; None means the features.

    Raises:
        UserError: required columns are missing; it names all of them, with the nearest names found.

    Example:
        >>> from trainwright.data.schema import Column
        >>> stored = Schema((Column("age", Kind.NUMBER), Column("job", Kind.CATEGORY)))
        >>> typed, notes = conform(pl.DataFrame({"job": ["cook"], "age": ["n/a"], "x": [1]}), stored)
        >>> typed.rows(), [note.code for note in notes]
        ([(None, 'cook')], ['extra_columns'])
    """
    needed = [column.name for column in schema.features] if required is None else list(required)
    place = _places(frame, schema)
    lacking = [name for name in needed if name not in place]
    if lacking:
        raise _missing_columns(lacking, frame)
    notes: list[Note] = []
    series: list[pl.Series] = []
    wanted = set(needed)
    for column in schema.columns:
        found = place.get(column.name)
        if found is None or (column.role is Role.IGNORED and column.name not in wanted):
            continue
        raw = frame[found].rename(column.name) if found != column.name else frame[found]
        if column.role is Role.TARGET:
            series.append(raw)
            continue
        if raw.dtype in _READY.get(column.kind, ()) and not column.marks:
            series.append(_finite(raw))
            continue
        cast = cast_to(raw, column.kind, format=column.format, marks=column.marks)
        series.append(cast.values)
        notes.extend(cast.notes(column.name))
    used = set(place.values())
    extra = [name for name in frame.columns if name not in used]
    if extra:
        notes.append(
            Note(
                "extra_columns",
                f"{len(extra)} column(s) are not in the model and were left out: {listing(extra)}",
                tuple(extra),
            )
        )
    return pl.DataFrame(series, height=frame.height), tuple(notes)


def _places(frame: pl.DataFrame, schema: Schema) -> dict[str, str]:
    """Schema name -> frame name: equal, or equal but for spaces around it."""
    exact = set(frame.columns)
    place = {name: name for name in schema.names if name in exact}
    if len(place) < len(schema.columns):
        stripped = {name.strip(): name for name in frame.columns if name not in place}
        for name in schema.names:
            if name not in place and name.strip() in stripped:
                place[name] = stripped[name.strip()]
    return place


def _finite(values: pl.Series) -> pl.Series:
    """Numbers with NaN and infinite values as missing."""
    if not values.dtype.is_float():
        return values
    bad = ~values.is_finite().fill_null(True)
    return values.set(bad, None) if bad.any() else values


def _missing_columns(lacking: list[str], frame: pl.DataFrame) -> UserError:
    near = {name: nearest(name, frame.columns) for name in lacking[:20]}
    guesses = [f"{name!r} may be {guess!r}" for name, guess in near.items() if guess]
    return UserError(
        f"{len(lacking)} column(s) that the model needs are missing: {listing(lacking, limit=50)}",
        remedy="; ".join(guesses[:5]) if guesses else f"the table has {listing(frame.columns, limit=10)}",
    )
