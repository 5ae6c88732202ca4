"""Names impossible-looking numbers: marks such as 999 that stand for "missing", and slips of the decimal point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.label_quality.residuals import far_limit
from trainwright.data.schema import Kind

# Numbers that people and machines write where they have no value.
MARKS = frozenset(
    [sign * mark for sign in (1, -1) for mark in (99, 999, 9999, 99999, 999999, 9999999, 99999999, 999999999)]
    + [sign * mark for sign in (1, -1) for mark in (888, 8888, 88888, 77777, 1e6, 1e7, 1e8, 1e9, 1e10, 1e30)]
    + [-9, -88, -77, 2147483647, -2147483648, 32767, -32768, 65535, 4294967295, -1e38, 1e38]
)
# Rows that must hold a mark; in few rows two are enough.
REPEATED, REPEATED_OF_FEW, FEW_ROWS = 3, 2, 300
# A mark is far when the gap to its nearest neighbour is this many times the span of all other values.
GAP = 1.0
# A span this many times the median is measured in orders of magnitude.
SKEWED = 20.0
# One tail this many times as long as the other: large values are usual on a scale of magnitudes.
LOPSIDED = 2.5
# A far value stands alone: its gap to the others is this share of what nearly all of them span.
ISOLATED = 0.7
LEAST_VALUES, LEAST_DISTINCT = 50, 10
# More extreme values than this are the column's nature, not slips.
FEW_SHARE, FEW = 0.002, 5
SLIPS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
NAMED = 5


@dataclass(frozen=True)
class Extremes:
    """What is far outside in one column.

    Args:
        marks: value -> rows that hold it.
        slips: value -> the value that it would be with its decimal point in place.
        far: other single values far outside.
    """

    marks: dict[float, int]
    slips: dict[float, float]
    far: tuple[float, ...]


def run(context: Context) -> list[Finding]:
    columns = context.of_kind(Kind.NUMBER)
    if not columns:
        raise NotApplicable("there is no number column")
    marks: dict[str, dict[float, int]] = {}
    slips: dict[str, dict[float, float]] = {}
    far: dict[str, tuple[float, ...]] = {}
    for column in columns:
        found = extremes(context.sampled[column.name].cast(pl.Float64).drop_nulls().to_numpy())
        if found.marks:
            marks[column.name] = found.marks
        if found.slips:
            slips[column.name] = found.slips
        if found.far:
            far[column.name] = found.far
    return [*_marks(marks, context), *_slips(slips, context), *_far(far, context)]


def extremes(values: np.ndarray) -> Extremes:
    """Marks, slips and far values of a column.

    Args:
        values: (n,) numbers without missing ones.

    Example:
        >>> ages = np.concatenate([np.arange(20, 80).repeat(5), [999] * 6, [340]])
        >>> found = extremes(ages.astype(float))
        >>> found.marks, found.slips
        ({999.0: 6}, {340.0: 34.0})
    """
    values = values[np.isfinite(values)]
    held, counts = np.unique(values, return_counts=True)
    if len(values) < LEAST_VALUES or len(held) < LEAST_DISTINCT:
        return Extremes({}, {}, ())
    marks = _far_marks(held, counts)
    kept = ~np.isin(held, list(marks))
    held, counts = held[kept], counts[kept]
    far = _far_values(held, counts)
    if len(far) > max(FEW, FEW_SHARE * len(values)):
        far = far[:0]
    low, high = _bulk(held[~np.isin(held, far)], counts[~np.isin(held, far)])
    slips = {}
    for value in far:
        if low > 0 and value > 0:
            placed = next((float(value / factor) for factor in SLIPS if low <= value / factor <= high), None)
            if placed is not None:
                slips[float(value)] = round(placed, 12)
    return Extremes(marks, slips, tuple(float(v) for v in far if float(v) not in slips))


def _far_marks(held: np.ndarray, counts: np.ndarray) -> dict[float, int]:
    """Repeated marks at the ends of a column, far from all other values on the scale that fits the column."""
    marks: dict[float, int] = {}
    repeated = REPEATED if counts.sum() >= FEW_ROWS else REPEATED_OF_FEW
    for _ in range(3):  # 999 and -999 may both be there
        known = ~np.isin(held, list(marks))
        rest, times = held[known], counts[known]
        if len(rest) < LEAST_DISTINCT:
            break
        for at, others in ((-1, slice(None, -1)), (0, slice(1, None))):
            value = float(rest[at])
            if value in MARKS and times[at] >= repeated and _gap(value, rest[others], times[others]) >= GAP:
                marks[value] = int(times[at])
                break
        else:
            break
    return marks


def _gap(value: float, others: np.ndarray, counts: np.ndarray) -> float:
    """The gap between a value and all others, in spans of the others; on the scale that fits them."""
    median = float(others[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])
    if others[0] >= 0 and others[-1] > SKEWED * median:
        positive = others[others > 0]
        if value <= 0:
            return 2.0 * GAP if value < 0 else 0.0
        others, value = np.log(positive), float(np.log(value))
    span = float(others[-1] - others[0])
    gap = value - float(others[-1]) if value > others[-1] else float(others[0]) - value
    return gap / span if span > 0 else 0.0


def _far_values(held: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Values beyond what exponential tails explain, on every scale that fits the column."""
    values = np.repeat(held, counts)
    scales = [values]
    low, middle, high = np.quantile(values, [0.02, 0.5, 0.98])
    shorter, longer = sorted((middle - low, high - middle))
    if longer > LOPSIDED * shorter:
        scales.append(np.log(values) if held[0] > 0 else np.arcsinh(values / _unit(values)))
    far = np.ones(len(values), dtype=bool)
    for scaled in scales:
        size = np.abs(scaled - np.median(scaled))
        spread = float(np.quantile(size, 0.85) - np.median(size))
        if spread <= 0:
            return held[:0]
        # `far_limit` counts in robust standard deviations; the column is brought to them.
        size = size / max(1.4826 * float(np.median(size)), spread)
        far &= size > far_limit(size)
    rest, found = values[~far], np.unique(values[far])
    gap = np.maximum(found - rest.max(), rest.min() - found)
    return found[gap > ISOLATED * (high - low)]


