"""A note: one thing that was found out or assumed about the data, said to the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Note:
    """One remark about what was found out, assumed or left out.

    Args:
        code: a stable name, such as "decimal_comma".
        message: the remark as a sentence.
        columns: the columns that it is about.

    Example:
        >>> Note("no_header", "the file has no header").to_json()["code"]
        'no_header'
    """

    code: str
    message: str
    columns: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The note as plain data."""
        return {"code": self.code, "message": self.message, "columns": list(self.columns)}


def listing(names: Iterable[object], limit: int = 5) -> str:
    """The first few names in quotes, then how many more there are.

    Example:
        >>> listing(["a", "b", "c"], limit=2)
        "'a', 'b' and 1 more"
    """
    items = [repr(str(name)) for name in names]
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit:,} more"


def nearest(name: str, known: Iterable[object]) -> str | None:
    """The known name that looks most like this one, or None when nothing is near.

    Example:
        >>> nearest("incme", ["age", "income"])
        'income'
    """
    from difflib import get_close_matches

    by_fold = {str(item).strip().casefold(): str(item) for item in known}
    found = get_close_matches(name.strip().casefold(), list(by_fold), n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None
