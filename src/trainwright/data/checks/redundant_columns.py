"""Names columns that repeat another column: copies, other codes for the same values, other units of the same number."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context, drawn_rows
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Column, Kind

CORRELATED = 0.999
# Values compared at most; from there on fewer rows are looked at.
CELLS = 20_000_000
LEAST_ROWS, FEWEST_ROWS = 500, 20
# Correlations are first estimated on this many rows, then measured on all that are looked at.
FIRST_ROWS = 400
BLOCK = 512
# Columns in which most values are different are one-to-one with each other by nature.
MOST_DISTINCT = 0.5

WORDS = {
    "copies": ("hold the same values as another one", "is a copy of"),
    "codes": ("say the same as another column in other codes", "has one code for each value of"),
    "units": ("are another column in other units", "goes in a straight line with"),
}


def run(context: Context) -> list[Finding]:
    columns = [c for c in context.features if c.kind is not Kind.TEXT]
    if len(columns) < 2:
        raise NotApplicable("there are fewer than two feature columns that could repeat each other")
    if context.n < FEWEST_ROWS:
        raise NotApplicable(f"there are fewer than {FEWEST_ROWS} development rows")
    rows = drawn_rows(context.n, max(LEAST_ROWS, CELLS // len(columns)))
    frame = context.development if len(rows) == context.n else context.development[rows]
    repeats: dict[str, tuple[str, str]] = {}
    _by_values(frame, columns, repeats)
    _by_line(frame, [c for c in columns if c.kind is Kind.NUMBER and c.name not in repeats], repeats)
    return [finding for kind in WORDS for finding in _findings(kind, repeats, len(rows), context.n)]


def _by_values(frame: pl.DataFrame, columns: list[Column], repeats: dict[str, tuple[str, str]]) -> None:
    """Copies and other codes: columns in which the same rows are alike."""
    seen: dict[bytes, str] = {}
    alike: dict[bytes, str] = {}
    for column in columns:
        values = frame[column.name]
        same = values.cast(pl.Float64) if values.dtype.is_numeric() or values.dtype == pl.Boolean else values
        by_value = _digest(same.hash().to_numpy(), str(same.dtype))
        codes = values.rank("dense").fill_null(0).to_numpy()
        distinct = int(codes.max(initial=0))
        if distinct < 2:
            continue
        if by_value in seen:
            repeats[column.name] = ("copies", seen[by_value])
            continue
        seen[by_value] = column.name
        if distinct > MOST_DISTINCT * len(codes):
            continue
        # The codes in the order in which they first occur are the same for columns that part the rows alike.
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        by_rows = _digest(np.argsort(np.argsort(first))[inverse.reshape(-1)].astype(np.int64), "codes")
        if by_rows in alike:
            repeats[column.name] = ("codes", alike[by_rows])
        else:
            alike[by_rows] = column.name


def _digest(values: np.ndarray, what: str) -> bytes:
    return blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16, person=what[:16].encode()).digest()


def _by_line(frame: pl.DataFrame, columns: list[Column], repeats: dict[str, tuple[str, str]]) -> None:
    """Numbers that go in a straight line with another one, where both are there."""
    if len(columns) < 2:
        return
    names = [column.name for column in columns]
    x = np.column_stack([frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names])
    x[~np.isfinite(x)] = np.nan
    step = max(1, len(x) // FIRST_ROWS)
    first = _standardised(x[::step])
    for begin in range(0, len(names), BLOCK):
        likely = np.abs(first[:, begin : begin + BLOCK].T @ first) / len(first) > CORRELATED - 0.02
        for i, j in zip(*np.nonzero(likely)):
            a, b = begin + int(i), int(j)
            if a < b and names[b] not in repeats and names[a] not in repeats and _on_a_line(x[:, a], x[:, b]):
                repeats[names[b]] = ("units", names[a])


def _standardised(x: np.ndarray) -> np.ndarray:
    """(n, p) float32 with mean 0 and standard deviation 1; missing values lie at the mean, constants at 0."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, x, 0.0)
    centred = np.where(known, x - centred.sum(axis=0) / count, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / len(x))
    return (centred / np.where(deviation > 0, deviation, np.inf)).astype(np.float32)


def _on_a_line(a: np.ndarray, b: np.ndarray) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < max(FEWEST_ROWS, 0.5 * min(np.isfinite(a).sum(), np.isfinite(b).sum())):
        return False
    a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return size > 0 and abs(float(a @ b)) / size > CORRELATED


def _findings(kind: str, repeats: dict[str, tuple[str, str]], looked_at: int, n: int) -> list[Finding]:
    found = {name: other for name, (how, other) in repeats.items() if how == kind}
    if not found:
        return []
    plural, single = WORDS[kind]
    named = "; ".join(f"{name!r} {single} {other!r}" for name, other in list(found.items())[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [
        Finding(
            code="TW111",
            severity="note",
            message=f"{len(found)} column(s) {plural}: {named}{more}.",
            columns=tuple(found),
            evidence={"repeats": dict(list(found.items())[:200]), "rows_looked_at": looked_at, "rows": n},
            remedy=f"importance is shared among repeats; to leave them out: {flag('--ignore', list(found))}",
        )
    ]


CHECK = Check("TW111", "redundant-columns", "note", "Columns that repeat another one", run)
