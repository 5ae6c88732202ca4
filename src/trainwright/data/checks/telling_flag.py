"""Finds yes/no columns one side of which settles the target: failure modes, "was refunded", copied labels.

Such a column predicts nothing where its flag is down, so its overall score stays ordinary.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, wilson_low
from trainwright.data.checks.commands import flag
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
    judged = []
    for column in flags:
        values = context.sampled[column.name]
        codes = as_codes(values)
        sides = (codes == code for code in np.unique(codes[~values.is_null().to_numpy()]))
        facts = next((fact for side in sides if (fact := _judge(column.name, values, side, y, base))), None)
        if facts is not None:
            judged.append(facts)
    if not judged:
        return []
    return [_finding(context, judged, _siblings([flag.name for flag in flags], [fact["column"] for fact in judged]))]


def _judge(name: str, values: pl.Series, flagged: np.ndarray, y: np.ndarray, base: np.ndarray) -> dict[str, Any] | None:
    """The figures of a flag, if rows with one of its values are nearly all of one rare class, or copy a class."""
    rows = int(flagged.sum())
    counts = np.bincount(y[flagged], minlength=len(base))
    c = int(counts.argmax())
    if rows < LEAST or base[c] > 1 - RARE:
        return None
    low, share = wilson_low(int(counts[c]), rows), float(counts[c] / rows)
    rare = base[c] <= RARE and low >= SURE and share >= LIFT * base[c]
    copy = min(share, counts[c] / max((y == c).sum(), 1)) >= SAME
    if not (rare or copy):
        return None
    return {
        "column": name,
        "value": str(values.filter(pl.Series(flagged))[0]),
        "class": c,
        "rows": rows,
        "share": round(share, 4),
        "overall": round(float(base[c]), 4),
    }


def _siblings(flags: list[str], named: list[str]) -> list[str]:
    """Flags that settle nothing themselves but are named in the same pattern: "RNF" beside "TWF" and "HDF"."""
    shapes = {_shape(name) for name in named} if len(named) >= 2 else set()
    return [name for name in flags if name not in named and _shape(name) in shapes]


def _shape(name: str) -> str:
    """A name with capitals as A, small letters as a, digits as 0, and its own last character."""
    letters = re.sub(r"[A-Z]", "A", re.sub(r"[a-z]", "a", re.sub(r"\d", "0", name[:-1])))
    return f"{letters}{name[-1:]}"


def _finding(context: Context, judged: list[dict[str, Any]], siblings: list[str]) -> Finding:
    """One finding for all flags, with one line that leaves them all out."""
    classes = context.target.classes
    said = [
        f"where {fact['column']!r} is {fact['value']}, {context.target.column!r} is {classes[fact['class']]!r} in "
        f"{fact['share']:.0%} of {fact['rows']:,} rows ({fact['overall']:.1%} overall)"
        for fact in judged
    ]
    names = (*(fact["column"] for fact in judged), *siblings)
    beside = (
        f" {', '.join(map(repr, siblings))} {'is' if len(siblings) == 1 else 'are'} named alike." if siblings else ""
    )
    one = len(names) == 1
    words = "; ".join(said)
    return Finding(
        code="TW202",
        severity="warning",
        message=(
            f"{words[0].upper()}{words[1:]}: the column{' may' if one else 's may'} be part of the outcome.{beside}"
        ),
        columns=names,
        evidence={"columns": judged, **context.sampled_note},
        remedy=(
            f"if {'it is' if one else 'they are'} not known at the moment of prediction, train with "
            f"{flag('--ignore', names)}; otherwise there is nothing to do"
        ),
    )


CHECK = Check("TW202", "telling-flag", "warning", "A yes/no column that settles the target", run)
