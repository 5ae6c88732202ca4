"""What the rows that a version learned from look like, column by column: for the form that tries a prediction."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import polars as pl

from trainwright.data.columns import Layout
from trainwright.data.parts import scan_development
from trainwright.errors import TrainwrightError
from trainwright.store.datasets import get_split
from trainwright.store.runs import get_run
from trainwright.store.transaction import read
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace

# By a version's manifest, which like the rows that it learned from never changes: a large table is read once.
_known: OrderedDict[str, dict[str, dict[str, Any]]] = OrderedDict()
KEPT = 32


def seen_values(workspace: Workspace, version: Version, layout: Layout) -> dict[str, dict[str, Any]]:
    """`typical`, `low` and `high` of each feature in the development rows; none where those rows are not kept.

    Typical is the median of a number and the most frequent value of a category; of a text there is none. The rows of
    the sealed test are not looked at.
    """
    if version.run_id is None:
        return {}
    if version.manifest_sha in _known:
        _known.move_to_end(version.manifest_sha)
        return _known[version.manifest_sha]
    try:
        with read(workspace) as connection:
            run = get_run(connection, version.run_id)
            if run.split_id is None:
                return {}
            split = get_split(connection, run.split_id)
        frame = scan_development(workspace, split)
        there = set(frame.collect_schema().names())
        rows = frame.select([name for name in layout.names if name in there]).collect()
    except (TrainwrightError, OSError, pl.exceptions.PolarsError):
        return {}  # a form without examples is a form still
    _known[version.manifest_sha] = {column.name: _of(column, column.name in layout.texts) for column in rows}
    while len(_known) > KEPT:
        _known.popitem(last=False)
    return _known[version.manifest_sha]


def _of(column: pl.Series, text: bool) -> dict[str, Any]:
    known = column.drop_nulls()
    if not len(known) or text:
        return {"typical": None, "low": None, "high": None}
    if column.dtype.is_numeric():
        low, middle, high = known.min(), known.median(), known.max()
        whole = column.dtype.is_integer()
        return {"typical": _short(middle, whole), "low": _short(low, whole), "high": _short(high, whole)}
    often = known.mode().sort()[0]
    return {"typical": str(often), "low": None, "high": None}


def _short(value: Any, whole: bool) -> float | int | None:
    """A number with the digits that a form needs."""
    return None if value is None else round(value) if whole else float(f"{float(value):.4g}")
