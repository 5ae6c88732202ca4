"""Reads the cells of a table as the model was trained on them: numbers, yes and no, categories, moments, texts.

A cell is what CSV or JSON gives: text, a number, true or false, or nothing. What cannot be read counts as missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np

_PLAIN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_STYLE = re.compile(r"number decimal=([.,]) thousands=(\S+) unit=(\S+)")
_PARTS = re.compile(r"(\d{1,2})[-/.]\s?(\d{1,2})[-/.]\s?(\d{4})(?:[T ,]\s*(.+))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EPOCH = datetime(1970, 1, 1)
_TRUE = ("true", "yes", "y", "t", "1", "1.0")
_FALSE = ("false", "no", "n", "f", "0", "0.0")
_MARKS = 40  # no mark of a missing value is longer


def column(operation: str, own: dict[str, Any], cells: Sequence[Any]) -> tuple[np.ndarray, int]:
    """One column of a table and how many of its cells could not be read.

    Args:
        operation: what the column is: number, boolean, category, moment or text.
        own: its name, the marks of missing values, and for a category the values that are known.
        cells: (n,) the cells.

    Returns:
        (n, 1) numbers, seconds since 1970, places or texts.
    """
    marks = set(own["marks"])
    held = [_held(cell, marks) for cell in cells]
    if operation == "text":
        out = np.empty((len(held), 1), dtype=object)
        out[:, 0] = ["" if cell is None else str(cell) for cell in held]
        return out, 0
    if operation == "category":
        known = own.setdefault("known", {value: at for at, value in enumerate(own["vocabulary"], start=2)})
        return np.array([[1 if cell is None else known.get(_spelt(cell), 0)] for cell in held], dtype=np.int64), 0
    reader = {"number": _number, "boolean": _boolean, "moment": _moment}[operation]
    format = str(own.get("format", ""))
    read = [math.nan if cell is None else reader(cell, format) for cell in held]
    lost = sum(cell is not None and value is None for cell, value in zip(held, read))
    values = np.array([[math.nan if value is None else value] for value in read], dtype=np.float64).reshape(-1, 1)
    if own.get("single"):
        with np.errstate(over="ignore"):
            values = values.astype(np.float32).astype(np.float64)
    return np.where(np.isinf(values), np.nan, values), lost


def _held(cell: Any, marks: set[str]) -> Any:
    """The cell without spaces around it; None where it stands for a missing value."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    if isinstance(cell, str):
        cell = cell.strip()
        short = len(cell) <= _MARKS
        return None if short and (cell.lower() in marks or cell in marks) else cell
    if not isinstance(cell, bool) and isinstance(cell, int | float):
        return None if any(spelt in marks for spelt in (str(cell), str(float(cell)), f"{cell:g}")) else cell
    return cell


def _spelt(cell: Any) -> str:
    return cell if isinstance(cell, str) else str(cell)


def _number(cell: Any, format: str) -> float | None:
    if isinstance(cell, int | float):
        return float(cell)
    text = str(cell)
    if _PLAIN.fullmatch(text):
        return float(text)
    style = _STYLE.fullmatch(format)
    if style is None:
        return None
    decimal, thousands, unit = style.groups()
    text = re.sub(r"[\s\u00a0\u202f]", "", text if unit == "none" else text.replace(unit, ""))
    if thousands not in ("none", "space"):
        text = text.replace("’", "'").replace(thousands, "")
    text = text.replace(decimal, ".")
    return float(text) if _PLAIN.fullmatch(text) else None


def _boolean(cell: Any, format: str) -> float | None:
    text = _spelt(cell).lower()
    return 1.0 if text in _TRUE else 0.0 if text in _FALSE else None


def _moment(cell: Any, format: str) -> float | None:
    """Seconds since 1970, in UTC where the text names an offset."""
    if isinstance(cell, datetime | date):
        cell = cell.isoformat()
    text = _spelt(cell)
    parts = _PARTS.fullmatch(text)
    if parts is not None and format in ("day-first", "month-first"):
        first, second, year, rest = parts.groups()
        day, month = (first, second) if format == "day-first" else (second, first)
        text = f"{year}-{int(month):02d}-{int(day):02d}" + (f" {rest}" if rest else "")
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        text = "-".join(compact.groups())
    try:
        read = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    if read.tzinfo is not None:
        read = read.astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017 - runs on older Pythons too
    return ((read - _EPOCH) // timedelta(microseconds=1)) / 1e6
