"""Proposes a split in time where rows have dates and were parted by chance."""

from __future__ import annotations

import re

from trainwright.data.checks.association import as_numbers, bins_of, strength
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Kind, Role

# A date of birth says who somebody is, not when the row was written.
NOT_WHEN = re.compile(r"birth|\bdob\b|born", re.IGNORECASE)
MOMENTS, DRIFT, BLOCKS = 10, 0.1, 10


def run(context: Context) -> list[Finding]:
    if not context.random_split:
        raise NotApplicable("the split obeys time, groups or parts given by the user, or there is none")
    dates = [
        c.name
        for c in context.schema.columns
        if c.kind is Kind.DATETIME and c.name in context.names(Role.FEATURE, Role.IGNORED)
    ]
    if not dates:
        raise NotApplicable("there is no date column")
    y = context.y[context.sample]
    found = []
    for name in dates:
        values = context.sampled[name]
        if NOT_WHEN.search(name) or values.drop_nulls().n_unique() < MOMENTS:
            continue
        numbers = as_numbers(values)
        drift = strength(bins_of(numbers, numbers == numbers, BLOCKS), y, context.classes)
        moves = f" The target changes over it (association {drift:.2f} of 1)." if drift >= DRIFT else ""
        found.append(
            Finding(
                code="TW401",
                severity="warning" if drift >= DRIFT else "note",
                message=(
                    f"Column {name!r} holds dates, but rows were parted by chance: a model that will "
                    "predict later "
                    f"rows is then tested on rows among those it knows.{moves}"
                ),
                columns=(name,),
                evidence={"association": round(drift, 4), **context.sampled_note},
                remedy=f"if it is the moment at which a row arises, train with --time {name!r}",
            )
        )
    return found


CHECK = Check("TW401", "time-column-random-split", "warning", "Dates, but a random split", run)
