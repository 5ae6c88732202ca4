"""Finds columns whose gaps go with the target: values entered only after the outcome."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.association import strength
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

LEAST, NOTE, WARNING = 20, 0.15, 0.5


def run(context: Context) -> list[Finding]:
    y = context.y[context.sample]
    found, looked = [], 0
    for column in context.features:
        missing = context.sampled[column.name].is_null().to_numpy()
        if not LEAST <= missing.sum() <= len(missing) - LEAST:
            continue
        looked += 1
        value = strength(missing.astype(np.int64), y, context.classes)
        if value < NOTE:
            continue
        found.append(
            Finding(
                code="TW203",
                severity="warning" if value >= WARNING else "note",
                message=(
                    f"Whether {column.name!r} is missing goes with {context.target.column!r} "
                    f"(association {value:.2f} of 1; {missing.mean():.1%} missing)."
                ),
                columns=(column.name,),
                evidence={"association": round(value, 4), **context.sampled_note},
                remedy=(
                    "find out when the value is entered: if only after the outcome, train with "
                    f"{flag('--ignore', [column.name])}; otherwise the gap is information and models use it"
                ),
            )
        )
    if not looked:
        raise NotApplicable("no column has both missing and present values in 20 rows or more")
    return found


CHECK = Check("TW203", "telling-missingness", "warning", "Gaps that go with the target", run)
