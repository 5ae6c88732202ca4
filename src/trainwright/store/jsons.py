"""How documents become JSON in the database: strict JSON, so that PostgreSQL and browsers read what SQLite
wrote.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any


def dumps(value: Any) -> str:
    """One line of strict JSON. Not-a-number and infinity become null; NumPy scalars and arrays become plain
    values.

    Example:
        >>> dumps({"auc": float("nan"), "folds": (1, 2)})
        '{"auc": null, "folds": [1, 2]}'
    """
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


class UnreadableJSONError(ValueError):
    """A document of the database is no JSON: somebody changed it by hand, because we write only what can be read."""


def loads(text: str) -> Any:
    """The value of a document.

    Raises:
        UnreadableJSONError: it is no JSON.

    Example:
        >>> loads("{}")
        {}
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableJSONError(str(error)) from None


def plain(value: Any) -> Any:
    """The value as None, bool, int, float, str, list and dict alone.

    Raises:
        TypeError: the value holds something that has no plain form.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    if hasattr(value, "tolist"):  # a NumPy scalar or array
        return plain(value.tolist())
    if hasattr(value, "to_json"):
        return plain(value.to_json())
    raise TypeError(f"{type(value).__name__} has no JSON form")
