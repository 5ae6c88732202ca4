"""Runs chosen checks on a table as a training would: schema, target, split, then the checks."""

from __future__ import annotations

from typing import Any

import polars as pl

from trainwright.data.checks import Findings, checks, run_checks
from trainwright.data.copies import find_copies
from trainwright.data.dataset import role_codes, role_time
from trainwright.data.infer import encode_target, infer_schema, infer_target
from trainwright.data.schema import Role
from trainwright.data.split import SplitRule, make_split


def look(
    frame: pl.DataFrame,
    *codes: str,
    test: pl.DataFrame | None = None,
    rule: SplitRule | None = None,
    target: str = "y",
    **settings: Any,
) -> Findings:
    """What these checks say about a table, with a test file of its own or a split by a rule."""
    inferred = infer_schema(frame, target=target, **settings)
    rows, what, _ = infer_target(inferred.frame, target)
    rule = SplitRule(given_test=test is not None) if rule is None else rule
    split = make_split(
        rule,
        rows.height,
        task=what.task,
        y=encode_target(rows[target], what),
        group=role_codes(rows, inferred.schema, Role.GROUP),
        time=role_time(rows, inferred.schema),
        copies=find_copies(rows, [column.name for column in inferred.schema.features]).kept_whole,
    )
    held = rows[split.test] if test is None else test
    only = [checks()[code] for code in codes]
    features = held.drop(target) if held.height else None
    return run_checks(rows[split.development], features, inferred.schema, what, split, only=only)


def states(findings: Findings) -> list[str]:
    """How each check ended, with the reason of a crash."""
    return [outcome.reason if outcome.state == "crashed" else outcome.state for outcome in findings.outcomes]
