"""The present process in a training: its column is hidden from the models and judged on the rows they are judged on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.infer import absent
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.formats import estimate, number, plural
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.present_answers import KEY, read_decisions
from trainwright.evaluate.present_process import MOST_ROWS, PRESENT, Rows, judge, leaderboard_row
from trainwright.tasks import Metric, task_for
from trainwright.training.guarded import guarded

if TYPE_CHECKING:
    from trainwright.training.budget import Budget
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome

# Judging the process takes about this long, at most on MOST_ROWS rows; without the time the row says why it is empty.
LEAST_SECONDS, ROWS_PER_SECOND = 0.5, 60_000
REPORT_SECONDS = 1.5


def check_column(settings: Settings, columns: list[str]) -> None:
    """Refuses a column of today's decisions that is not there or has another purpose.

    Raises:
        UserError: naming the column and, where one is near, its likely spelling.
    """
    name, data = settings.problem.present_process.column, settings.data
    if name is None:
        return
    if name not in columns:
        raise absent(name, columns, KEY)
    roles = ("target", "id", "group", "time", "cluster", "weight", "split_column")
    taken = next((role for role in roles if getattr(data, role) == name), None)
    if taken is not None:
        raise UserError(
            f"{KEY}: {name!r} is also the {taken.replace('_', ' ')}",
            remedy="name the column that holds today's decisions; it is never shown to a model",
        )


def check_values(settings: Settings, frame: pl.DataFrame, target: Target) -> None:
    """Refuses what cannot be compared before anything is written.

    Raises:
        UserError: values that are no class of the target, or a metric that the target does not have.
    """
    process = settings.problem.present_process
    for name in process.metrics:
        task_for(target).metric(name)
    if process.column is not None:
        read_decisions(frame[process.column], target)


def present_process(material: Material, outcome: Outcome, budget: Budget) -> dict[str, Any] | None:
    """What the result document says about the present process, on the out-of-fold rows.

    None when the problem statement names neither a column nor figures.
    """
    settings = material.options.settings
    process = settings.problem.present_process
    if process.column is None and not process.metrics:
        return None
    document: dict[str, Any] = {"column": process.column, "stated": dict(process.metrics)}
    if process.column is None:
        return {**document, "kind": "stated", "notes": ["the figures are as stated, not measured here"]}
    needed = LEAST_SECONDS + min(len(outcome.oof.y), MOST_ROWS) / ROWS_PER_SECOND
    # Of what is kept back for the evaluation, the report still needs a second or two.
    left = float("inf") if budget.limit is None else budget.limit - budget.elapsed() - REPORT_SECONDS
    if left < needed:
        return {
            **document,
            "kind": "skipped",
            "notes": [f"not compared: it takes about {needed:.1f} s, and the time limit left less"],
        }
    column = process.column
    judged = guarded(lambda: _judged(material, outcome, column))
    if "skipped" in judged:
        return {**document, "kind": "skipped", "notes": [f"not compared: {judged['skipped']}"]}
    return {**document, **judged, "text": sentence(judged)}


def _judged(material: Material, outcome: Outcome, column: str) -> dict[str, Any]:
    """The process and the chosen model on the out-of-fold rows."""
    oof, data = outcome.oof, material.work.dataset
    found = read_decisions(material.frame[column], material.target)
    at = oof.positions
    return judge(
        material.target,
        material.metric,
        type(found)(found.kind, found.prediction[at], found.decided[at], found.note),
        outcome.prediction,
        Rows(oof.y, oof.fold, oof.of(data.group), oof.of(data.time), oof.of(data.cluster), oof.weight),
        name=outcome.choice.selected,
        threshold=outcome.cut,
        costs=costs_of(material.options.settings),
        seed=material.options.seed,
        seconds=material.options.evaluation_seconds,
    )


def present_on_test(
    settings: Settings,
    frame: pl.DataFrame,
    target: Target,
    metric: Metric,
    prediction: np.ndarray,
    rows: Rows,
    *,
    threshold: float,
    level: float,
    seed: int,
    seconds: float,
) -> dict[str, Any] | None:
    """The same on the sealed test, when it is opened: figures only, never rows.

    None without a column; a test file of the user's own may lack it, which is said.
    """
    column = settings.problem.present_process.column
    if column is None:
        return None
    if column not in frame.columns:
        return {"notes": [f"the test rows have no column {column!r}"]}
    try:
        found = read_decisions(frame[column], target)
    except UserError as error:
        return {"notes": [error.problem]}
    judged = guarded(lambda: judge(
        target, metric, found, prediction, rows, name="the model", threshold=threshold, costs=costs_of(settings),
        level=level, seed=seed, seconds=seconds,
    ))  # fmt: skip
    # What the failure says may quote a sealed row.
    return {"notes": ["not compared: the comparison failed"]} if "skipped" in judged else judged


def costs_of(settings: Settings) -> tuple[float, float] | None:
    """The costs of a false alarm and of a miss, or None unless both are stated."""
    costs = settings.problem.costs
    if costs.false_positive is None or costs.false_negative is None:
        return None
    return costs.false_positive, costs.false_negative


def with_present(rows: list[dict[str, Any]], document: dict[str, Any] | None, metric: Metric) -> list[dict[str, Any]]:
    """The leaderboard with the row of the present process where its figure puts it, last when it has none."""
    if document is None:
        return rows
    row = leaderboard_row(document, metric.name)
    own = estimate(row["metrics"].get(metric.name))[0]
    if own is None:
        return [*rows, row]
    sign = 1 if metric.greater_is_better else -1
    ahead = [r for r in rows if sign * (estimate(r["metrics"].get(metric.name))[0] or 0.0) >= sign * own]
    return [*ahead, row, *(r for r in rows if r not in ahead)]


def sentence(document: dict[str, Any]) -> str:
    """The comparison in words, or "" when there was none.

    Example:
        >>> row = {"verdict": "better", "difference": 0.1, "low": 0.05, "high": 0.15, "n_rows": 200}
        >>> sentence({"metric": "f1", "comparison": row})
        'better than the present process by 0.10 (0.05 to 0.15) in F1 on 200 rows that it decided'
    """
    row = document.get("comparison")
    if not row or row["difference"] is None:
        return ""
    words = {"better": "better than", "worse": "worse than", "too few rows": "not yet to be compared with"}
    start = f"{words.get(row['verdict'], 'not distinguishable from')} the {PRESENT}"
    low, high, where = row["low"], row["high"], f"on {plural(row['n_rows'], 'row')} that it decided"
    title = explain(document["metric"]).title
    title = title[:1].lower() + title[1:] if title[1:2].islower() else title
    if low is None or high is None or row["verdict"] not in ("better", "worse"):
        return f"{start} in {title} {where}"
    sign, width = (1 if row["verdict"] == "better" else -1), high - low
    ends = sorted((sign * low, sign * high))
    reach = f"{number(ends[0], width)} to {number(ends[1], width)}"
    return f"{start} by {number(sign * row['difference'], width)} ({reach}) in {title} {where}"
