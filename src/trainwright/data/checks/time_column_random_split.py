"""Proposes a split in time where rows have dates, also dates hidden in text, and were parted by chance."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_numbers, bins_of, strength
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.checks.order_matters import Order, order_matters
from trainwright.data.hidden_dates import Hidden, hidden_dates, recipe
from trainwright.data.schema import Column, Kind, Role

# A date of birth says who somebody is, not when the row was written.
NOT_WHEN = re.compile(r"birth|\bdob\b|born", re.IGNORECASE)
MOMENTS, DRIFT, BLOCKS = 10, 0.1, 10
# How many date columns are measured by models, and how many columns searched for hidden dates.
MEASURED, SEARCHED = 2, 500


@dataclass(frozen=True)
class _When:
    """A column that may say when a row arose.

    Args:
        column: the column.
        moments: (n,) Datetime of the sampled rows.
        hidden: how they are hidden in its values, or None.
    """

    column: Column
    moments: pl.Series
    hidden: Hidden | None


def run(context: Context) -> list[Finding]:
    if not context.random_split:
        raise NotApplicable("the split obeys time, groups or parts given by the user, or there is none")
    found = [when for when in _dates(context) if when.moments.drop_nulls().n_unique() >= MOMENTS]
    if not found:
        raise NotApplicable("there is no date column, and no date hidden in text")
    findings = []
    others = {when.column.name for when in found}
    for number, when in enumerate(found):
        numbers = as_numbers(when.moments)
        drift = strength(
            bins_of(numbers, np.ones(len(numbers), dtype=bool), BLOCKS), context.y[context.sample], context.classes
        )
        order = (
            order_matters(context, numbers, leave_out=others) if number < MEASURED and context.time_for_models else None
        )
        findings.append(_finding(context, when, drift, order))
    return findings


def _dates(context: Context) -> list[_When]:
    """Date columns first, then columns whose values hold a date."""
    columns = [c for c in context.schema.columns if c.role in (Role.FEATURE, Role.IGNORED, Role.ID)]
    columns = [c for c in columns if c.name in context.held and not NOT_WHEN.search(c.name)]
    dates = [
        _When(c, context.sampled[c.name], None) for c in columns if c.kind is Kind.DATETIME and c.role is not Role.ID
    ]
    texts = [c for c in columns if c.kind in (Kind.CATEGORY, Kind.TEXT, Kind.IDENTIFIER, Kind.NUMBER)]
    for column in texts[:SEARCHED]:
        hidden = hidden_dates(context.sampled[column.name])
        if hidden is not None:
            dates.append(_When(column, hidden.values, hidden))
    return dates


def _finding(context: Context, when: _When, drift: float, order: Order | None) -> Finding:
    name = when.column.name
    moves = f" The target changes over it (association {drift:.2f} of 1)." if drift >= DRIFT else ""
    measured = f" {order.words}" if order is not None else ""
    hidden = when.hidden
    holds = "holds dates" if hidden is None else f"holds a date in its values ({hidden.pattern.words})"
    if hidden is None:
        remedy = f"if it is the moment at which a row arises, train with {flag('--time', [name])}"
    else:
        new = re.sub(r"\W+", "_", name).strip("_") + "_date"
        train = f"then train with {flag('--time', [new])}"
        remedy = f"if it is the moment at which a row arises, {recipe(name, hidden.pattern)}; {train}"
    evidence = {"association": round(drift, 4), **context.sampled_note}
    if hidden is not None:
        evidence |= {"hidden": hidden.pattern.words, "share_read": round(hidden.share, 4)}
    if order is not None:
        evidence |= order.to_json()
    return Finding(
        code="TW401",
        severity="warning" if drift >= DRIFT or (order is not None and order.matters) else "note",
        message=(
            f"Column {name!r} {holds}, but rows were parted by chance: a model that will predict later "
            f"rows is then tested on rows among those it knows.{moves}{measured}"
        ),
        columns=(name,),
        evidence=evidence,
        remedy=remedy,
    )


CHECK = Check("TW401", "time-column-random-split", "warning", "Dates, but a random split", run)
