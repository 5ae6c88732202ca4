"""Names labels that are probably wrong: what models that did not see a row think of its label."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.label_quality.confident import suspect_classes
from trainwright.data.label_quality.residuals import suspect_numbers
from trainwright.data.label_quality.texts import out_of_fold_texts
from trainwright.data.schema import Kind

CODE = "TW304"
# Fewer suspects than this are no finding: honest tables have an odd row or two, a hundredth of a small one.
FEWEST, FEWEST_SHARE, ENOUGH = 3, 0.01, 30
WARNING = 0.05
LEAST_ROWS = 50
LISTED = 10


def run(context: Context) -> list[Finding]:
    from trainwright.data.checks.quick_model import out_of_fold

    if context.n < LEAST_ROWS:
        raise NotApplicable(f"there are fewer than {LEAST_ROWS} development rows")
    if not context.features:
        raise NotApplicable("there is no feature column")
    table = context.quick
    rows, k = table.rows, len(context.target.classes) if context.classes else 0
    y = context.y[rows]
    same = k > 0 and table.classes == k and np.array_equal(table.y, y)
    prediction = table.prediction if same else out_of_fold(table.x, y, table.folds, classes=k)
    if k and context.of_kind(Kind.TEXT):
        prediction = _better(prediction, _of_texts(context, rows, y, k), y)
    found = suspect_classes(y, prediction) if k else suspect_numbers(y, prediction, table.folds)
    document = found.to_json(context.row_numbers[rows], tuple(context.target.classes) if k else ())
    return findings_of(document, context.target.column, quick=True)


def _of_texts(context: Context, rows: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """(m, k) what the words of the rows' texts say."""
    from trainwright.data.checks.quick_model import fold_numbers

    columns = [column.name for column in context.of_kind(Kind.TEXT)]
    parts = [context.development[name][rows].cast(pl.String).fill_null("").to_list() for name in columns]
    texts = [" ".join(part) for part in zip(*parts)]
    return out_of_fold_texts(texts, y, fold_numbers(len(rows)), k)


def _better(first: np.ndarray, second: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The probabilities that give the labels more, on average of their logarithms."""
    own = [np.log(np.maximum(p[np.arange(len(y)), y], 1e-3)).mean() for p in (first, second)]
    return first if own[0] >= own[1] else second


def findings_of(
    document: dict[str, Any], target: str, *, project: str | None = None, quick: bool = False
) -> list[Finding]:
    """TW304 for the suspects of a training or of the quick model.

    Args:
        document: `Suspects.to_json`.
        target: the column that holds the labels.
        project: whose latest run has the list; None before a training.
        quick: a small model on a sample found them.
    """
    count, looked_at, share = document["count"], document["rows_looked_at"], document["share"]
    if document["overlap"] or count < max(FEWEST, min(FEWEST_SHARE * looked_at, ENOUGH)):
        return []
    if document["pairs"]:
        often = document["pairs"][0]
        message = (
            f"{count:,} of {looked_at:,} labels look wrong (about {share:.1%} are estimated to be), most often "
            f"{often['given']!r} where {often['suggested']!r} is expected ({often['count']:,})."
        )
    else:
        message = f"{count:,} of {looked_at:,} numbers in {target!r} lie far from what their row lets expect."
    estimated = share if share is not None and document["pairs"] else 0.0
    if project is None:
        remedy = "train, then look at them: `trainwright data labels list PROJECT`"
    else:
        remedy = (
            f"look at them with `trainwright data labels list {project}`; `trainwright data labels accept {project} "
            "ROW,ROW` corrects them in a new dataset version, `reject` keeps them"
        )
    if quick:
        message += " (A quick model looked; the training's own models look again.)"
    return [
        Finding(
            code=CODE,
            severity="warning" if estimated > WARNING else "note",
            message=message,
            evidence={**{key: document[key] for key in ("count", "rows_looked_at", "share", "pairs")},
                      "rows": document["rows"][:LISTED]},
            remedy=remedy,
        )
    ]  # fmt: skip


CHECK = Check(CODE, "label-errors", "warning", "Labels that are probably wrong", run)
