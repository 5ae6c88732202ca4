"""Finds columns that are empty or hold one value in all development rows."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.schema import Kind, Role

CONSTANT = ("holds a single value", "hold a single value")


def run(context: Context) -> list[Finding]:
    empty, constant = [], []
    for column in context.schema.columns:
        looked_at = column.role is Role.FEATURE or column.kind is Kind.CONSTANT
        if not looked_at or column.name not in context.held:
            continue
        values = context.development[column.name]
        if values.null_count() == context.n:
            empty.append(column.name)
        elif not values.null_count() and values[0] == values[-1] and values.n_unique() == 1:
            constant.append(column.name)
    found = []
    for names, words in ((empty, ("has no value", "have no value")), (constant, CONSTANT)):
        if names:
            what = f"1 column {words[0]}" if len(names) == 1 else f"{len(names):,} columns {words[1]}"
            found.append(
                Finding(
                    code="TW104",
                    severity="note",
                    message=f"{what} in the development rows and cannot help a model.",
                    columns=tuple(names),
                    evidence={"columns": len(names)},
                    remedy="nothing to do: no model sees them; check the export if you expected values in them",
                )
            )
    return found


CHECK = Check("TW104", "constant-columns", "note", "Empty columns and columns with one value", run)
