"""Puts columns of the input file in front of the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from trainwright.errors import UserError


def with_kept(predictions: pl.DataFrame, source: pl.DataFrame, keep: Sequence[str] | str) -> pl.DataFrame:
    """The predictions with columns of their rows in front.

    A kept column that has the name of a column of the predictions gets `_in_file` behind its name.

    Args:
        predictions: n rows.
        source: the same n rows as they were given.
        keep: names of columns, one name, or "all".

    Raises:
        UserError: a name is not a column; the nearest is suggested.

    Example:
        >>> given = pl.DataFrame({"id": [7], "prediction": ["old"]})
        >>> with_kept(pl.DataFrame({"prediction": ["new"]}), given, "all").columns
        ['id', 'prediction_in_file', 'prediction']
    """
    names = list(source.columns) if keep == "all" else [keep] if isinstance(keep, str) else list(keep)
    for name in names:
        if name not in source.columns:
            near = get_close_matches(name, source.columns, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(source.columns[:20])}"
            raise UserError(f"the column {name!r} to keep is not in the table", remedy=remedy)
    if not names:
        return predictions
    taken = set(predictions.columns) | set(names)
    kept = source.select(list(dict.fromkeys(names)))
    renamed = {}
    for name in kept.columns:
        new = name
        while new in predictions.columns or (new != name and new in taken):
            new += "_in_file"
        renamed[name] = new
    return kept.rename(renamed).hstack(predictions)
