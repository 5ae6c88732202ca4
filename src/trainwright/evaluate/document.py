"""The evaluation document: every figure with its interval, the curves and, for validation, the rows behind
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import TrainwrightError
from trainwright.evaluate import curves
from trainwright.evaluate.intervals import bootstrap_interval, wilson
from trainwright.evaluate.resampling import Resampler
from trainwright.evaluate.scores import make_resampler, metric_intervals, too_few
from trainwright.evaluate.thresholds import sweep
from trainwright.tasks import Metric, Task, task_for
from trainwright.tasks.decisions import class_f1, parts
from trainwright.tasks.metric import divide

RESIDUAL_POINTS = 2_000
PARTS = ("validation", "test", "file")


def evaluate(
    target: Target,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    part: str,
    rows: np.ndarray | None = None,
    metric: str | None = None,
    fold: np.ndarray | None = None,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    threshold: float | np.ndarray = 0.5,
    level: float = 0.95,
    seed: int = 0,
    seconds: float = 10.0,
    extra: Sequence[Metric] = (),
) -> dict[str, Any]:
    """Evaluates predictions of one part of the data; the result is plain JSON.

    Args:
        target: what is predicted.
        y: (n,) class positions (negative: unknown label, left out) or numbers (NaN: left out).
        prediction: (n, k) probabilities or (n,) numbers.
        part: "validation" (out-of-fold rows), "test" (numbers and curves, never rows) or "file".
        rows: (n,) row numbers in the dataset version, for the examples of the validation part.
        metric: name of the main metric; the task's default otherwise.
        fold: (n,) number of the fold whose model made the prediction; negative for rows without one, left
        out.
        group, time, cluster: (n,) roles, by which the intervals are made.
        weight: (n,) weights of the rows.
        threshold: for two classes; (n,) when each row's was chosen without its own fold.
        level: of the intervals.
        seed: of everything drawn.
        seconds: what the resamples may cost, as their sizes tell; their number is in each figure's method. No clock
            is read, so that the same rows give the same bounds.
        extra: the user's own metrics.

    Returns:
        The document described in docs/architecture.md.

    Example:
        >>> target = Target("ok", "classes", ("no", "yes"), positive="yes")
        >>> p = np.tile([[0.8, 0.2], [0.3, 0.7]], (50, 1))
        >>> evaluate(target, np.tile([0, 1], 50), p, part="test")["metrics"]["accuracy"]["value"]
        1.0
    """
    if part not in PARTS:
        raise TrainwrightError(f"part must be one of {', '.join(PARTS)}, got '{part}'")
    task_for(target).check(prediction)
    kept = _usable(target, y, prediction, fold)
    notes = [] if kept.all() else [f"{int((~kept).sum()):,} rows without a known target or prediction are left out"]
    y, prediction = y[kept], prediction[kept]
    rows, fold, group, time, cluster, weight = (
        None if role is None else role[kept] for role in (rows, fold, group, time, cluster, weight)
    )
    by_row = isinstance(threshold, np.ndarray)
    task = task_for(target).at(threshold[kept] if isinstance(threshold, np.ndarray) else threshold)
    document: dict[str, Any] = {
        "part": part,
        "task": target.task,
        "target": target.to_json(),
        "metric": metric or task.default_name,
        "n_rows": len(y),
        "level": level,
        "notes": notes,
    }
    if len(y) == 0:
        return {**document, "metrics": {}, "notes": [*notes, "no row is left to evaluate"]}
    resampler = make_resampler(
        task,
        y,
        prediction,
        group=group,
        cluster=cluster,
        time=time,
        weight=weight,
        seed=seed,
        budget_seconds=seconds * 0.8,
    )
    wanted = {**task.metrics, **({metric: task.metric(metric)} if metric else {})}
    wanted.update({own.name: own for own in extra})  # the user's own last: they may be slow
    found = metric_intervals(task, resampler, metrics=list(wanted.values()), fold=fold, level=level)
    document["metrics"] = {name: interval.to_json() for name, interval in found.items()}
    shown = rows if part == "validation" else None
    if target.task == "classes":
        if len(target.classes) == 2:
            document["threshold"] = None if by_row else float(np.asarray(threshold))
        document.update(_class_parts(task, resampler, level, shown))
        if fold is not None and len(np.unique(fold)) > 1:
            notes.append("figures of order are averaged over folds; curves pool the folds")
    else:
        document["residuals"] = curves.residuals(
            y, prediction, points=RESIDUAL_POINTS if part == "validation" else None, seed=seed
        )
    return document


def _usable(target: Target, y: np.ndarray, prediction: np.ndarray, fold: np.ndarray | None) -> np.ndarray:
    """(n,) whether a row has a known target and a prediction."""
    kept = (y >= 0) if target.task == "classes" else np.isfinite(y)
    finite = np.isfinite(prediction)
    kept = kept & (finite if prediction.ndim == 1 else finite.all(1))
    return kept if fold is None else kept & (fold >= 0)


def _class_parts(task: Task, resampler: Resampler, level: float, rows: np.ndarray | None) -> dict[str, Any]:
    """Figures of each class, the confusion matrix and the curves."""
    y, prediction, classes = resampler.y, resampler.prediction, task.target.classes
    decided, confidence = task.decide(prediction), task.confidence(prediction)
    assert confidence is not None
    drawn: dict[str, Any] = {}
    if len(classes) == 2:
        p, hit = prediction[:, task.target.positive_index], y == task.target.positive_index
        both = curves.order_curves(p, hit)
        if both is not None:
            drawn = {"roc": both[0], "precision_recall": both[1]}
        drawn["reliability"] = curves.reliability(p, hit)
        drawn["thresholds"] = sweep(task.target, y, prediction)
    else:
        drawn = curves.class_curves(y, prediction, classes)
        drawn["reliability"] = curves.reliability(confidence, y == prediction.argmax(1))
    drawn["confidence"] = curves.confidence_histogram(confidence, decided == y, len(classes))
    return {
        "per_class": per_class(task, resampler, level),
        "confusion": curves.confusion(y, decided, classes, rows=rows, confidence=confidence),
        "curves": drawn,
    }


def per_class(task: Task, resampler: Resampler, level: float) -> list[dict[str, Any]]:
    """Support, precision, recall and F1 of each class, each with its interval."""
    tally = task.metrics["balanced_accuracy"].tally
    assert tally is not None
    n, units = len(resampler.y), resampler.units
    support = np.bincount(resampler.y, minlength=task.target.n_outputs)
    right, actual, decided = parts(tally(resampler.y, resampler.prediction).total(n, resampler.weight))
    total = np.concatenate([right, actual, decided])
    made = resampler.sums(tally)  # (b, 3k)
    made_right, made_actual, made_decided = parts(made)
    resampled = {"precision": divide(made_right, made_decided), "recall": divide(made_right, made_actual)}
    f1, made_f1 = class_f1(total), class_f1(made)
    scale = 1.0 if resampler.weight is None else _effective_rows(resampler.weight)
    few = too_few(units, n)
    out = []
    for c, name in enumerate(task.target.classes):
        row: dict[str, Any] = {"class": name, "support": int(support[c])}
        for figure, trials in (("precision", decided[c]), ("recall", actual[c])):
            if units.how == "rows" or trials == 0:
                row[figure] = wilson(right[c] * scale, trials * scale, level).to_json()
            else:
                values = resampled[figure][:, c]
                row[figure] = bootstrap_interval(right[c] / trials, values, units, level, 0, 1).to_json()
        row["f1"] = bootstrap_interval(float(f1[c]), made_f1[:, c], units, level, 0.0, 1.0).to_json()
        if few is not None:
            for figure in ("precision", "recall", "f1"):
                row[figure] = {**row[figure], "low": None, "high": None, "method": "none", "reason": few}
        out.append(row)
    return out


def _effective_rows(weight: np.ndarray) -> float:
    """What turns a sum of weights into an effective number of rows (Kish 1965)."""
    return float(weight.sum() / (weight**2).sum())
