"""Names category columns most of whose values are too rare to learn from."""

from __future__ import annotations

import polars as pl

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Kind

MANY_VALUES, FEW_ROWS, NOTE = 50, 5, 0.2


def run(context: Context) -> list[Finding]:
    columns = context.of_kind(Kind.CATEGORY)
    if not columns:
        raise NotApplicable("there is no category column")
    found = []
    for column in columns:
        values = context.development[column.name].drop_nulls()
        counts = values.value_counts(name="rows_of_value")["rows_of_value"]
        if len(counts) < MANY_VALUES:
            continue
        share = float(counts.filter(counts < FEW_ROWS).sum()) / max(float(counts.sum()), 1.0)
        if share < NOTE:
            continue
        evidence = {"values": len(counts), "share_of_rows_with_rare_values": round(share, 4)}
        unseen = _unseen_share(context, column.name)
        tail = ""
        if unseen is not None:
            tail = f"; {unseen:.0%} of the test rows hold a value that training never saw"
            evidence["test_share_unseen"] = round(unseen, 4)
        found.append(
            Finding(
                code="TW108",
                severity="note",
                message=(
                    f"Column {column.name!r} has {len(counts):,} different values, and {share:.0%} of the "
                    "rows hold "
                    f"one that occurs fewer than {FEW_ROWS} times{tail}."
                ),
                columns=(column.name,),
                evidence=evidence,
                remedy=(
                    "group its values into fewer (a region for a postcode), or leave it out: "
                    + flag("--ignore", [column.name])
                ),
            )
        )
    return found


def _unseen_share(context: Context, name: str) -> float | None:
    test = context.test_features
    if test is None or name not in test.columns or not test.height:
        return None
    known = context.development[name].cast(pl.String).drop_nulls().unique()
    values = test[name].cast(pl.String).drop_nulls()
    return 1 - int(values.is_in(known.implode()).sum()) / len(values) if len(values) else None


CHECK = Check("TW108", "rare-values", "note", "Categories with very many values", run)
