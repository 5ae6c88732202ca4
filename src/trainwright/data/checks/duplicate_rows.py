"""Finds rows that stand in the development part several times, in every column."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.copies import COMBINATIONS_PER_ROW, combinations
from trainwright.data.schema import Role

NOTE, WARNING = 0.005, 0.05
# From this share on every row has a copy. That is remarkable even where the columns allow few combinations, unless the
# different rows are at least half of them.
EVERY, FILLED = 0.99, 0.5


def run(context: Context) -> list[Finding]:
    names = context.names(Role.FEATURE, Role.TARGET, Role.GROUP, Role.TIME, Role.CLUSTER)
    different = context.development.select(names).hash_rows().n_unique()
    repeated = context.n - different
    share = repeated / max(context.n, 1)
    if share < NOTE:
        return []
    copies = context.copies
    every = copies.rows >= EVERY * context.n and not _filled(context)
    return [
        Finding(
            code="TW101",
            severity="warning" if every or (share >= WARNING and not copies.natural) else "note",
            message=(
                f"{repeated:,} of {context.n:,} development rows ({share:.1%}) repeat an earlier row in "
                f"every column, so {different:,} rows are different.{_because(context, every)}"
            ),
            evidence={
                "repeated": repeated,
                "rows": context.n,
                "share": round(share, 4),
                "different": different,
                "natural": copies.natural and not every,
                "kept_on_one_side": _kept(context),
            },
            remedy=(
                "remove copies that are not separate observations; where they are, name what they share with --group"
            ),
        )
    ]


def _filled(context: Context) -> bool:
    """Whether the different rows are most of the combinations that the features allow."""
    names = [column.name for column in context.features]
    possible = combinations(context.development, names, COMBINATIONS_PER_ROW * context.n)
    return possible is not None and possible > 1 and context.copies.different >= FILLED * possible


def _because(context: Context, every: bool) -> str:
    """What the repeats come from, and what the split does about them."""
    kept = " Copies stay on one side of every cut of the split." if _kept(context) else ""
    if every:
        return " Every row has a copy: the table counts each observation several times." + kept
    if context.copies.natural:
        return " The columns allow few combinations or often nearly agree, so this may be natural."
    return " Chance does not explain it." + kept


def _kept(context: Context) -> bool:
    """Whether the split keeps copies together."""
    return context.random_split and context.copies.kept_whole is not None


CHECK = Check("TW101", "duplicate-rows", "warning", "The same row several times", run)
