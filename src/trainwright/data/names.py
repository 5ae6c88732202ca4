"""Column names as they are used everywhere: clean, distinct, never blank."""

from __future__ import annotations

from collections.abc import Sequence

from trainwright.data.notes import Note, listing
from trainwright.errors import UserError


def clean_names(file: str, found: Sequence[str], notes: list[Note]) -> list[str]:
    """Names without spaces around them; blank ones become `column_3`; doubled ones are refused.

    Args:
        file: the file's name, for messages.
        found: the names as they stand in the file.
        notes: what was assumed is added here.

    Raises:
        UserError: two columns have the same name.

    Example:
        >>> clean_names("a.csv", ["age ", "", "job"], [])
        ['age', 'column_2', 'job']
    """
    stripped = [name.strip().lstrip("\ufeff") for name in found]
    taken = set(stripped)
    names = []
    unnamed = []
    for i, name in enumerate(stripped):
        if not name:
            name = f"column_{i + 1}"
            while name in taken:
                name += "_"
            unnamed.append(name)
        names.append(name)
    refuse_doubled(file, names)
    if unnamed:
        said = f"{len(unnamed)} column(s) without a name are called {listing(unnamed)}"
        notes.append(Note("unnamed_columns", said, tuple(unnamed)))
    return names


def refuse_doubled(table: str, names: Sequence[str]) -> None:
    """Raises for names that occur twice, saying where.

    Raises:
        UserError: two columns have the same name.
    """
    if len(set(names)) == len(names):
        return
    where: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        where.setdefault(name, []).append(i + 1)
    doubled = [name for name, at in where.items() if len(at) > 1]
    places = " and ".join(map(str, where[doubled[0]][:5]))
    raise UserError(
        f"{table} has doubled column names: {listing(doubled)} ({doubled[0]!r} is the name of columns {places})",
        remedy="give each column a name of its own",
    )
