"""Two versions side by side, each deciding as it answers now, on rows that neither was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.compare import compare_versions
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric, task_for
from trainwright.training.judge import Labelled, Opened, deciding, labelled_for, open_version
from trainwright.training.judged_by import JudgedBy, of_decisions


def compare(workspace: Workspace, first: str, second: str, table: Any = None) -> dict[str, Any]:
    """Two versions side by side, and a verdict on rows that neither was trained on.

    A figure of decisions (F1, accuracy, ...) is of what each version decides by its decision in force, else by its own
    threshold; what goes to a person counts as it would be decided without one.

    Args:
        workspace: where they are.
        first, second: such as `adult@v1` and `adult@v2`.
        table: a labelled table; without one the stored figures are shown and no verdict is given.

    Returns:
        {"versions": [...], "rows": n, "verdict": {...} or None, "reason": words}; each version with "decides", in
        words, and "decision", its label (None: its own threshold).

    Raises:
        UserError: the versions predict different targets.
        EnvironmentProblem: a decision was damaged by hand.
    """
    pair = [deciding(workspace, open_version(workspace, name)) for name in (first, second)]
    targets = [opened.predictor.manifest.target for opened, _ in pair]
    if targets[0].column != targets[1].column or targets[0].classes != targets[1].classes:
        raise UserError(
            f"{pair[0][0].label} and {pair[1][0].label} predict different things",
            remedy="compare versions of one target",
        )
    document: dict[str, Any] = {
        "versions": [_shown(opened, by) for opened, by in pair],
        "rows": 0,
        "verdict": None,
        "reason": "no rows are known that neither version was trained on: give a labelled file with --data",
    }
    if table is None:
        return document
    seen = [labelled_for(workspace, opened, table) for opened, _ in pair]
    target = targets[0]
    known = seen[0].y >= 0 if target.task == "classes" else np.isfinite(seen[0].y)
    fresh = known & ~seen[0].seen & ~seen[1].seen
    document["rows"] = int(fresh.sum())
    document["left_out"] = int(len(fresh) - fresh.sum())
    if not fresh.any():
        document["reason"] = "every labelled row of the file was trained on by one of the versions"
        return document
    task = task_for(target)
    name = (pair[0][0].version.metrics or {}).get("metric")
    metric = task.metrics.get(str(name)) or task.default_metric()
    predictions = [_as_it_answers(opened, by, rows, metric) for (opened, by), rows in zip(pair, seen)]
    found = compare_versions(
        seen[0].y[fresh],
        predictions[1][fresh],
        predictions[0][fresh],
        metric,
        names=(pair[1][0].label, pair[0][0].label),
    )
    document["verdict"] = found.to_json()
    document["reason"] = _words(found.to_json(), metric.title)
    if of_decisions(metric, target):
        document["reason"] += "; " + ", ".join(f"{opened.label} decides by {_by(by, target)}" for opened, by in pair)
    return document


def _shown(opened: Opened, by: JudgedBy) -> dict[str, Any]:
    version = opened.version
    return {
        "name": opened.label,
        "metrics": version.metrics,
        "details": version.details,
        "comments": version.comments,
        "created": version.created,
        "decision": by.label,
        "decides": _by(by, opened.predictor.manifest.target),
    }


def _by(by: JudgedBy, target: Target) -> str | None:
    """By what a version decides, in words; None for a number that nobody reviews."""
    if by.decision is not None:
        return f"{by.label} ({by.decision.document['flags']})"
    if target.task != "classes":
        return None
    return f"its own threshold {by.threshold:.3g}" if len(target.classes) == 2 else "the most probable class"


def _as_it_answers(opened: Opened, by: JudgedBy, rows: Labelled, metric: Metric) -> np.ndarray:
    """The predictions that the metric is of: probabilities as `predict` shows them, or the classes decided, as rows of
    0 and 1.
    """
    target = opened.predictor.manifest.target
    shown = by.shown(opened.predictor.predict_raw(rows.given))
    if not of_decisions(metric, target):
        return shown
    return np.eye(len(target.classes))[by.classes(target, shown, rows.given.segment)]


def _words(found: dict[str, Any], title: str) -> str:
    if found["verdict"] == "too few rows":
        return f"{found['n_rows']} rows that neither was trained on are too few for a verdict (100 are needed)"
    words = {"better": "is better than", "worse": "is worse than"}.get(found["verdict"], "is not distinguishable from")
    spread = ""
    if found["low"] is not None:
        spread = f" by {found['difference']:+.4g} ({found['low']:+.4g} to {found['high']:+.4g})"
    return f"{found['name']} {words} {found['against']} in {title}{spread} on {found['n_rows']:,} rows"
