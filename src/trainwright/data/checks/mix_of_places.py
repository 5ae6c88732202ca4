"""Compares how often each site, shift, operator or other category occurs in the development and the test part."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.holm import holm
from trainwright.data.schema import Column, Kind, Role

LEAST_ROWS, MOST_VALUES, MOST_NUMBERS, MOST_FINDINGS = 30, 50, 20, 10
LEVEL, LEAST_EXPECTED = 0.001, 5.0
# Share of rows that would have to change their value to make both parts alike, beyond what chance makes of it.
EFFECT = {"given": 0.1, "time": 0.1, "group": 0.3, "chance": 0.1}
# That the months of a later part are other months is no news.
CALENDAR = re.compile(r"year|month|quarter|season|week|date|(?:^|[^a-z])day|jahr|monat|woche", re.IGNORECASE)


@dataclass(frozen=True)
class _Mix:
    """One column in both parts.

    Args:
        name: of the column.
        distance: total variation distance, less what chance makes of it: a share of the rows.
        p: of the chi-squared test that both parts have the same shares.
        moved: value -> (share in development, share in test), of values that development rows hold, most moved first.
        unseen: number of values in the test part that no development row holds, and the share of test rows with one.
    """

    name: str
    distance: float
    p: float
    moved: dict[str, tuple[float, float]]
    unseen: tuple[int, float]


def run(context: Context) -> list[Finding]:
    how = context.drawn
    test = context.test_features
    assert test is not None
    if min(test.height, context.n) < LEAST_ROWS:
        raise NotApplicable(f"a part has fewer than {LEAST_ROWS} rows")
    mixes = [_compare(context.development[c.name], test[c.name]) for c in _columns(context, test)]
    if not mixes:
        raise NotApplicable(f"no column has 2 to {MOST_VALUES} values in both parts")
    corrected = holm(np.array([mix.p for mix in mixes]))  # many columns are compared
    sure = [mix for mix, p in zip(mixes, corrected) if p <= LEVEL]
    kept = [mix for mix in sure if mix.distance >= EFFECT[how] or mix.unseen[1] >= EFFECT[how]]
    kept.sort(key=lambda m: -m.distance)
    return [_finding(mix, how) for mix in kept[:MOST_FINDINGS]]


def _columns(context: Context, test: pl.DataFrame) -> list[Column]:
    """Columns of few values, features or not: a site that no model may see matters as much."""
    roles = (Role.FEATURE, Role.IGNORED, Role.CLUSTER)
    held, chosen = set(test.columns), []
    for c in context.schema.columns:
        if c.role not in roles or c.name not in context.held or c.name not in held:
            continue
        if c.kind in (Kind.DATETIME, Kind.CONSTANT, Kind.TEXT):
            continue
        if c.distinct > 4 * MOST_VALUES or test[c.name].null_count() == test.height:
            continue
        values = context.development[c.name].drop_nulls()
        if c.kind is Kind.NUMBER and (values.len() == 0 or not bool((values.cast(pl.Float64) % 1 == 0).all())):
            continue
        if 2 <= values.n_unique() <= (MOST_NUMBERS if c.kind is Kind.NUMBER else MOST_VALUES):
            chosen.append(c)
    return chosen


def _compare(development: pl.Series, test: pl.Series) -> _Mix:
    from scipy.stats import chi2

    ours, theirs = _counts(development), _counts(test.cast(development.dtype))
    names = sorted(ours.keys() | theirs.keys(), key=str)
    a = np.array([ours.get(name, 0) for name in names], dtype=np.float64)
    b = np.array([theirs.get(name, 0) for name in names], dtype=np.float64)
    m, n = a.sum(), b.sum()
    pooled = (a + b) / (m + n)
    # Expected distance of two samples of one distribution: mean of |normal|, half the sum over the values.
    chance = 0.5 * float(np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / m + 1 / n)).sum())
    distance = max(0.0, 0.5 * float(np.abs(a / m - b / n).sum()) - chance)
    rare = pooled * min(m, n) < LEAST_EXPECTED
    table = np.stack([np.append(a[~rare], a[rare].sum()), np.append(b[~rare], b[rare].sum())])
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    p = float(chi2.sf(statistic, table.shape[1] - 1)) if table.shape[1] > 1 else 1.0
    seen = [i for i in range(len(names)) if a[i] > 0]
    order = sorted(seen, key=lambda i: -abs(a[i] / m - b[i] / n))
    moved = {str(names[i]): (round(float(a[i] / m), 4), round(float(b[i] / n), 4)) for i in order[:3]}
    return _Mix(development.name, distance, p, moved, (int((a == 0).sum()), float(b[a == 0].sum() / n)))


def _counts(values: pl.Series) -> dict[object, int]:
    table = values.cast(pl.String).fill_null("(missing)").value_counts()
    return dict(table.iter_rows())


def _finding(mix: _Mix, how: str) -> Finding:
    shifts = [f"{name} {before:.0%} -> {after:.0%}" for name, (before, after) in mix.moved.items()]
    count, share = mix.unseen
    verb = "value that no development row holds" if count == 1 else "values that no development row holds"
    unseen = f" {share:.0%} of the test rows have one of {count} {verb}." if count else ""
    expected = how == "time" and CALENDAR.search(mix.name) is not None
    return Finding(
        code="TW404",
        severity="note" if how == "chance" or expected else "warning",
        message=(
            f"the parts are mixed differently by {mix.name!r}: about {mix.distance:.0%} of the test rows would need "
            f"another value to be mixed like the development rows (from development to test: {', '.join(shifts)})."
            f"{unseen} One figure for the test part is then about another mix than the model was made for."
        ),
        columns=(mix.name,),
        evidence={
            "distance": round(mix.distance, 4),
            "p": float(f"{mix.p:.3g}"),
            "moved": {name: list(pair) for name, pair in mix.moved.items()},
            "unseen_values": count,
            "share_of_unseen": round(share, 4),
            "split": how,
        },
        remedy=(
            f"decide which mix the model will meet: collect rows for what is missing, keep shares alike with "
            f"{flag('--stratify', [mix.name])}, or test on places never seen with {flag('--group', [mix.name])}"
            if how != "chance"
            else f"keep its shares alike in all parts with {flag('--stratify', [mix.name])}"
        ),
    )


CHECK = Check("TW404", "mix-of-places", "warning", "Sites, shifts or operators mixed differently in the parts", run)
