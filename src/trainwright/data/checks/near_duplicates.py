"""Finds rows that are copies of another one with small changes: jittered numbers, other letter case or punctuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.near import Nearest, Places, nearest, places
from trainwright.data.schema import Column, Kind

# Radii in standard deviations, as the root mean square difference over the numbers.
RADII = (0.003, 0.007, 0.015)
# Around a copy with small changes there is nothing else as far as three times the radius. Of rows that are alike by
# nature and have one other row within three radii, one in 3^d has it within one, in d dimensions: at most a third.
WIDER, LONELY, BY_NATURE = 3.0, 0.5, 1 / 3
LEAST_ROWS, SHARE, SHARE_GIVEN = 4, 0.01, 0.005
# Standard errors beyond what nature, or the development rows among themselves, would make.
SIGMAS = 4.0
QUERIES, FEWEST_QUERIES, DISTANCES = 1_000, 200, 5e7
NUMBERS, VALUES = 200, 4e7


@dataclass(frozen=True)
class _Near:
    """How many of the rows that were looked at have a near copy.

    Args:
        looked: rows looked at.
        near: of these, rows with a near copy.
        lone: of these, rows with no other row within three radii.
        accompanied: rows with a single other row within three radii, near or not.
    """

    looked: int
    near: int
    lone: int
    accompanied: int

    @property
    def share(self) -> float:
        return self.near / max(self.looked, 1)


def run(context: Context) -> list[Finding]:
    columns = _columns(context)
    rng = np.random.default_rng(0)
    q = sum(c.kind in (Kind.NUMBER, Kind.DATETIME) for c in columns)
    rows = np.arange(context.n)
    if context.n * max(q, 1) > VALUES:
        rows = np.sort(rng.choice(context.n, int(VALUES / q), replace=False))
    development = context.development if len(rows) == context.n else context.development[rows]
    test = _test(context, columns)
    for ratios in (False, True) if q else (False,):
        found = _search(context, columns, development, test, ratios, np.random.default_rng(1))
        if found:
            return found
    return []


def _search(
    context: Context,
    columns: list[Column],
    development: pl.DataFrame,
    test: pl.DataFrame | None,
    ratios: bool,
    rng: np.random.Generator,
) -> list[Finding]:
    """What shows when numbers are compared in standard deviations, or by their ratio."""
    known, scale = places(development, columns, ratios=ratios)
    known = known.take(np.sort(np.unique(known.exact, return_index=True)[1]))
    n = len(known.group)
    if n < 2:
        raise NotApplicable("all development rows are equal")
    count = min(n, QUERIES, max(FEWEST_QUERIES, int(DISTANCES / n)))
    picked = np.sort(rng.choice(n, count, replace=False))
    wide = [WIDER * radius for radius in RADII]
    among = nearest(known.take(picked), known, wide=wide, own=picked)
    within = {radius: _count(among, radius) for radius in RADII}
    note = {
        "measure": "share of the value" if ratios else "standard deviations",
        "rows_looked_at": count,
        "among": n,
        "rows": context.n,
    }
    if test is not None:
        if test.height > count:
            test = test[np.sort(rng.choice(test.height, count, replace=False))]
        points, _ = places(test, columns, scale, ratios=ratios)
        found = _across(points, known, within, note)
        if found:
            return found
    # Where rows repeat each other exactly by chance, as many nearly do: copies must be twice as common.
    natural = 2 * context.copies.rows / max(context.n, 1) if context.copies.natural else 0.0
    return _inside(within, note, natural)


def _test(context: Context, columns: list[Column]) -> pl.DataFrame | None:
    """The compared columns of a test part that was not drawn by chance from the same file."""
    test = context.test_features
    given = context.split is not None and context.split.rule.given_test
    if test is None or not test.height or (context.random_split and not given):
        return None
    held = set(test.columns)
    if any(column.name not in held for column in columns):
        return None
    types = context.development.schema
    return test.select([pl.col(c.name).cast(types[c.name]) for c in columns])


def _columns(context: Context) -> list[Column]:
    """The features that are compared."""
    columns = list(context.features)
    numbers = [c for c in columns if c.kind in (Kind.NUMBER, Kind.DATETIME)]
    if not numbers and not any(c.kind is Kind.TEXT for c in columns):
        raise NotApplicable("there is neither a number nor a text among the features")
    if len(numbers) > NUMBERS:
        kept = {numbers[i].name for i in np.linspace(0, len(numbers) - 1, NUMBERS).astype(int)}
        columns = [c for c in columns if c not in numbers or c.name in kept]
    others = [c for c in columns if c.kind not in (Kind.NUMBER, Kind.DATETIME)][:NUMBERS]
    return [c for c in columns if c.kind in (Kind.NUMBER, Kind.DATETIME) or c in others]


def _count(found: Nearest, radius: float) -> _Near:
    near = (found.typical <= radius) & (found.largest <= WIDER * radius)
    few = (found.typical <= WIDER * radius) & (found.company[WIDER * radius] <= 1)
    return _Near(len(near), int(near.sum()), int((near & few).sum()), int(few.sum()))


def _inside(within: dict[float, _Near], note: dict[str, Any], natural: float) -> list[Finding]:
    """Development rows with a near copy among themselves."""
    for radius, seen in within.items():
        expected = BY_NATURE * seen.accompanied
        error = (expected * (1 - BY_NATURE)) ** 0.5
        enough = seen.lone >= max(LEAST_ROWS, max(SHARE, natural) * seen.looked, expected + SIGMAS * error)
        if enough and seen.lone >= LONELY * seen.accompanied:
            share = seen.near / seen.looked
            return [
                Finding(
                    code="TW109",
                    severity="warning",
                    message=(
                        f"about {share:.1%} of the development rows are nearly equal to another one: the same "
                        f"categories, and numbers that differ by less than {_words(radius, note)}, while no "
                        "other row is anywhere near. Copies with small changes stand on both sides of the cuts, so "
                        "figures are too good."
                    ),
                    evidence={"share": round(share, 4), "radius": radius, "lone": seen.lone, **note},
                    remedy=(
                        "remove the copies (repeated measurements, augmented rows, two exports of one record), or give "
                        "them a column that says what they share and name it with --group"
                    ),
                )
            ]
    return []


def _words(radius: float, note: dict[str, Any]) -> str:
    return (
        f"{radius:g} standard deviations" if note["measure"] == "standard deviations" else f"{radius:.1%} of the value"
    )


def _across(points: Places, known: Places, within: dict[float, _Near], note: dict[str, Any]) -> list[Finding]:
    """Rows of a given test part with a near copy among the development rows, more often than these among themselves."""
    looked = len(points.group)
    points = points.take(np.flatnonzero(~np.isin(points.exact, known.exact)))
    close = nearest(points, known, wide=[WIDER * radius for radius in RADII])
    for radius in RADII:
        seen = _count(close, radius)
        inside = within[radius]
        share, excess = seen.near / looked, seen.near / looked - inside.share
        pooled = (seen.near + inside.near) / (looked + inside.looked)
        error = (pooled * (1 - pooled) * (1 / looked + 1 / inside.looked)) ** 0.5
        if seen.near >= LEAST_ROWS and excess >= max(SHARE_GIVEN, SIGMAS * error):
            return [
                Finding(
                    code="TW109",
                    severity="warning",
                    message=(
                        f"about {share:.1%} of the test rows are nearly equal to a development row (the same "
                        f"categories, numbers within {_words(radius, note)}), where development rows are so near "
                        f"each other in {inside.share:.1%}: the test figures are partly about rows nearly seen before."
                    ),
                    evidence={
                        "share": round(share, 4),
                        "share_within_development": round(inside.share, 4),
                        "radius": radius,
                        "test_rows_looked_at": looked,
                        **note,
                    },
                    remedy="take copies with small changes out of the training file or the test file, and train again",
                )
            ]
    return []


CHECK = Check("TW109", "near-duplicates", "warning", "Rows that nearly equal another one", run)
