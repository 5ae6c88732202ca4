"""Finds rows with the same features and different labels: no model can be right about all of them."""

from __future__ import annotations

import polars as pl

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

NOTE, WARNING = 0.005, 0.05


def run(context: Context) -> list[Finding]:
    if not context.classes:
        raise NotApplicable("the target is a number; equal rows may differ in it")
    if not context.features:
        raise NotApplicable("there is no feature column")
    rows = context.development.select([column.name for column in context.features]).hash_rows()
    pairs = pl.DataFrame({"row": rows, "label": context.y}).group_by("row", "label").len()
    by_row = pairs.group_by("row").agg(pl.col("len").sum().alias("all"), pl.col("len").max().alias("most"))
    conflicting = by_row.filter(pl.col("all") > pl.col("most"))
    count = int(conflicting["all"].sum())
    share = count / max(context.n, 1)
    if share < NOTE:
        return []
    wrong = int((conflicting["all"] - conflicting["most"]).sum())
    best = 1 - wrong / context.n
    return [
        Finding(
            code="TW103",
            severity="warning" if share >= WARNING and not context.few_combinations else "note",
            message=(
                f"{count:,} development rows ({share:.1%}) have the same features as a row with another "
                "label; "
                f"no model can exceed an accuracy of {best:.1%} on these rows and the rest."
            ),
            columns=(context.target.column,),
            evidence={"rows": count, "share": round(share, 4), "best_accuracy": round(best, 4)},
            remedy="look at some of them: correct wrong labels, or add the column that tells them apart",
        )
    ]


CHECK = Check("TW103", "conflicting-labels", "warning", "Equal rows with different labels", run)
