"""What each decision about each class costs, read from a table: a row for each true class, or numbers in rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.data.notes import listing
from trainwright.data.schema import Target
from trainwright.errors import UserError

MOST_NAMED, LARGEST = 20, 1e12


def cost_number(value: Any, where: str) -> float:
    """A cost: a number of at least 0.

    Raises:
        UserError: it is something else; `where` says which one it is.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise UserError(f"{where} must be a number, got {value!r:.40}")
    if number < 0:
        raise UserError(f"{where} must be at least 0, got {number:g}", remedy="a cost is never negative")
    if number > LARGEST:
        raise UserError(f"{where} must be at most {LARGEST:g}, got {number:g}", remedy="count in a larger unit")
    return number


def square(target: Target, given: Mapping[str, Any], where: str) -> tuple[tuple[float, ...], ...]:
    """From `matrix`, with `classes` in its own order where given.

    Raises:
        UserError: it is no table of k x k costs, or is about other classes.
    """
    rows, names, k = given["matrix"], given.get("classes") or target.classes, len(target.classes)
    for name, value in (("matrix", rows), ("classes", names)):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise UserError(
                f"{where}: `{name}` must be a list, found {value!r:.40}",
                remedy="such as classes: [a, b], matrix: [[0, 1], [20, 0]]",
            )
    names = [str(name) for name in names]
    _check_names(target, names, where)
    sizes = [len(row) if isinstance(row, Sequence) and not isinstance(row, str) else 0 for row in rows]
    if len(rows) != k or any(size != k for size in sizes):
        found = f"{len(rows)} rows of {', '.join(map(str, sorted(set(sizes))))} numbers"
        raise UserError(f"{where}: the table must have {k} rows of {k} numbers, one for each class; found {found}")
    at = [names.index(name) for name in target.classes]
    return tuple(tuple(cost_number(rows[i][j], f"{where}: {names[i]} decided as {names[j]}") for j in at) for i in at)


def named(target: Target, given: Mapping[str, Any], where: str) -> tuple[tuple[float, ...], ...]:
    """From {true class: {decided class: cost}}; right decisions cost nothing unless they are named.

    Raises:
        UserError: a class that there is not, or costs that are missing, all of them named.
    """
    _check_names(target, list(given), where)
    rows: dict[str, dict[str, Any]] = {}
    for actual in target.classes:
        row = given[actual]
        if not isinstance(row, Mapping):
            raise UserError(
                f"{where}: {actual!r} must say what each decision about it costs, got {row!r:.60}",
                remedy=f"such as {actual}: {{{', '.join(f'{name}: 5' for name in target.classes if name != actual)}}}",
            )
        rows[actual] = {str(name): value for name, value in row.items()}
        unknown = [name for name in rows[actual] if name not in target.classes]
        if unknown:
            raise UserError(
                f"{where}: {actual}: there is no class {listing(unknown)}; the classes are {_some(target.classes)}"
            )
    missing = [
        f"{actual} decided as {name}"
        for actual, row in rows.items()
        for name in target.classes
        if name != actual and name not in row
    ]
    if missing:
        raise UserError(
            f"{where}: no cost is given for {_some(missing)}",
            remedy="give each true class the cost of every other decision about it",
        )
    return tuple(
        tuple(cost_number(row.get(name, 0), f"{where}: {actual} decided as {name}") for name in target.classes)
        for actual, row in rows.items()
    )


def _check_names(target: Target, names: Sequence[str], where: str) -> None:
    """Refuses classes that there are not, and names those that are missing: all of them at once."""
    known = f"the classes are {_some(target.classes)}"
    unknown = [name for name in names if name not in target.classes]
    if unknown:
        raise UserError(f"{where}: there is no class {listing(unknown)}; {known}")
    missing = [name for name in target.classes if name not in names]
    if missing:
        verb = "the class {} is" if len(missing) == 1 else "the classes {} are"
        raise UserError(f"{where}: {verb.format(listing(missing, MOST_NAMED))} missing; {known}")
    if len(set(names)) != len(names):
        raise UserError(f"{where}: a class is named twice")


def _some(names: Sequence[str]) -> str:
    """The names; of very many the first."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
