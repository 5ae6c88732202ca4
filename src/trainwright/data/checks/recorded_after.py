"""Finds columns that look recorded after the outcome: by their name, what they know, and for whom they are filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.data.checks.after_words import after_word
from trainwright.data.checks.association import as_codes, wilson_low
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.checks.quick_model import Known, design
from trainwright.data.checks.quick_table import QuickTable
from trainwright.data.schema import Column

LEAST_ROWS, LEAST, SURE = 100, 20, 4.0
TOLD, PERHAPS_TOLD = 0.1, 0.05
# A column is filled for one class if its rows that are neither empty nor of the most usual value are nearly all of it.
USUAL, MOSTLY, AT_MOST = 0.5, 0.95, 0.5
NAMED = 20


@dataclass(frozen=True)
class Suspect:
    """A column that looks recorded after the outcome: why, in words, what it knows, and how sure that is."""

    column: Column
    why: str
    skill: float
    severity: str


def run(context: Context) -> list[Finding]:
    context.need(LEAST_ROWS, LEAST)
    suspects: list[Suspect] = []
    named = [(c, after_word(c.name, context.target.column)) for c in context.features]
    for column, word in [pair for pair in named if pair[1] is not None]:
        if len(suspects) < NAMED and context.seconds_left > 0 and word is not None:
            suspects += _by_name(context, column, *word)
    known = {suspect.column.name for suspect in suspects if suspect.severity == "warning"}
    filled = [s for c in context.features if c.name not in known for s in _by_filling(context, c)]
    names = {suspect.column.name for suspect in filled}
    suspects = [s for s in suspects if s.column.name not in names]
    return [
        *_finding(context, [s for s in suspects if s.severity == "warning"], "are named after the outcome and know it"),
        *_finding(context, filled, "are filled for one outcome alone"),
        *_finding(context, [s for s in suspects if s.severity == "note"], "have names that speak of what comes later"),
    ]


def _by_name(context: Context, column: Column, word: str, alone: bool) -> list[Suspect]:
    """A suspect if the name says so, more surely where the column knows the target."""
    table = context.quick
    told, about = _told(context, table, column)
    sure = told.deviations >= SURE
    warning = sure and told.value >= TOLD
    if not alone:
        if not sure or told.value < PERHAPS_TOLD:
            return []
        others = [j for j, other in enumerate(table.columns) if other.name != column.name]
        warning = warning and told.value >= table.skill_of(table.predict(others))
    why = f"{column.name!r} (the word {word!r}"
    why += f"; it tells {told.value:.0%} of what there is to know about {about})" if sure else ")"
    return [Suspect(column, why, told.value, "warning" if warning else "note")]


def _told(context: Context, table: QuickTable, column: Column) -> tuple[Known, str]:
    x = design(context.development.select(column.name)[table.rows], [column])
    told, one = table.told_by(x)
    return told, one.about(context.target)


def _by_filling(context: Context, column: Column) -> list[Suspect]:
    """A suspect if the rows in which something stands are nearly all of one class."""
    if not context.classes:
        return []
    values = context.sampled[column.name]
    codes = as_codes(values)  # missing has a code too
    counts = np.bincount(codes)
    empty = values.is_null().to_numpy()
    usual = int(counts.argmax())
    unfilled = empty if empty.mean() >= USUAL else codes == usual if counts[usual] >= USUAL * len(codes) else None
    if unfilled is None or (counts > 0).sum() < 3:  # two values: the check of yes/no columns looks
        return []
    y = context.y[context.sample]
    filled = int((~unfilled).sum())
    held = np.bincount(y[~unfilled], minlength=len(context.target.classes))
    c = int(held.argmax())
    overall = float((y == c).mean())
    if filled < LEAST or overall > AT_MOST or wilson_low(int(held[c]), filled) < MOSTLY - 0.05:
        return []
    share = held[c] / filled
    if share < MOSTLY:
        return []
    why = (
        f"{column.name!r} (filled in {filled:,} of {len(y):,} rows, {share:.0%} of them "
        f"{context.target.classes[c]!r}; {overall:.0%} overall)"
    )
    return [Suspect(column, why, float(share), "warning")]


def _finding(context: Context, suspects: list[Suspect], what: str) -> list[Finding]:
    """One finding for all columns of a kind, with one line that leaves them all out."""
    if not suspects:
        return []
    names = tuple(suspect.column.name for suspect in suspects)
    one = len(suspects) == 1
    what = what.replace("are ", "is ").replace("have names that speak", "has a name that speaks") if one else what
    what = what.replace(" know it", " knows it") if one else what
    return [
        Finding(
            code="TW206",
            severity=suspects[0].severity,
            message=(
                f"{'Column' if one else f'{len(names)} columns'} {'; '.join(s.why for s in suspects)} {what}: "
                f"{'it' if one else 'they'} may be recorded when {context.target.column!r} is already known."
            ),
            columns=names,
            evidence={"columns": {s.column.name: round(s.skill, 4) for s in suspects}, **context.sampled_note},
            remedy=(
                f"if not known at the moment of prediction, train with {flag('--ignore', names)}; otherwise there "
                "is nothing to do"
            ),
        )
    ]


CHECK = Check("TW206", "recorded-after", "warning", "Columns that look recorded after the outcome", run, models=True)
