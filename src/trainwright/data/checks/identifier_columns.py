"""Names the columns that number or name rows and are therefore kept from the models."""

from __future__ import annotations

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.schema import Kind, Role


def run(context: Context) -> list[Finding]:
    apart = [c.name for c in context.schema.columns if c.kind is Kind.IDENTIFIER and c.role in (Role.ID, Role.IGNORED)]
    used = [c.name for c in context.schema.columns if c.kind is Kind.IDENTIFIER and c.role is Role.FEATURE]
    found = []
    if apart:
        found.append(
            Finding(
                code="TW105",
                severity="note",
                message=f"{_columns(apart)} rows apart and {'is' if len(apart) == 1 else 'are'} not used as features.",
                columns=tuple(apart),
                remedy=f"to use it after all, give its kind: {flag('--kind', [apart[0] + '=category'])} or "
                f"{flag('--kind', [apart[0] + '=number'])}",
            )
        )
    if used:
        found.append(
            Finding(
                code="TW105",
                severity="warning",
                message=(
                    f"{_columns(used)} rows apart but {'is a feature' if len(used) == 1 else 'are features'}: "
                    "a model can learn rows by heart."
                ),
                columns=tuple(used),
                remedy=f"leave out: {flag('--ignore', used)}; or name what rows share: {flag('--group', used[:1])}",
            )
        )
    return found


def _columns(names: list[str]) -> str:
    return "1 column tells" if len(names) == 1 else f"{len(names):,} columns tell"


CHECK = Check("TW105", "identifier-columns", "warning", "Columns that number or name rows", run)
