"""Finds a column that alone predicts the target almost perfectly: often it was written after the outcome.

A column is scored on half of the rows by what the other half teaches about it, so one that is different
in every row scores nothing. Thresholds leave honest strong columns alone.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.association import (
    as_numbers,
    column_codes,
    halves,
    mean_by_code,
    r_squared,
    roc_auc,
    wilson_low,
)
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Column, Kind

AUC, ACCURACY_LOW, ERROR_LEFT, R_SQUARED, LEAST = 0.99, 0.97, 0.1, 0.99, 20
KINDS = (Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY, Kind.DATETIME)


def run(context: Context) -> list[Finding]:
    columns = context.of_kind(*KINDS)
    if not columns or len(context.sample) < 2 * LEAST:
        raise NotApplicable("there are too few rows or no columns to score")
    found = []
    for column in columns:
        claim = near_perfect(context, column)
        if claim is None:
            continue
        measure, value = claim
        found.append(
            Finding(
                code="TW201",
                severity="warning",
                message=(
                    f"Column {column.name!r} alone predicts {context.target.column!r} almost perfectly "
                    f"({measure} {value:.3f}): it may have been written after the outcome was known."
                ),
                columns=(column.name,),
                evidence={"measure": measure, "value": round(value, 4), **context.sampled_note},
                remedy=(
                    f"if it is not known at the moment of prediction, train with {flag('--ignore', [column.name])}; "
                    "if it is, there is nothing to do"
                ),
            )
        )
    return found


def near_perfect(context: Context, column: Column) -> tuple[str, float] | None:
    """The measure and its value on the rows not learned from, if it is suspiciously high."""
    y = context.y[context.sample]
    learn = halves(len(y))
    values = context.sampled[column.name]
    codes = column_codes(values, column.kind, learn)
    held = ~learn
    if not context.classes:
        guess = mean_by_code(codes, y, learn)
        value = r_squared(guess[held], y[held])
        if column.kind is Kind.NUMBER:
            value = max(value, _line(as_numbers(values), y, learn))
        return ("R2", value) if value >= R_SQUARED else None
    if len(context.target.classes) == 2:
        positive = y == context.target.positive_index
        if min(positive[held].sum(), (~positive[held]).sum()) < LEAST:
            return None
        value = roc_auc(mean_by_code(codes, positive.astype(float), learn)[held], positive[held])
        return ("ROC-AUC", value) if value >= AUC else None
    guess = _likeliest(codes, y, learn)
    right = int((guess[held] == y[held]).sum())
    majority = float(np.bincount(y[held]).max() / held.sum())
    value = right / int(held.sum())
    sure = wilson_low(right, int(held.sum())) >= ACCURACY_LOW and 1 - value <= ERROR_LEFT * (1 - majority)
    return ("accuracy", value) if sure else None


def _line(numbers: np.ndarray, y: np.ndarray, learn: np.ndarray) -> float:
    """R2 on the held rows of the straight line through the learned ones; a copy in another unit reaches 1."""
    known = ~np.isnan(numbers)
    fit, held = learn & known, ~learn & known
    if fit.sum() < LEAST or held.sum() < 0.9 * (~learn).sum() or np.ptp(numbers[fit]) == 0:
        return 0.0
    centre = numbers[fit].mean()
    x = numbers - centre
    slope = float((x[fit] * (y[fit] - y[fit].mean())).sum() / (x[fit] ** 2).sum())
    return r_squared(y[fit].mean() + slope * x[held], y[held])


def _likeliest(codes: np.ndarray, y: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """(n,) the most frequent class among learned rows of the same code, else of all."""
    width, k = int(codes.max()) + 1, int(y.max()) + 1
    pairs, counts = np.unique(codes[learn] * k + y[learn], return_counts=True)
    best = np.full(width, int(np.bincount(y[learn]).argmax()))
    order = np.argsort(counts, kind="stable")  # the most frequent is written last
    best[pairs[order] // k] = pairs[order] % k
    return best[codes]


CHECK = Check("TW201", "single-column-leak", "warning", "One column nearly gives the target away", run)
