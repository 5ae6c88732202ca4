"""The rows on which an export is compared with ours: development rows, and made-up ones that are missing or strange."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.columns import Layout
from trainwright.data.schema import Kind, Schema

ROWS = 1_000
MADE_UP = 250
_STRANGE = "a value that training never saw"


def trial_rows(
    development: pl.DataFrame | None,
    layout: Layout,
    schema: Schema,
    reference: dict[str, float | str | None],
    *,
    n: int = ROWS,
    seed: int = 0,
) -> pl.DataFrame:
    """n rows of the feature columns; a quarter of them made up.

    A made-up row is a development row in which every value may be missing or strange: a category never seen, a number
    or a moment far outside, another text. Two rows are missing and strange from end to end.

    Args:
        development: the development rows with the types of the training table; None: reference values stand in.
        layout, schema: the feature columns.
        reference: see `packages.reference`.
        n: how many.
        seed: the same rows for the same seed.
    """
    base = _reference_rows(layout, schema, reference) if development is None else development.select(layout.names)
    rng = np.random.default_rng(seed)
    whole = rng.permutation(base.height)[: n - made_up(base.height, n)]  # no row twice
    drawn = base[np.concatenate([whole, rng.integers(0, base.height, n - len(whole))]).tolist()]
    strange, gone = rng.random((2, n, len(layout.names))) < 0.2
    strange[: len(whole)] = gone[: len(whole)] = False
    gone[-1], strange[-2], gone[-2] = True, True, False
    out = []
    for j, name in enumerate(layout.names):
        column = _wide(drawn[name], schema[name].kind)
        column = _replaced(column, _strange(column, schema[name].kind), strange[:, j] & ~gone[:, j])
        out.append(_replaced(column, pl.Series([None] * n, dtype=column.dtype), gone[:, j]).alias(name))
    return pl.DataFrame(out)


def made_up(height: int, n: int = ROWS) -> int:
    """How many of n trial rows are made up, where there are so many development rows.

    Example:
        >>> made_up(5_000), made_up(400)
        (250, 600)
    """
    return n - min(height, n - min(MADE_UP, n))


def _wide(column: pl.Series, kind: Kind) -> pl.Series:
    """Numbers as Float64, so that strange ones fit."""
    return column.cast(pl.Float64) if kind is Kind.NUMBER else column


def _strange(column: pl.Series, kind: Kind) -> pl.Series:
    """Values unlike those of the column, one for each row."""
    if kind is Kind.NUMBER:
        spread = column.std() or 1.0
        return pl.Series(np.where(np.arange(len(column)) % 2 == 0, 50.0, -50.0)) * float(spread) + column.fill_null(0.0)  # type: ignore[arg-type]
    if kind is Kind.BOOLEAN:
        return ~column.cast(pl.Boolean)
    if kind is Kind.DATETIME:
        return column.cast(pl.Datetime("us")).dt.offset_by("31y5mo3d7h")
    return pl.Series([_STRANGE] * len(column))


def _replaced(column: pl.Series, others: pl.Series, where: np.ndarray) -> pl.Series:
    chosen = pl.when(pl.Series(where)).then(others.cast(column.dtype)).otherwise(column)
    return pl.select(chosen.alias("value")).to_series()


def _reference_rows(layout: Layout, schema: Schema, reference: dict[str, float | str | None]) -> pl.DataFrame:
    """One row of the values that stand for "nothing special"."""
    types = {
        Kind.NUMBER: pl.Float64,
        Kind.BOOLEAN: pl.Float64,
        Kind.DATETIME: pl.Float64,
    }
    found = {}
    for name in layout.names:
        kind = schema[name].kind
        value = pl.Series([reference.get(name)], dtype=types.get(kind, pl.String), strict=False)
        if kind is Kind.BOOLEAN:
            value = value.round(0).cast(pl.Boolean)
        elif kind is Kind.DATETIME:
            value = (value * 1e6).cast(pl.Int64).cast(pl.Datetime("us"))
        found[name] = value
    return pl.DataFrame(found)
