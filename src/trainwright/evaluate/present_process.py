"""The present process beside the model: today's decisions, scores or numbers, judged on the same rows.

A process that only says yes or no has no probabilities, so it is compared by what both decide; one that gives scores
is compared by their order; one that gives numbers by the run's own metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate.compare import compare
from trainwright.evaluate.intervals import json_number
from trainwright.evaluate.present_answers import Decided
from trainwright.evaluate.scores import make_resampler, metric_intervals
from trainwright.tasks import Metric, Task, task_for
from trainwright.tasks.metric import mean_metric

PRESENT = "present process"
# A confusion table of more classes than this is not kept: nobody reads it.
MOST_CLASSES = 50
FEWEST_DECIDED = 10
# More rows than these change no interval that anybody reads, and cost seconds.
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Rows:
    """The rows on which both are judged: truth and the roles by which intervals are made, each (n,) or None."""

    y: np.ndarray
    fold: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    cluster: np.ndarray | None = None
    weight: np.ndarray | None = None

    def at(self, kept: np.ndarray) -> Rows:
        """Only these rows."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[kept]

        roles = (part(values) for values in (self.fold, self.group, self.time, self.cluster, self.weight))
        return Rows(self.y[kept], *roles)


def judge(
    target: Target,
    metric: Metric,
    found: Decided,
    model: np.ndarray,
    rows: Rows,
    *,
    name: str,
    threshold: float | np.ndarray = 0.5,
    costs: tuple[float, float] | None = None,
    level: float = 0.95,
    seed: int = 0,
    seconds: float = 2.0,
) -> dict[str, Any]:
    """The present process and the chosen model on the rows that the process decided.

    Args:
        target, metric: what is predicted, and the run's metric.
        found: what the present process said about the n rows.
        model: (n, k) or (n,) the chosen model's predictions of the same rows.
        rows: truth and roles of the n rows.
        name: of the chosen model.
        threshold: from which the model says yes; (n,) where each row's was chosen without it.
        costs: of a false alarm and of a miss, for two classes.
        level, seed, seconds: of the intervals; see `evaluate.document.evaluate`.

    Returns:
        Plain data: `kind`, `metric` (by which they are compared), `n_rows`, `undecided`, `metrics` (of the process) and
        `model` (the same ones), `comparison` (positive where the model is better), for decisions the `confusion` of
        both, and for two classes `matched`: what the model finds when it flags as many rows as today.
    """
    kept = found.decided & (rows.y >= 0 if target.task == "classes" else np.isfinite(rows.y))
    document: dict[str, Any] = {
        "kind": found.kind,
        "n_rows": int(kept.sum()),
        "undecided": int((~found.decided).sum()),
        "notes": [found.note] if found.note else [],
        "metrics": {},
        "model": {},
    }
    if kept.sum() < FEWEST_DECIDED:
        document["notes"].append(f"{int(kept.sum())} decided rows: fewer than {FEWEST_DECIDED} can be compared")
        return document
    if kept.sum() > MOST_ROWS:
        drawn = np.random.default_rng([seed, 5]).choice(np.flatnonzero(kept), MOST_ROWS, replace=False)
        kept = np.isin(np.arange(len(kept)), drawn)
        document["n_rows"] = MOST_ROWS
        document["notes"].append(f"compared on {MOST_ROWS:,} rows drawn at random from those that it decided")
    part, task = rows.at(kept), task_for(target)
    present, raw = found.prediction[kept], model[kept]
    answer = raw
    if found.kind == "decisions":
        cut = threshold[kept] if isinstance(threshold, np.ndarray) else threshold
        answer = np.eye(len(target.classes))[task.decide(raw, cut)] if len(target.classes) == 2 else _hard(raw)
    metrics = comparable(task, found.kind, metric, costs)
    lead = metrics[0]
    for key, prediction in (("metrics", present), ("model", answer)):
        resampler = make_resampler(
            task, part.y, prediction, group=part.group, cluster=part.cluster, time=part.time, weight=part.weight,
            seed=seed, budget_seconds=seconds / 2,
        )  # fmt: skip
        intervals = metric_intervals(task, resampler, metrics=metrics, fold=part.fold, level=level)
        document[key] = {own: interval.to_json() for own, interval in intervals.items()}
    both = {name: answer, PRESENT: present}
    [compared] = compare(
        part.y, both, PRESENT, lead, fold=part.fold, group=part.group if part.group is not None else part.cluster,
        time=part.time, weight=part.weight, level=level, seed=seed,
    )  # fmt: skip
    document |= {"metric": lead.name, "title": lead.title, "comparison": compared.to_json()}
    if found.kind == "decisions" and len(target.classes) <= MOST_CLASSES:
        document["confusion"] = confusion(part.y, present.argmax(1), target)
        document["model_confusion"] = confusion(part.y, answer.argmax(1), target)
        if len(target.classes) == 2:
            document["matched"] = _matched(part.y, present, raw, target)
    return document


