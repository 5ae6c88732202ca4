"""Finds yes/no columns one side of which settles the target: failure modes, "was refunded", copied labels.

Such a column predicts nothing where its flag is down, so its overall score stays ordinary.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.association import as_codes, wilson_low
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Kind

LEAST, SURE, LIFT, RARE, SAME = 20, 0.7, 5.0, 0.2, 0.97


def run(context: Context) -> list[Finding]:
    if not context.classes:
        raise NotApplicable("the target is a number")
    kinds = (Kind.BOOLEAN, Kind.NUMBER, Kind.CATEGORY)
    flags = [c for c in context.of_kind(*kinds) if context.sampled[c.name].drop_nulls().n_unique() == 2]
    if not flags:
        raise NotApplicable("there is no column with exactly two values")
    y = context.y[context.sample]
    base = np.bincount(y, minlength=len(context.target.classes)) / len(y)
    found = []
    for column in flags:
        values = context.sampled[column.name]
        codes = as_codes(values)
        for code in np.unique(codes[~values.is_null().to_numpy()]):
            finding = _judge(context, column.name, values, codes == code, y, base)
            if finding is not None:
                found.append(finding)
                break
    return found


def _judge(
    context: Context, name: str, values: object, flagged: np.ndarray, y: np.ndarray, base: np.ndarray
) -> Finding | None:
    """Whether rows with one value of the flag are nearly all of one rare class, or copy a class."""
    rows = int(flagged.sum())
    counts = np.bincount(y[flagged], minlength=len(base))
    c = int(counts.argmax())
    if rows < LEAST or base[c] > 1 - RARE:
        return None
    low, share = wilson_low(int(counts[c]), rows), counts[c] / rows
    rare = base[c] <= RARE and low >= SURE and share >= LIFT * base[c]
    copy = min(share, counts[c] / max((y == c).sum(), 1)) >= SAME
    if not (rare or copy):
        return None
    value = context.sampled[name].filter(flagged)[0]
    return Finding(
        code="TW202",
        severity="warning",
        message=(
            f"Where {name!r} is {value}, {context.target.column!r} is {context.target.classes[c]!r} in "
            f"{share:.0%} of "
            f"{rows:,} rows ({base[c]:.1%} overall): the column may be part of the outcome."
        ),
        columns=(name,),
        evidence={"rows": rows, "share": round(float(share), 4), "overall": round(float(base[c]), 4)},
        remedy=(
            f"if it is not known at the moment of prediction, train with --ignore {name!r}; "
            "if it is, there is nothing to do"
        ),
    )


CHECK = Check("TW202", "telling-flag", "warning", "A yes/no column that settles the target", run)
