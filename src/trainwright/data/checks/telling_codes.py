"""Finds identifiers and codes that predict the target by their order, beginning or length, and row order that does.

Nothing that only names a row should know the outcome. Where it does, numbers were given after the outcome, codes carry
it, or the world changed while rows were written.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes
from trainwright.data.checks.code_parts import code_parts
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.checks.quick_model import Known, fit_predict, fold_numbers, losses, out_of_fold
from trainwright.data.checks.quick_table import QuickTable
from trainwright.data.schema import Column, Kind, Role

LEAST_ROWS, LEAST = 100, 20
# Few rounds: what changes slowly along a file is told by few steps.
SLOW = 15
NOTE, WARNING, SORTED = 0.02, 0.1, 0.97
# Deviations by which the figure must lie above nothing.
SURE = 4.0
DRIFT, WORSE = 0.03, 1.05
# A category with this many values for its rows, most of them with digits, is a code.
VALUES, DIGITS = 0.2, 0.8
CODES = 12


def run(context: Context) -> list[Finding]:
    context.need(LEAST_ROWS, LEAST)
    table = context.quick
    found = [_code(context, table, column) for column in _codes(context)[:CODES] if context.seconds_left > 0]
    if context.random_split and context.seconds_left > 0:
        found.append(_row_order(context, table))
    return [finding for finding in found if finding is not None]


def _codes(context: Context) -> list[Column]:
    """Columns that name rows, and categories that look like codes."""
    roles = (Role.FEATURE, Role.ID, Role.IGNORED)
    columns = [c for c in context.schema.columns if c.name in context.held and c.role in roles]
    return [c for c in columns if c.kind is Kind.IDENTIFIER or (c.kind is Kind.CATEGORY and _is_code(context, c))]


def _is_code(context: Context, column: Column) -> bool:
    values = context.development[column.name].drop_nulls()
    if values.n_unique() < max(LEAST, VALUES * context.n):
        return False
    return float(values.cast(pl.String).str.contains(r"\d").mean() or 0.0) >= DIGITS  # type: ignore[arg-type]


def _code(context: Context, table: QuickTable, column: Column) -> Finding | None:
    """A finding if the parts of a code know the target."""
    codes = context.development[column.name][table.rows]
    parts = code_parts(codes)
    if not parts:
        return None
    # Rows of one code stay on one side: to know an owner again is the matter of another check.
    table = replace(table, folds=fold_numbers(len(codes), group=as_codes(codes)))
    whole, table = table.told_by(np.stack(list(parts.values()), axis=1))
    if not _tells(whole):
        return None
    single = {name: _skill_alone(table, part) for name, part in parts.items()}
    # The plainest part that tells nearly as much as all together.
    best = next(name for name in single if single[name] >= 0.9 * max(single.values()))
    used = column.role is Role.FEATURE
    return Finding(
        code="TW205",
        severity="warning" if whole.value >= WARNING else "note",
        message=(
            f"{'Code' if used else 'Identifier'} {column.name!r} knows the target: {best} alone tells "
            f"{single[best]:.0%}, all its parts {_words(whole)} of what there is to know about "
            f"{table.about(context.target)}. What only names a row should tell nothing."
            + ("" if used else " No model sees the column.")
        ),
        columns=(column.name,),
        evidence={"part": best, "alone": round(single[best], 4), **whole.to_json(), **table.evidence},
        remedy=(
            "if it is given when the outcome is known, "
            + (f"train with {flag('--ignore', [column.name])}, and " if used else "")
            + "look for other columns filled at the same moment; if it is given in the order of time, train with "
            "--time row-order or with the column that says when; if its part is known in time (a line, a product), "
            "make that a column of its own"
        ),
    )


def _row_order(context: Context, table: QuickTable) -> Finding | None:
    """A finding if the place of a row in the file knows the target."""
    order, one = table.told_by(table.rows.astype(np.float32)[:, None], rounds=SLOW)
    if not _tells(order):
        return None
    evidence = {**order.to_json(), **table.evidence}
    about = f"The place of a row in the file tells {_words(order)} of what there is to know about "
    if _sorted(table) or order.value >= SORTED:
        return Finding(
            code="TW205",
            severity="note",
            message=f"{about}{one.about(context.target)}: the file is sorted by it. Rows are drawn at random, so this "
            "does no harm.",
            evidence=evidence,
            remedy="nothing; but never train on the first rows of such a file alone",
        )
    worse = _ahead(table)
    evidence["loss_on_later_rows"] = round(worse, 4)
    return Finding(
        code="TW205",
        severity="warning" if order.value >= DRIFT and worse >= WORSE else "note",
        message=(
            f"{about}{one.about(context.target)}: it changes along the file, but rows were parted by chance. On "
            f"its last third, the loss of a quick model that learned from the rows before is {worse:.2f} times that of "
            "one that learned from rows among them."
        ),
        evidence=evidence,
        remedy=(
            "if the file is in the order of time and the model will predict later rows, train with --time row-order; "
            "if it is ordered by place, batch or source, name that column with --group"
        ),
    )


def _sorted(table: QuickTable) -> bool:
    """Whether the class changes along the file as seldom as if it were sorted by it."""
    return table.classes > 0 and int((np.diff(table.y) != 0).sum()) <= 3 * (table.classes - 1)


def _ahead(table: QuickTable) -> float:
    """How many times larger the loss on the last third is, learned from all earlier rows and not from random ones."""
    cut = 2 * len(table.y) // 3
    ahead = fit_predict(table.x[:cut], table.y[:cut], table.x[cut:], classes=table.classes)
    later, among = (losses(p, table.y[cut:], table.classes).mean() for p in (ahead, table.prediction[cut:]))
    return float(later) / max(float(among), 1e-12)


def _tells(figure: Known) -> bool:
    return figure.value >= NOTE and figure.deviations >= SURE


def _skill_alone(table: QuickTable, part: np.ndarray) -> float:
    return table.skill_of(out_of_fold(part[:, None], table.y, table.folds, classes=table.classes))


def _words(figure: Known) -> str:
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


CHECK = Check(
    "TW205", "telling-codes", "warning", "Identifiers, codes or row order that know the target", run, models=True
)
