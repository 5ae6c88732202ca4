"""Names classes with too few examples to learn from or to measure."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

WARNING, NOTE = 10, 30
HIGH = NOTE  # from here on a recall of 80 % is known to about 15 points (95 % Wilson interval)


def run(context: Context) -> list[Finding]:
    if not context.classes:
        raise NotApplicable("the target is a number")
    counts = np.bincount(context.y, minlength=len(context.target.classes))
    found = []
    for severity, low, high in (("warning", 0, WARNING), ("note", WARNING, NOTE)):
        few = {context.target.classes[i]: int(c) for i, c in enumerate(counts) if low <= c < high}
        if not few:
            continue
        rarest = sorted(few.items(), key=lambda item: item[1])[:5]
        named = ", ".join(f"{name!r} ({count})" for name, count in rarest)
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        have = "1 class has" if len(few) == 1 else f"{len(few)} classes have"
        missing = {name: HIGH - count for name, count in few.items()}
        found.append(
            Finding(
                code="TW301",
                severity=severity,
                message=f"{have} fewer than {high} development rows: {named}{more}. {_consequence(severity)}",
                columns=(context.target.column,),
                evidence={"rows": few, "missing_to_measure": missing},
                remedy=_remedy(rarest),
            )
        )
    return found


def _consequence(severity: str) -> str:
    if severity == "warning":
        return "A model can hardly learn them, and their recall cannot be measured: one row more or less is 10 points."
    return "Their recall can be measured to within 15 to 30 points only."


def _remedy(rarest: list[tuple[str, int]]) -> str:
    more = ", ".join(f"{HIGH - count} more of {name!r}" for name, count in rarest[:3])
    return (
        f"label {more} (30 rows measure a recall to about 15 points), or merge them with a similar class in the table; "
        "until then read their figures as anecdotes"
    )


CHECK = Check("TW301", "rare-classes", "warning", "Classes with too few examples", run)
