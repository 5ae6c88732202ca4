"""Names number columns that hold infinite values, which are read as missing."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Kind


def run(context: Context) -> list[Finding]:
    columns = [c for c in context.of_kind(Kind.NUMBER) if context.development.schema[c.name].is_float()]
    if not columns:
        raise NotApplicable("there is no column of decimal numbers")
    counts = {c.name: int(context.development[c.name].is_infinite().sum() or 0) for c in columns}
    infinite = {name: count for name, count in counts.items() if count}
    if not infinite:
        return []
    total = sum(infinite.values())
    return [
        Finding(
            code="TW107",
            severity="warning",
            message=f"{total:,} infinite values in {len(infinite)} columns are treated as missing.",
            columns=tuple(infinite),
            evidence={"infinite": infinite},
            remedy="they usually come from a division by zero; write them as missing, or repair the column",
        )
    ]


CHECK = Check("TW107", "infinite-values", "warning", "Infinite values", run)
