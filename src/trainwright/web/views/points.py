"""Curves: the points of a run after a cursor, thinned by series where there are more than a screen can show."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, and_, case, cast, func, literal, or_, select

from trainwright.store import tables

# Knuth's multiplicative hash (TAOCP 3, 6.4): it picks points evenly, whatever order the series alternate in.
KNUTH = 2_654_435_761
# Runs whose counts are remembered, and the points of a series that is remembered whole.
REMEMBERED, SHORT = 64, 200


@dataclass(frozen=True)
class Curves:
    """Points of curves.

    Args:
        attempt: whose.
        series: name -> [[step, value], ...] in the order in which they came; a value is None where it was no number.
        next: the cursor of the points to come.
        thinned: whether points were left out.
    """

    attempt: int
    series: dict[str, list[list[float | None]]]
    next: int
    thinned: bool


@dataclass
class _Counts:
    """Of an attempt, up to a cursor: the points of each series, its last one, and short series whole."""

    seq: int = 0
    points: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    short: dict[str, list[tuple[int, float, float | None]]] = field(default_factory=dict)


_counts: WeakKeyDictionary[Engine, OrderedDict[tuple[int, int], _Counts]] = WeakKeyDictionary()
_lock = threading.Lock()


def curves_after(connection: Connection, run: int, attempt: int, *, after: int = 0, most: int = 2000) -> Curves:
    """The points of an attempt later than a cursor.

    Args:
        connection: to read with.
        run, attempt: which.
        after: the cursor; 0 for the beginning.
        most: about so many points of each series at most.
    """
    table = tables.metric_point
    this = and_(table.c.run_id == run, table.c.attempt == attempt, table.c.seq > after)
    last = connection.execute(select(func.max(table.c.seq)).where(this)).scalar()
    if last is None:
        return Curves(attempt, {}, after, False)
    columns = (table.c.seq, table.c.name, table.c.step, table.c.value)
    query = select(*columns).where(this, table.c.seq <= last).order_by(table.c.seq)
    series: dict[str, list[list[float | None]]] = {}
    steps: dict[str, int] = {}
    if last - after > most:
        counts = _counted(connection, run, attempt, last)
        steps = _steps(counts, (last - after) / last, most)
        if steps:
            for name, points in counts.short.items():
                rows = [[step, value] for seq, step, value in points if seq > after]
                series |= {name: rows} if rows else {}
            query = query.where(_thinned(counts, steps))
    for _, name, step, value in connection.execute(query):
        series.setdefault(name, []).append([step, value])
    return Curves(attempt, series, int(last), bool(steps))


def _thinned(counts: _Counts, steps: dict[str, int]) -> ColumnElement[bool]:
    """Which rows are read: of each long series one in so many and its last one, of the others every one that is not
    remembered. The first condition needs the key alone, so that most rows are never looked at."""
    table = tables.metric_point
    mixed = (cast(table.c.seq, BigInteger) * literal(KNUTH, BigInteger)) // literal(65_536, BigInteger)
    one_of = case(*[(table.c.name == name, step) for name, step in steps.items()], else_=1)
    taken = or_(mixed % one_of == 0, table.c.seq.in_([counts.last[name] for name in steps]))
    whole = [name for name in counts.points if name not in steps and name not in counts.short]
    if whole:
        return and_(or_(table.c.name.in_(steps), table.c.name.in_(whole)), taken)
    ends = table.c.seq.in_([counts.last[name] for name in steps])
    return and_(or_(mixed % min(steps.values()) == 0, ends), table.c.name.in_(steps), taken)


def _steps(counts: _Counts, share: float, most: int) -> dict[str, int]:
    """For each series that is too long, one of how many points is taken: powers of two, so that the largest step takes
    none that the smallest would not."""
    found = {}
    for name, number in counts.points.items():
        step = 1
        while number * share / step > most:
            step *= 2
        if step > 1:
            found[name] = step
    return found


def _counted(connection: Connection, run: int, attempt: int, last: int) -> _Counts:
    """The counts up to a cursor; only what came since they were last asked for is looked at."""
    table = tables.metric_point
    key = (run, attempt)
    with _lock:
        remembered = _counts.setdefault(connection.engine, OrderedDict())
        known = remembered.get(key) or _Counts()
        if known.seq >= last:  # another reader was quicker, with a later look
            return known
        points, ends = dict(known.points), dict(known.last)
        short = {name: list(rows) for name, rows in known.short.items()}
    new = and_(table.c.run_id == run, table.c.attempt == attempt, table.c.seq > known.seq, table.c.seq <= last)
    query = select(table.c.name, func.count(), func.max(table.c.seq)).where(new).group_by(table.c.name)
    for name, number, end in connection.execute(query):
        points[name] = points.get(name, 0) + number
        ends[name] = end
    names = [name for name, number in points.items() if number <= SHORT]
    columns = (table.c.name, table.c.seq, table.c.step, table.c.value)
    rows = select(*columns).where(new, table.c.name.in_(names)).order_by(table.c.seq)
    for name, seq, step, value in connection.execute(rows):
        short.setdefault(name, []).append((seq, step, value))
    found = _Counts(last, points, ends, {name: short[name] for name in names})
    with _lock:
        remembered[key] = found
        while len(remembered) > REMEMBERED:
            remembered.popitem(last=False)
    return found