def _hard(prediction: np.ndarray) -> np.ndarray:
    """(n, k) 1 for the most probable class, else 0."""
    return np.eye(prediction.shape[1])[prediction.argmax(1)]


def comparable(task: Task, kind: str, metric: Metric, costs: tuple[float, float] | None = None) -> list[Metric]:
    """The metrics that a process of this kind has, the one that decides first.

    Args:
        task: of the target.
        kind: of the process; see `Decided`.
        metric: of the run.
        costs: of a false alarm and of a miss.
    """
    known = list(task.metrics.values())
    if kind == "decisions":
        known = [m for m in known if m.kind in ("proportion", "decision") and not m.name.startswith("top_")]
        if costs is not None and task.target.positive is not None:
            known.insert(0, cost_metric(task, costs))
    elif kind == "scores":
        known = [m for m in known if m.kind == "rank"]
    by_name = {m.name: m for m in known}
    two = len(task.target.classes) == 2
    fallback = {"decisions": "f1" if two else "balanced_accuracy", "scores": "roc_auc"}.get(kind, task.default_name)
    lead = "cost" if "cost" in by_name else metric.name if metric.name in by_name else fallback
    return [by_name[lead], *(m for name, m in by_name.items() if name != lead)]


def cost_metric(task: Task, costs: tuple[float, float]) -> Metric:
    """The mean cost of a row: what false alarms and misses cost together, divided by the number of rows."""
    alarm, miss = costs
    positive = task.target.positive_index

    def cost(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        decided = task.decide(prediction)
        return np.where(decided == y, 0.0, np.where(y == positive, miss, alarm))

    return mean_metric("cost", "cost per row", cost, "probability")


def confusion(y: np.ndarray, decided: np.ndarray, target: Target) -> dict[str, Any]:
    """How many rows of each class were taken for which: rows of `matrix` are the truth."""
    k = len(target.classes)
    matrix = np.bincount(y * k + decided, minlength=k * k).reshape(k, k)
    return {"classes": list(target.classes), "matrix": matrix.tolist()}


def _matched(y: np.ndarray, present: np.ndarray, model: np.ndarray, target: Target) -> dict[str, Any] | None:
    """Of the positive rows, the share found today, and by the model flagging exactly as many rows as today."""
    positive = target.positive_index
    hit, flagged = y == positive, int(present[:, positive].sum())
    if not hit.any() or flagged == 0:
        return None
    first = np.argsort(-model[:, positive], kind="stable")[:flagged]
    today = float((hit & (present[:, positive] > 0.5)).sum() / hit.sum())
    return {
        "flagged": flagged / len(y),
        "found_today": json_number(today),
        "found_by_model": json_number(float(hit[first].sum() / hit.sum())),
    }


def leaderboard_row(document: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The row `present process` of the leaderboard; never selected, never a baseline."""
    figures = dict(document.get("stated") or {})
    figures |= {name: figure.get("value") for name, figure in (document.get("metrics") or {}).items()}
    compared = document.get("comparison") or {}
    opposite = {"better": "worse than the model", "worse": "better than the model"}
    word = str(compared.get("verdict") or "")
    said = opposite.get(word, word) if document.get("metrics") else ""
    if not said and document.get("stated"):
        said = "as stated, not measured here"
    return {
        "name": PRESENT,
        "family": PRESENT,
        "role": "present",
        "baseline": False,
        "metrics": {metric: None, **figures},
        "std": None,
        "fold_scores": [],
        "train_metrics": {},
        "train_fold_scores": [],
        "fit_s": None,
        "predict_ms_per_row": None,
        "row_ms": None,
        "size_mb": None,
        "explainability": None,
        "upkeep": None,
        "settings": {},
        "weight": 0.0,
        "packageable": False,
        "verdict": said or "not compared",
        "verdict_text": str(document.get("text") or ""),
    }
