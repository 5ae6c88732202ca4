"""Curves: the points of a run after a cursor, thinned by series where there are more than a screen can show."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Connection, Engine, and_, case, cast, func, literal, or_, select

from trainwright.store import tables

# Knuth's multiplicative hash (TAOCP 3, 6.4): it picks points evenly, whatever order the series alternate in.
KNUTH = 2_654_435_761
# Runs whose counts are remembered.
REMEMBERED = 64


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
    """How many points each series of an attempt has, up to a cursor, and its last one."""

    seq: int = 0
    points: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


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
    thinned = False
    if last - after > most:
        steps = _steps(connection, run, attempt, after, last, most)
        thinned = bool(steps)
        if steps:
            mixed = (cast(table.c.seq, BigInteger) * literal(KNUTH, BigInteger)) // literal(65_536, BigInteger)
            one_of = case(*[(table.c.name == name, step) for name, (step, _) in steps.items()], else_=1)
            ends = [seq for _, seq in steps.values()]
            query = query.where(or_(mixed % one_of == 0, table.c.seq.in_(ends)))
    series: dict[str, list[list[float | None]]] = {}
    for _, name, step, value in connection.execute(query):
        series.setdefault(name, []).append([step, value])
    return Curves(attempt, series, int(last), thinned)


def _steps(
    connection: Connection, run: int, attempt: int, after: int, last: int, most: int
) -> dict[str, tuple[int, int]]:
    """For each series that is too long: one of how many points is taken, and its last point, which always is."""
    counts = _counted(connection, run, attempt, last)
    share = (last - after) / max(last, 1)  # a cursor in the middle asks for the part behind it
    found = {}
    for name, number in counts.points.items():
        step = int(number * share / most)
        if step > 1:
            found[name] = (step, counts.last[name])
    return found


def _counted(connection: Connection, run: int, attempt: int, last: int) -> _Counts:
    """The counts up to a cursor; only what came since they were last asked for is counted."""
    table = tables.metric_point
    key = (run, attempt)
    with _lock:
        remembered = _counts.setdefault(connection.engine, OrderedDict())
        known = remembered.get(key) or _Counts()
        seq, points, ends = known.seq, dict(known.points), dict(known.last)
    query = (
        select(table.c.name, func.count(), func.max(table.c.seq))
        .where(table.c.run_id == run, table.c.attempt == attempt, table.c.seq > seq, table.c.seq <= last)
        .group_by(table.c.name)
    )
    for name, number, end in connection.execute(query):
        points[name] = points.get(name, 0) + number
        ends[name] = end
    found = _Counts(last, points, ends)
    with _lock:
        remembered[key] = found
        while len(remembered) > REMEMBERED:
            remembered.popitem(last=False)
    return found
