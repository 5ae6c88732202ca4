"""One row from a plain mapping to one-row columns, without a frame: the quick way of a single prediction.

Only values whose meaning is beyond doubt are read here; anything else (a date in words, a number with a
comma, a missing mark) raises `Unusual`, and the caller takes the way that files take, so both ways agree.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from trainwright.data.columns import MISSING, UNSEEN, Columns, Layout
from trainwright.data.missing import MARKS
from trainwright.data.schema import Column, Kind, Schema
from trainwright.errors import UserError

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 3e38  # beyond it a number stored in 32 bits would become infinite
_LONGEST_MARK = max(map(len, MARKS))


class Unusual(Exception):
    """A value that needs the full reading of files."""


class RowEncoder:
    """Turns a mapping from column name to value into one-row `Columns`.

    Args:
        layout: the feature columns.
        schema: their kinds.

    Example:
        >>> from trainwright.data.schema import Column
        >>> layout = Layout(("age",), ("job",), (), (), (("clerk", "nurse"),))
        >>> schema = Schema((Column("age", Kind.NUMBER), Column("job", Kind.CATEGORY)))
        >>> row = RowEncoder(layout, schema).encode({"age": 41, "job": "nurse"})
        >>> row.numbers.tolist(), row.codes.tolist()
        ([[41.0]], [[1]])
    """

    def __init__(self, layout: Layout, schema: Schema):
        self._layout = layout
        self._marks = {name: _marks(schema[name].marks) for name in layout.names if schema[name].marks}
        self._dtype = np.float32 if layout.single else np.float64
        # A text is read here only where the training table had plain numbers, no commas or units.
        self._numbers = [(name, _is_plain(schema[name])) for name in layout.numbers]
        self._categories = [
            (name, {value: code for code, value in enumerate(values)})
            for name, values in zip(layout.categories, layout.vocabulary)
        ]

    def encode(self, row: Mapping[str, Any]) -> Columns:
        """One-row columns.

        Raises:
            UserError: a feature column is absent.
            Unusual: a value needs the full reading.
        """
        layout = self._layout
        try:
            for name, marks in self._marks.items():
                if _plainly(row[name]) in marks:
                    raise Unusual
            numbers = [_number(row[name], plain) for name, plain in self._numbers]
            codes = [_code(row[name], codes) for name, codes in self._categories]
            times = [_time(row[name]) for name in layout.times]
            texts = [_text(row[name]) for name in layout.texts]
        except KeyError:
            absent = [name for name in layout.names if name not in row]
            raise UserError(
                f"the row lacks the column{'s' if len(absent) > 1 else ''} {', '.join(map(repr, absent))}",
                remedy="give every column that the model was trained on; None stands for a missing value",
            ) from None
        words = np.empty((1, len(texts)), dtype=object)
        words[0, :] = texts
        return Columns(
            np.array([numbers], dtype=self._dtype).reshape(1, len(numbers)),
            np.array([codes], dtype=np.int32).reshape(1, len(codes)),
            np.array([times], dtype=np.float64).reshape(1, len(times)),
            words,
            layout,
        )


def _marks(marks: Collection[str]) -> set[Any]:
    """The user's own marks of missing values, as texts and, where they are numbers, as numbers."""
    out: set[Any] = set(marks)
    for mark in marks:
        with contextlib.suppress(ValueError):
            out.add(float(mark))
    return out


def _plainly(value: Any) -> Any:
    """The value as marks of missing values are compared; None for what cannot be one."""
    if isinstance(value, str):
        return value.strip()
    return value if isinstance(value, int | float) else None


def _is_plain(column: Column) -> bool:
    return column.kind is Kind.NUMBER and not column.format


def _number(value: Any, plain: bool) -> float:
    if value is None:
        return math.nan
    if type(value) is float or type(value) is int:
        if not -_LARGEST < value < _LARGEST or not (plain or value in (0, 1)):
            return _odd_number(value)
        return float(value)
    if value is True or value is False:
        return float(value)
    if isinstance(value, np.floating | np.integer):
        return _number(value.item(), plain)
    if type(value) is str:
        stripped = value.strip()
        if plain and _NUMBER.fullmatch(stripped):
            return float(stripped)
        if _is_mark(stripped):
            return math.nan
    raise Unusual


def _odd_number(value: float | int) -> float:
    if type(value) is float and not math.isfinite(value):
        return math.nan  # infinite counts as missing
    raise Unusual


def _code(value: Any, codes: Mapping[str, int]) -> int:
    if type(value) is str:
        code = codes.get(value)
        if code is not None:
            return code
        stripped = value.strip()
        return MISSING if _is_mark(stripped) else codes.get(stripped, UNSEEN)
    if value is None:
        return MISSING
    if type(value) is int or type(value) is bool:
        return codes.get(str(value), UNSEEN)
    raise Unusual


def _time(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) is str:
        value = value.strip()
        if _ISO.fullmatch(value) is None:
            raise Unusual
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Unusual from None
    if type(value) is date:
        value = datetime(value.year, value.month, value.day)
    if type(value) is datetime and value.tzinfo is None:
        # whole microseconds, as in a file, before the division
        return ((value - _EPOCH) // _MICROSECOND) / 1e6
    raise Unusual


def _text(value: Any) -> str:
    if type(value) is str:
        stripped = value.strip()
        return "" if _is_mark(stripped) else stripped
    if value is None:
        return ""
    raise Unusual


def _is_mark(stripped: str) -> bool:
    """Whether a text stands for a missing value."""
    return len(stripped) <= _LONGEST_MARK and stripped.lower() in MARKS
