"""Finds rows that stand in the development part several times, in every column."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.schema import Role

NOTE, WARNING = 0.005, 0.05


def run(context: Context) -> list[Finding]:
    names = context.names(Role.FEATURE, Role.TARGET, Role.GROUP, Role.TIME, Role.CLUSTER)
    repeated = context.n - context.development.select(names).hash_rows().n_unique()
    share = repeated / max(context.n, 1)
    if share < NOTE:
        return []
    natural = context.few_combinations
    because = " The columns allow few combinations, so this may be natural." if natural else ""
    return [
        Finding(
            code="TW101",
            severity="warning" if share >= WARNING and not natural else "note",
            message=(
                f"{repeated:,} of {context.n:,} development rows ({share:.1%}) repeat an earlier row in "
                f"every column.{because}"
            ),
            evidence={"repeated": repeated, "rows": context.n, "share": round(share, 4)},
            remedy=(
                "remove copies that are not separate observations; where they are, name what they share "
                "with --group"
            ),
        )
    ]


CHECK = Check("TW101", "duplicate-rows", "warning", "The same row several times", run)
