"""Rows by the values of a column: stretches of a number, single categories, missing; each with its name in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from trainwright.data.columns import MISSING, Columns

STRETCHES = (0.2, 0.4, 0.6, 0.8)  # quantiles at which a number is cut
ENDS = (0.1, 0.9)  # and, apart, its lowest and highest tenth
FEW_VALUES = 8  # up to here every value of a number is a slice
MOST_LEVELS = 30  # categories that are slices of their own: the most frequent


@dataclass(frozen=True)
class Cut:
    """One way to cut a column.

    Args:
        column: its name.
        code: (n,) int64 number of each row's slice.
        names: the slices in words; None for one that is not looked at.
        fine: it takes part in pairs of columns.
    """

    column: str
    code: np.ndarray
    names: tuple[str | None, ...]
    fine: bool = True


def cuts_of(columns: Columns, booleans: frozenset[str] = frozenset()) -> list[Cut]:
    """Every way in which the columns of n rows are cut; labels are never looked at.

    Args:
        columns: the rows.
        booleans: names of number columns that hold true (1) and false (0).

    Example:
        >>> from trainwright.data.columns import Layout
        >>> layout = Layout(("age",), (), (), (), ())
        >>> empty = np.empty((100, 0))
        >>> ages = np.arange(100.0)[:, None]
        >>> rows = Columns(ages, empty.astype(np.int32), empty, empty.astype(object), layout)
        >>> [cut.names for cut in cuts_of(rows)][1]
        ('age < 10', None, 'age ≥ 90', None)
    """
    layout, out = columns.layout, []
    for j, name in enumerate(layout.numbers):
        if name in booleans:
            out += [_values(name, columns.numbers[:, j], {0.0: "false", 1.0: "true"})]
        else:
            out += _number(name, columns.numbers[:, j].astype(np.float64))
    for j, name in enumerate(layout.categories):
        out.append(_category(name, columns.codes[:, j], layout.vocabulary[j]))
    for j, name in enumerate(layout.times):
        out += _number(name, columns.times[:, j], time=True)
    for j, name in enumerate(layout.texts):
        empty = np.array([not text.strip() for text in columns.texts[:, j]], dtype=np.int64)
        out.append(Cut(name, empty, (None, f"{name} is empty"), fine=False))
    return [cut for cut in out if any(cut.names)]


def _number(name: str, values: np.ndarray, *, time: bool = False) -> list[Cut]:
    known = values[np.isfinite(values)]
    distinct = np.unique(known[:100_000])
    if len(distinct) <= FEW_VALUES and len(distinct := np.unique(known)) <= FEW_VALUES:
        return [_values(name, values, {v: _spelt(v, time) for v in distinct.tolist()})]
    return [_stretches(name, values, known, STRETCHES, time), _stretches(name, values, known, ENDS, time)]


def _stretches(name: str, values: np.ndarray, known: np.ndarray, at: tuple[float, ...], time: bool) -> Cut:
    """Cut at quantiles that are values which occur, so that the names say exactly what was tried."""
    edges = np.unique(np.quantile(known, at, method="higher"))
    edges = edges[edges > known.min()]
    code = np.searchsorted(edges, values, side="right").astype(np.int64)
    code[np.isnan(values)] = len(edges) + 1
    words = [_spelt(edge, time) for edge in edges.tolist()]
    names: list[str | None] = [f"{name} < {words[0]}"] if words else [None]
    names += [f"{low} ≤ {name} < {high}" for low, high in pairwise(words)]
    names += [f"{name} ≥ {words[-1]}"] if words else []
    fine = at == STRETCHES
    if not fine and len(names) == 3:
        names[1] = None
    return Cut(name, code, (*names, f"{name} is missing" if fine else None), fine)


def _values(name: str, values: np.ndarray, spelt: dict[float, str]) -> Cut:
    """Every value a slice."""
    known = np.array(sorted(spelt), dtype=np.float64)
    code = np.searchsorted(known, values).astype(np.int64)  # NaN sorts behind everything
    names = [f"{name} = {spelt[value]}" for value in known.tolist()]
    return Cut(name, np.minimum(code, len(known)), (*names, f"{name} is missing"))


def _category(name: str, codes: np.ndarray, vocabulary: tuple[str, ...]) -> Cut:
    counts = np.bincount(codes[codes >= 0], minlength=len(vocabulary))
    frequent = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    place = np.full(len(vocabulary) + 2, len(frequent), dtype=np.int64)  # at code + 2: other values share a slice
    place[frequent + 2] = np.arange(len(frequent))
    place[MISSING + 2] = len(frequent) + 1
    names = [f"{name} = {vocabulary[level][:60] or '(blank)'}" for level in frequent.tolist()]
    return Cut(name, place[codes + 2], (*names, None, f"{name} is missing"))


def _spelt(value: float, time: bool) -> str:
    if time:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
    return f"{value:,.0f}".replace(",", "") if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
