"""One row from a plain mapping to one-row columns, without a frame: the quick way of a single prediction.

Only values whose meaning is beyond doubt are read here; anything else (a date in words, a number with a
comma, a missing mark) raises `Unusual`, and the caller takes the way that files take, so both ways agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from trainwright.data.columns import MISSING, Columns, Layout
from trainwright.data.schema import Kind, Schema
from trainwright.errors import UserError

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")
_EPOCH = datetime(1970, 1, 1)
_SHORTEST_TEXT = 12  # a shorter text may be a missing mark


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
        self._dtype = np.float32 if layout.single else np.float64
        self._numbers = [(name, schema[name].kind is Kind.BOOLEAN) for name in layout.numbers]
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
            numbers = [_number(row[name], boolean) for name, boolean in self._numbers]
            codes = [_code(row[name], codes) for name, codes in self._categories]
            times = [_time(row[name]) for name in layout.times]
            texts = [_text(row[name]) for name in layout.texts]
        except KeyError:
            absent = [name for name in layout.names if name not in row]
            raise UserError(
                f"the row lacks the column{'s' if len(absent) > 1 else ''} {', '.join(map(repr, absent))}",
                remedy="give every column that the model was trained on; None stands for a missing value",
            ) from None
        block = np.array([numbers], dtype=self._dtype).reshape(1, len(numbers))
        words = np.empty((1, len(texts)), dtype=object)
        words[0, :] = texts
        return Columns(
            block,
            np.array([codes], dtype=np.int32).reshape(1, len(codes)),
            np.array([times], dtype=np.float64).reshape(1, len(times)),
            words,
            layout,
        )


def _number(value: Any, boolean: bool) -> float:
    if value is None:
        return math.nan
    if type(value) is float or type(value) is int:
        if boolean and value not in (0, 1):
            raise Unusual
        if abs(value) > 1e300:  # infinite counts as missing, and float() of a huge whole number fails
            raise Unusual
        return float(value)
    if value is True or value is False:
        return float(value)
    if isinstance(value, np.floating | np.integer) and not boolean:
        return _number(value.item(), boolean)
    if type(value) is str and not boolean and _NUMBER.fullmatch(value):
        return float(value)
    raise Unusual


def _code(value: Any, codes: Mapping[str, int]) -> int:
    if value is None:
        return MISSING
    if type(value) is str:
        code = codes.get(value)
    elif type(value) is int:
        code = codes.get(str(value))
    else:
        code = None
    if code is None:  # unseen, a missing mark, or another spelling
        raise Unusual
    return code


def _time(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) is str and _ISO.fullmatch(value):
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


_MICROSECOND = datetime(1970, 1, 1, 0, 0, 0, 1) - _EPOCH


def _text(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is str and len(value) >= _SHORTEST_TEXT and value == value.strip():
        return value
    raise Unusual
