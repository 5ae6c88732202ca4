"""Counts development rows that hold too little to learn from."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.low_quality import low_quality

LISTED = 20


def run(context: Context) -> list[Finding]:
    if not context.features:
        raise NotApplicable("there is no feature column")
    found = low_quality(context.development, context.schema)
    counts = found.counts()
    if not counts:
        return []
    total = int(found.any.sum())
    numbers = context.split.development if context.split is not None else np.arange(context.n)
    numbers = numbers if len(numbers) == context.n else np.arange(context.n)
    reasons = "; ".join(f"{reason} in {count:,}" for reason, count in counts.items())
    return [
        Finding(
            code="TW112",
            severity="note",
            message=f"{total:,} of {context.n:,} development rows hold too little to learn from: {reasons}.",
            evidence={"counts": counts, "rows": numbers[found.any][:LISTED].tolist(), "share": total / context.n},
            remedy=(
                "find out how they came to be; --filter-low-quality learns nothing from them and still counts them "
                "in every figure"
            ),
        )
    ]


CHECK = Check("TW112", "low-quality-rows", "note", "Rows that hold too little", run)
