"""Finds columns that are empty or hold one value in all development rows."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.schema import Kind, Role


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
    for names, what in ((empty, "have no value"), (constant, "hold a single value")):
        if names:
            found.append(
                Finding(
                    code="TW104",
                    severity="note",
                    message=f"{len(names)} columns {what} in the development rows and cannot help a model.",
                    columns=tuple(names),
                    remedy="nothing to do; check the export if you expected values in them",
                )
            )
    return found


CHECK = Check("TW104", "constant-columns", "note", "Empty columns and columns with one value", run)
