"""Before an incremental training: what is new, whether the base still does what it did, and what either way costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.infer import encode_target
from trainwright.data.split import DEVELOPMENT
from trainwright.errors import TrainwrightError
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.retraining import Change, Recommendation, recommend
from trainwright.evaluate.scores import make_resampler, metric_intervals
from trainwright.packages.predictor import Predictor
from trainwright.packages.verify import check_package
from trainwright.store.files import open_artifact
from trainwright.store.transaction import read
from trainwright.store.trials import trials_of
from trainwright.store.workspace import Workspace
from trainwright.tasks import task_for
from trainwright.training.incremental_base import Base, Pool
from trainwright.training.incremental_split import Folds, Known
from trainwright.training.options import RunOptions
from trainwright.training.steps import uses_all_threads
from trainwright.training.table import Table

# New rows that the base is tried on; more would cost seconds and hardly narrow the interval.
MOST_ROWS = 5_000
FEWEST_ROWS = 100
# Of a value that few new rows have, nothing is said.
TOLD_UNKNOWN = 0.01


def advise(
    workspace: Workspace,
    base: Base,
    pool: Pool,
    rows: Table,
    folds: Folds,
    known: Known,
    added: tuple[str, ...],
    options: RunOptions,
) -> tuple[Recommendation, dict[str, Any]]:
    """Full or incremental, with what it rests on.

    Args:
        workspace: where the base's package is.
        base, pool: the base and its earlier rows.
        rows: the new rows.
        folds: the split of replayed and new rows; sealed rows are not looked at.
        known: what the base knows of the file.
        added: the new classes.
        options: of the run.

    Returns:
        The recommendation, and {"unknown_values", "base_on_new_rows"} for the run's record.
    """
    part = folds.split.part[-rows.frame.height :] if rows.frame.height else folds.split.part[:0]
    fresh = rows.frame.filter(pl.Series(part == DEVELOPMENT))
    unknown = _unknown_values(workspace, base, fresh)
    tried = _tried(workspace, base, fresh, rows)
    replayed = int((folds.split.part == DEVELOPMENT).sum()) - fresh.height
    fits, rest, whole = _seconds(workspace, base)
    earlier = max(pool.frame.height, 1)
    change = Change(
        base=base.label,
        old_rows=pool.frame.height,
        new_rows=fresh.height,
        new_classes=added,
        unknown=unknown,
        corrected=len(known.corrected),
        degraded=str((tried or {}).get("words") or ""),
        seconds_incremental=rest + fits * (fresh.height + replayed) / earlier,
        seconds_full=min(options.limit, whole * (pool.frame.height + fresh.height) / earlier),
    )
    told = {name: round(share, 4) for name, share in unknown.items() if share >= TOLD_UNKNOWN}
    return recommend(change), {"unknown_values": told, "base_on_new_rows": tried}


def _unknown_values(workspace: Workspace, base: Base, fresh: pl.DataFrame) -> dict[str, float]:
    """By category column, the share of new rows whose value the base does not know."""
    if not fresh.height:
        return {}
    folder = open_artifact(workspace, "package", base.version.artifact)
    layout = check_package(folder, base.version.manifest_sha).layout
    out = {}
    for name, vocabulary in zip(layout.categories, layout.vocabulary):
        values = fresh[name].cast(pl.String)
        known = values.is_in(pl.Series(vocabulary, dtype=pl.String).implode()).fill_null(True)
        out[name] = int((~known).sum()) / max(fresh.height, 1)
    return out


def _tried(workspace: Workspace, base: Base, fresh: pl.DataFrame, rows: Table) -> dict[str, Any] | None:
    """The base's figure on new rows that will be learned from beside the one it had; None where it cannot be told."""
    figures = base.version.metrics or {}
    name = str(figures.get("metric") or "")
    before = (figures.get("validation") or {}).get(name)
    y = encode_target(fresh[rows.target.column], base.target)
    usable = np.flatnonzero(y >= 0 if base.target.task == "classes" else np.isfinite(y))
    if before is None or before.get("low") is None or len(usable) < FEWEST_ROWS:
        return None
    if len(usable) > MOST_ROWS:
        usable = np.sort(np.random.default_rng(0).choice(usable, MOST_ROWS, replace=False))
    try:
        folder = open_artifact(workspace, "package", base.version.artifact)
        predictor = Predictor.open(folder, expected_sha=base.version.manifest_sha)
        task = task_for(base.target)
        metric = task.metric(name)
        prediction = predictor.predict_raw(fresh[usable].drop(rows.target.column))
    except TrainwrightError:
        return None  # a metric of the user's own, or a package that cannot be opened here: nothing is said
    resampler = make_resampler(task, y[usable], prediction, seed=0, budget_seconds=0.5)
    now = metric_intervals(task, resampler, metrics=[metric], fold=None, level=0.95)[metric.name]
    worse = now.high < before["low"] if metric.greater_is_better else now.low > before["high"]
    found: dict[str, Any] = {"metric": metric.name, "before": before, "now": now.to_json(), "rows": len(usable)}
    if worse:
        found["words"] = (
            f"{base.label} does worse on the new rows than it did: {explain(metric.name).title} {now.value:.3g} "
            f"({now.low:.3g} to {now.high:.3g}) instead of {before['value']:.3g}"
        )
    return found


def _seconds(workspace: Workspace, base: Base) -> tuple[float, float, float]:
    """Of the training that made the base: seconds of its members' fits, of what is no fit, and of all of it."""
    with read(workspace) as connection:
        rows = trials_of(connection, base.run.id, state="completed")
    plan = base.run.plan or {}
    jobs = max(int(plan.get("jobs") or 1), 1)
    alone = {step["name"] for step in plan.get("steps") or [] if uses_all_threads(str(step["family"]))}
    # Fits of a network follow one another, those of other families run side by side.
    taken = [(row.name, (row.seconds or 0.0) / (1 if row.name in alone else jobs)) for row in rows]
    own = sum(seconds for name, seconds in taken if name in base.members)
    every = sum(seconds for _, seconds in taken)
    whole = float((base.version.details or {}).get("duration_s") or every)
    return own, max(whole - every, 0.0), whole
