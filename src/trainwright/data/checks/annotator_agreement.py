"""Measures how far several annotators agree: no model can be surer of labels than the people who gave them."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.data.annotators import CODE as NOTED
from trainwright.data.annotators import Annotations, read_annotations
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.label_quality.agreement import alpha_interval, interval_alpha, nominal_alpha, pairs

# Krippendorff (2004), "Content analysis", p. 241: 0.8 to rely on, 0.667 for tentative conclusions.
WARNING, NOTE = 0.667, 0.8
SKIPPED = 0.9
LISTED, PAIRS = 30, 50


def run(context: Context) -> list[Finding]:
    names = [n for note in context.notes if note.code == NOTED for n in note.columns if n in context.held]
    if len(names) < 2:
        raise NotApplicable("no annotators' columns are named (data.annotators)")
    found = read_annotations(context.development, names, task=context.target.task)
    out = _skipped(found, context)
    together = (found.held.sum(axis=1) > 1).sum()
    if not together:
        return [
            *out,
            Finding(
                code="TW306",
                severity="warning",
                message="No row was labelled by two annotators: how far they agree cannot be known.",
                columns=found.names,
                evidence={"annotators": _counts(found)},
                remedy="have some rows labelled twice; 100 rows by everybody are a good start",
            ),
        ]
    return [*out, *_agreement(found, int(together), context)]


def _agreement(found: Annotations, together: int, context: Context) -> list[Finding]:
    classes = bool(found.classes)
    alpha = nominal_alpha(found.values) if classes else interval_alpha(found.values)
    between = pairs(found.values, classes=classes)
    evidence: dict[str, Any] = {
        "alpha": alpha,
        "rows_with_two_labels": together,
        "annotators": _counts(found),
        "pairs": [
            {
                "annotators": [found.names[p.first], found.names[p.second]],
                "rows": p.rows,
                "same": None if np.isnan(p.same) else round(p.same, 4),
                "kappa": None if p.kappa is None else round(p.kappa, 4),
            }
            for p in between[:PAIRS]
        ],
        "disagreements": _disagreements(found, context),
    }
    if alpha is None:
        return []  # everybody says the same of every row, or there is one label only
    interval = alpha_interval(found.values, classes=classes)
    evidence["interval"] = None if interval is None else [round(value, 4) for value in interval]
    if alpha >= NOTE:
        return []
    known = [p for p in between if p.kappa is not None]
    worst = min(known, key=lambda p: p.kappa or 0.0) if known else None
    words = "" if interval is None else f" (95 % interval {interval[0]:.2f} to {interval[1]:.2f})"
    if worst is not None and len(known) > 1:
        a, b = found.names[worst.first], found.names[worst.second]
        words += f"; least of all {a!r} and {b!r}, who give the same label to {worst.same:.0%} of {worst.rows:,} rows"
    bar = "too little to rely on" if alpha < WARNING else "enough for tentative conclusions only"
    return [
        Finding(
            code="TW306",
            severity="warning" if alpha < WARNING else "note",
            message=f"{len(found.names)} annotators agree with Krippendorff's alpha {alpha:.2f}{words}: {bar}.",
            columns=found.names,
            evidence=evidence,
            remedy=(
                "write down how the cases on which they differ are to be labelled (rows are in the evidence: "
                "`trainwright inspect TABLE ... --json`), then label these again; a model is no better than its labels"
            ),
        )
    ]


def _skipped(found: Annotations, context: Context) -> list[Finding]:
    """Annotators who labelled hardly any row."""
    share = 1 - found.held.mean(axis=0)
    few = {name: float(s) for name, s in zip(found.names, share) if s > SKIPPED}
    if not few:
        return []
    named = ", ".join(f"{name!r} ({1 - s:.1%} of the rows)" for name, s in few.items())
    return [
        Finding(
            code="TW306",
            severity="note",
            message=f"Annotators who labelled hardly any row: {named}.",
            columns=tuple(few),
            evidence={"skipped_share": {name: round(s, 4) for name, s in few.items()}, "rows": context.n},
            remedy="their agreement rests on few rows: leave them out of --annotators, or let them label more",
        )
    ]


def _counts(found: Annotations) -> dict[str, int]:
    return dict(zip(found.names, found.held.sum(axis=0).tolist()))


def _disagreements(found: Annotations, context: Context) -> list[dict[str, Any]]:
    """Development rows on which annotators differ, with what each said."""
    values = found.values
    low = np.where(found.held, values, np.inf).min(axis=1)
    high = np.where(found.held, values, -np.inf).max(axis=1)
    gap = np.where(found.held.sum(axis=1) > 1, high - low, 0.0)
    if found.classes:
        rows = np.flatnonzero(gap > 0)[:LISTED]
    else:
        rows = np.argsort(-gap, kind="stable")[:LISTED]
        rows = rows[gap[rows] > 0]
    return [
        {
            "row": int(context.row_numbers[row]),
            **{
                name: (found.classes[int(value)] if found.classes else float(value))
                for name, value, held in zip(found.names, values[row], found.held[row])
                if held
            },
        }
        for row in rows
    ]


CHECK = Check("TW306", "annotator-agreement", "warning", "Annotators who disagree", run)
