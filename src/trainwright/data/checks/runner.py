"""Runs the checks one after the other; none can stop a training, and each leaves word of how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import SEVERITIES, Check, Finding, Findings, NotApplicable, Outcome
from trainwright.data.notes import Note
from trainwright.data.schema import Schema, Target
from trainwright.data.split_value import Split


def run_checks(
    development: pl.DataFrame,
    test_features: pl.DataFrame | None,
    schema: Schema,
    target: Target,
    split: Split | None = None,
    deadline: float | None = None,
    *,
    notes: Sequence[Note] = (),
    only: Iterable[Check] | None = None,
    later: Mapping[str, str] | None = None,
) -> Findings:
    """Looks for what would make the figures of a model mislead.

    Args:
        development: the development rows, cast to the schema's kinds, with their labels.
        test_features: features of the sealed rows, or None; must not hold the target column.
        schema: of the dataset version.
        target: what is predicted.
        split: the split; without it, checks that judge the split do not apply.
        deadline: seconds for all checks together; a check that would begin later is skipped, and named.
        notes: what reading and typing the table found out; some of it is reported as a finding.
        only: these checks instead of all.
        later: by code, checks that are made elsewhere, and where; they are skipped with these words.

    Returns:
        Findings, the most severe first, and one outcome for every check.

    Raises:
        ValueError: the test features hold the target column.
    """
    from trainwright.data.checks import checks

    if test_features is not None and target.column in test_features.columns:
        raise ValueError(f"the test features hold the target column {target.column!r}")
    end = None if deadline is None else time.monotonic() + deadline
    context = make_context(development, test_features, schema, target, split, tuple(notes), end)
    findings: list[Finding] = []
    outcomes: list[Outcome] = []
    for check in checks().values() if only is None else only:
        if check.code in (later or {}):
            outcomes.append(Outcome(check.code, check.slug, "skipped", (later or {})[check.code]))
            continue
        if context.seconds_left < 0:
            reason = f"the {deadline:g} seconds for checks were used up"
            outcomes.append(Outcome(check.code, check.slug, "skipped", reason))
            continue
        if check.models and not context.time_for_models:
            reason = f"it fits quick models, for which too little of the {deadline:g} seconds for checks is left"
            outcomes.append(Outcome(check.code, check.slug, "skipped", reason))
            continue
        begin = time.monotonic()
        state, reason, found = _ask(check, context)
        findings.extend(found)
        outcomes.append(Outcome(check.code, check.slug, state, reason, round(time.monotonic() - begin, 3)))
    findings.sort(key=lambda finding: (SEVERITIES.index(finding.severity), finding.code))
    return Findings(tuple(findings), tuple(outcomes))


def _ask(check: Check, context: Context) -> tuple[str, str, list[Finding]]:
    """How one check ends, why, and what it found."""
    try:
        found = check.run(context)
    except NotApplicable as why:
        return "not applicable", str(why), []
    except Exception as error:  # noqa: BLE001 - a check that fails must never stop a training
        return "crashed", f"{type(error).__name__}: {error}", []
    return "found" if found else "passed", "", found


def make_context(
    development: pl.DataFrame,
    test_features: pl.DataFrame | None,
    schema: Schema,
    target: Target,
    split: Split | None,
    notes: tuple[Note, ...] = (),
    end: float | None = None,
) -> Context:
    """The material of the checks: rows whose label is missing or unknown are left out."""
    from trainwright.data.labels import encode_target

    y = encode_target(development[target.column], target)
    known = y >= 0 if target.task == "classes" else np.isfinite(y)
    if not known.all():
        development, y = development.filter(known), y[known]
    return Context(development, test_features, schema, target, split, y, notes, end)
