"""Names number columns that hold infinite values, which are read as missing."""

from __future__ import annotations

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Kind

NOTED = "infinite"  # the code under which typing a table notes the values that it made missing


def run(context: Context) -> list[Finding]:
    columns = context.of_kind(Kind.NUMBER)
    if not columns:
        raise NotApplicable("there is no number column")
    said = {name: note.message for note in context.notes if note.code == NOTED for name in note.columns}
    for column in columns:
        values = context.development[column.name]
        count = int(values.is_infinite().sum() or 0) if values.dtype.is_float() else 0
        if count:
            said[column.name] = f"column {column.name!r}: {count} infinite values count as missing"
    said = {name: message for name, message in said.items() if name != context.target.column}
    return [
        Finding(
            code="TW107",
            severity="warning",
            message=message[:1].upper() + message[1:] + ".",
            columns=(name,),
            remedy=f"mostly a division by zero: repair the source, or leave it out: {flag('--ignore', [name])}",
        )
        for name, message in said.items()
    ]


CHECK = Check("TW107", "infinite-values", "warning", "Infinite values", run)
