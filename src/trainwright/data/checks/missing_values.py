"""Names feature columns in which many values are missing."""

from __future__ import annotations

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding

NOTE, WARNING = 0.2, 0.8


def run(context: Context) -> list[Finding]:
    shares = {}
    for column in context.features:
        share = context.development[column.name].null_count() / max(context.n, 1)
        if NOTE <= share < 1:  # entirely empty columns are TW104's
            shares[column.name] = round(share, 4)
    found = []
    nearly = {name: share for name, share in shares.items() if share >= WARNING}
    many = {name: share for name, share in shares.items() if share < WARNING}
    for some, severity, least in ((nearly, "warning", WARNING), (many, "note", NOTE)):
        if not some:
            continue
        worst = max(some, key=lambda name: some[name])
        found.append(
            Finding(
                code="TW106",
                severity=severity,
                message=(
                    f"{len(some):,} {'column misses' if len(some) == 1 else 'columns miss'} {least:.0%} of the values "
                    f"or more, most of all {worst!r} with {some[worst]:.0%}."
                ),
                columns=tuple(sorted(some, key=lambda name: -some[name])),
                evidence={"missing_share": some},
                remedy=(
                    "models handle missing values; find out why they are missing, and leave out what will not be there "
                    f"when the model is used: {flag('--ignore', [worst])}"
                ),
            )
        )
    return found


CHECK = Check("TW106", "missing-values", "warning", "Columns with many missing values", run)
