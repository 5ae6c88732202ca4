"""Names the columns that number or name rows and are therefore kept from the models."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.schema import Kind, Role


def run(context: Context) -> list[Finding]:
    apart = [
        c.name
        for c in context.schema.columns
        if c.kind is Kind.IDENTIFIER and c.role in (Role.ID, Role.IGNORED)
    ]
    used = [c.name for c in context.schema.columns if c.kind is Kind.IDENTIFIER and c.role is Role.FEATURE]
    found = []
    if apart:
        found.append(
            Finding(
                code="TW105",
                severity="note",
                message=f"{len(apart)} columns tell rows apart and are not used as features.",
                columns=tuple(apart),
                remedy="to use one after all, give its kind: --kind COLUMN=category or --kind COLUMN=number",
            )
        )
    if used:
        found.append(
            Finding(
                code="TW105",
                severity="warning",
                message=(
                    f"{len(used)} columns tell rows apart but are features: a model can learn rows by heart."
                ),
                columns=tuple(used),
                remedy="leave them out with --ignore, or name the one that many rows share with --group",
            )
        )
    return found


CHECK = Check("TW105", "identifier-columns", "warning", "Columns that number or name rows", run)