def _unit(values: np.ndarray) -> float:
    """The size of a small value: what is below it is as good as zero on a scale of magnitudes."""
    sizes = np.abs(values[values != 0])
    return float(np.quantile(sizes, 0.05)) if len(sizes) else 1.0


def _bulk(held: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """The 2nd and 98th percentile."""
    values = np.repeat(held, counts)
    low, high = np.quantile(values, [0.02, 0.98]) if len(values) else (0.0, 0.0)
    return float(low), float(high)


def _marks(marks: dict[str, dict[float, int]], context: Context) -> list[Finding]:
    if not marks:
        return []
    named = "; ".join(
        f"{name!r} holds {', '.join(f'{value:.15g} ({rows:,} rows)' for value, rows in found.items())}"
        for name, found in list(marks.items())[:NAMED]
    )
    more = f" and {len(marks) - NAMED} more columns" if len(marks) > NAMED else ""
    texts = list(dict.fromkeys(f"{value:.15g}" for found in marks.values() for value in found))
    return [
        Finding(
            code="TW110",
            severity="warning",
            message=f"Numbers that usually stand for a missing value, far from all others: {named}{more}.",
            columns=tuple(marks),
            evidence={"marks": {n: {f"{v:.15g}": c for v, c in m.items()} for n, m in marks.items()}}
            | context.sampled_note,
            remedy=f"if they mean that nothing was measured: {flag('--missing-marks', texts)}",
        )
    ]


def _slips(slips: dict[str, dict[float, float]], context: Context) -> list[Finding]:
    if not slips:
        return []
    named = "; ".join(
        f"{name!r}: " + ", ".join(f"{value:.6g} (perhaps {placed:.6g})" for value, placed in list(found.items())[:3])
        for name, found in list(slips.items())[:NAMED]
    )
    return [
        Finding(
            code="TW110",
            severity="note",
            message=f"Single numbers that look like a slip of the decimal point or another unit: {named}.",
            columns=tuple(slips),
            evidence={"slips": {n: {f"{v:.15g}": p for v, p in list(f.items())[:20]} for n, f in slips.items()}}
            | context.sampled_note,
            remedy="look at these rows in the source and correct what is wrong; nothing was changed",
        )
    ]


def _far(far: dict[str, tuple[float, ...]], context: Context) -> list[Finding]:
    if not far:
        return []
    named = "; ".join(
        f"{name!r}: " + ", ".join(f"{value:.6g}" for value in values[:3]) for name, values in list(far.items())[:NAMED]
    )
    return [
        Finding(
            code="TW110",
            severity="note",
            message=f"Single numbers far from all others: {named}.",
            columns=tuple(far),
            evidence={"far": {name: list(values[:20]) for name, values in far.items()}} | context.sampled_note,
            remedy=(
                "look at these rows: a rare truth is worth keeping, a faulty reading is not; nothing was changed "
                "(trees hardly mind, linear models and networks do)"
            ),
        )
    ]


CHECK = Check("TW110", "outliers", "warning", "Impossible-looking numbers", run)
