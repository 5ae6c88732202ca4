"""Asks whether test rows can be told from development rows by their features alone (adversarial validation).

No label is read. Where a small model ranks a test row above a development row far more often than by chance, the
test part is not what the model is trained for, and its figures answer another question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, as_numbers, column_codes, halves, mean_by_code, roc_auc
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.checks.quick_model import design, fold_numbers, out_of_fold
from trainwright.data.schema import Column, Kind, Role

LEAST_ROWS, MOST_ROWS, FOLDS = 30, 5_000, 4
COLUMNS, NAMED, NAMED_FROM = 300, 5, 0.55
# Standard errors of the AUC above one half, before anything is said at all.
SIGMAS = 4.0
# From which AUC on it is a note and a warning. Parts drawn by chance differ by chance; later rows and new groups are
# expected to differ somewhat; a file of the user's own is not.
LEVELS = {"given": (0.55, 0.6), "chance": (0.6, 0.75), "time": (0.6, 0.8), "group": (0.65, 0.8)}
# A column that alone tells the parts apart, hardly repeats a value and rises along the file counts rows or time.
COUNTS_ON, DISTINCT, RISES = 0.99, 0.9, 0.99
# Or whole numbers of which a part holds a good share of all that lie between its first and its last.
DENSE = 0.2
WHY = {
    "given": "the test file was collected differently, at another time or place, or prepared in another way",
    "chance": "rows drawn by chance should not differ: is the order of the file, or a copy of rows, at work?",
    "time": "test rows are later, so some drift is to be expected: it says how much the world has moved",
    "group": "test rows are of other groups, so some difference is to be expected",
}


@dataclass(frozen=True)
class _Parts:
    """Sampled rows of both parts, on top of each other.

    Args:
        frame: n rows, the features.
        test: (n,) bool.
        unit: (n,) codes that folds keep whole: groups, or equal rows; None where all rows differ.
    """

    frame: pl.DataFrame
    test: np.ndarray
    unit: np.ndarray | None


def run(context: Context) -> list[Finding]:
    how = context.drawn
    columns = _columns(context)
    parts = _parts(context, columns)
    alone = {c.name: _alone(parts, c) for c in columns}
    counting = [c for c in columns if alone[c.name] >= COUNTS_ON and _counts(context.development[c.name], c)]
    columns = [c for c in columns if c not in counting]
    found = [_counting(c.name) for c in counting]
    if not columns:
        return found
    auc, error = _told_apart(parts, columns)
    note, warning = LEVELS[how]
    if auc < note or auc - 0.5 < SIGMAS * error:
        return found
    ranked = sorted((c.name for c in columns if alone[c.name] >= NAMED_FROM), key=lambda name: -alone[name])
    low, high = max(0.5, auc - 1.96 * error), min(1.0, auc + 1.96 * error)
    main = Finding(
        code="TW403",
        severity="warning" if auc >= warning else "note",
        message=(
            f"test rows can be told from development rows by their features: of one row of each, a small model picks "
            f"out the test row in {auc:.0%} of cases ({low:.0%} to {high:.0%}; chance is 50%). {_most(ranked, alone)} "
            f"{WHY[how][0].upper()}{WHY[how][1:]}."
        ),
        columns=tuple(ranked[:NAMED]),
        evidence={
            "auc": round(auc, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "columns_alone": {name: round(alone[name], 4) for name in ranked[:NAMED]},
            "split": how,
            "development_rows_looked_at": int((~parts.test).sum()),
            "test_rows_looked_at": int(parts.test.sum()),
        },
        remedy=_remedy(how),
    )
    return [main, *found]


def _columns(context: Context) -> list[Column]:
    test = context.test_features
    assert test is not None
    held = set(test.columns)
    columns = [c for c in context.features if c.name in held and test[c.name].null_count() < test.height]
    if not columns:
        raise NotApplicable("there is no feature column in both parts")
    if len(columns) > COLUMNS:
        columns = [columns[i] for i in np.linspace(0, len(columns) - 1, COLUMNS).astype(int)]
    return columns


def _parts(context: Context, columns: list[Column]) -> _Parts:
    test = context.test_features
    assert test is not None
    if min(test.height, context.n) < LEAST_ROWS:
        raise NotApplicable(f"a part has fewer than {LEAST_ROWS} rows")
    rng = np.random.default_rng(0)
    group = context.schema.with_role(Role.GROUP)
    names = [c.name for c in columns]
    grouped = group is not None and group in context.held and group in test.columns
    if group is not None and grouped:
        names.append(group)
    types = context.development.schema
    sampled = []
    for frame in (context.development.select(names), test.select([pl.col(n).cast(types[n]) for n in names])):
        if frame.height > MOST_ROWS:
            frame = frame[np.sort(rng.choice(frame.height, MOST_ROWS, replace=False))]
        sampled.append(frame)
    both = pl.concat(sampled)
    known = np.repeat([False, True], [sampled[0].height, sampled[1].height])
    # Equal rows share a fold as well: recognised again, they would tell nothing about the parts.
    code = as_codes(both[group]) if group is not None and grouped else both.hash_rows().rank("dense").to_numpy()
    unit = None if len(np.unique(code)) == len(code) else code
    return _Parts(both, known, unit)


def _alone(parts: _Parts, column: Column) -> float:
    """AUC of one column, learned on one half of the rows and measured on the other."""
    learn = halves(len(parts.test))
    codes = column_codes(parts.frame[column.name], column.kind, learn)
    score = mean_by_code(codes, parts.test.astype(np.float64), learn)
    return roc_auc(score[~learn], parts.test[~learn])


def _counts(values: pl.Series, column: Column) -> bool:
    """Whether a column counts rows or time: hardly a value repeats, and values rise with the rows or lie densely."""
    if column.kind is Kind.DATETIME:
        return True
    known = values.drop_nulls()
    if column.kind is not Kind.NUMBER or known.len() < LEAST_ROWS or known.n_unique() < DISTINCT * known.len():
        return False
    numbers = as_numbers(known)
    ranks = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    if abs(float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])) >= RISES:
        return True
    whole = bool((numbers % 1 == 0).all())
    return whole and known.len() >= DENSE * (float(numbers.max() - numbers.min()) + 1)


def _told_apart(parts: _Parts, columns: list[Column]) -> tuple[float, float]:
    """AUC of a quick model, out of fold, and its standard error."""
    x = design(parts.frame, columns)
    folds = fold_numbers(len(parts.test), FOLDS, group=parts.unit)
    score = out_of_fold(x, parts.test.astype(np.int64), folds, classes=2)[:, 1]
    auc = roc_auc(score, parts.test)
    m, n = int(parts.test.sum()), int((~parts.test).sum())
    # Hanley and McNeil (1982), "The meaning and use of the area under a ROC curve", eq. 2.
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n)
    return auc, max(variance, 1e-12) ** 0.5


def _most(ranked: list[str], alone: dict[str, float]) -> str:
    if not ranked:
        return "No column does so alone; it is their combination."
    shown = [f"{name!r} (alone {alone[name]:.0%})" for name in ranked[:NAMED]]
    return "Most by " + ", ".join(shown) + "."


def _counting(name: str) -> Finding:
    return Finding(
        code="TW403",
        severity="note",
        message=(
            f"column {name!r} alone tells test rows from development rows and hardly repeats a value: it counts rows "
            "or time, and says nothing about what the rows are. It is left out of the comparison of the parts."
        ),
        columns=(name,),
        evidence={},
        remedy=f"keep it from the model with {flag('--ignore', [name])}, unless later values mean something to it",
    )


def _remedy(how: str) -> str:
    if how == "chance":
        return "look at these columns in both parts; if rows belong together, name what they share with --group"
    if how == "given":
        return (
            "compare these columns in both files: repair what was prepared differently, leave out what will differ in "
            "use (--ignore), or collect training rows like the test rows"
        )
    return (
        "check that the rows to predict will look like the test rows; leave out columns that only date them (--ignore)"
    )


CHECK = Check("TW403", "told-apart", "warning", "Test rows that differ from development rows", run, models=True)
