"""Names classes with too few examples to learn from or to measure."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

WARNING, NOTE = 10, 30


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
        found.append(
            Finding(
                code="TW301",
                severity=severity,
                message=f"{len(few)} classes have fewer than {high} development rows: {named}{more}.",
                columns=(context.target.column,),
                evidence={"rows": few},
                remedy="label more examples of these classes, or merge them with a similar class",
            )
        )
    return found


CHECK = Check("TW301", "rare-classes", "warning", "Classes with too few examples", run)
