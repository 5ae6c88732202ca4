"""Metrics of the classes decided: accuracy, precision, recall, F1, Matthews correlation, top-3 accuracy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainwright.tasks.metric import Metric, Tally, divide, from_tally
from trainwright.tasks.names import CLASS_METRICS

Decide = Callable[[np.ndarray], np.ndarray]
Finish = Callable[[np.ndarray], np.ndarray]


def decision_tally(decide: Decide, k: int) -> Callable[[np.ndarray, np.ndarray], Tally]:
    """Counts of right answers, of rows and of decisions by class: 3k slots, all that these metrics need."""

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        decided = decide(prediction)
        return Tally(3 * k, ((y, (decided == y).astype(float)), (k + y, 1.0), (2 * k + decided, 1.0)))

    return tally


def parts(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right answers, rows and decisions by class, each (..., k)."""
    k = totals.shape[-1] // 3
    return totals[..., :k], totals[..., k : 2 * k], totals[..., 2 * k :]


def class_f1(totals: np.ndarray) -> np.ndarray:
    """(..., k) F1 of each class; 0 for a class that is neither there nor decided."""
    right, rows, decided = parts(totals)
    return divide(2 * right, rows + decided, empty=0.0)


def _accuracy(totals: np.ndarray) -> np.ndarray:
    right, rows, _ = parts(totals)
    return divide(right.sum(-1), rows.sum(-1))


def _balanced_accuracy(totals: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that the rows hold."""
    right, rows, _ = parts(totals)
    return divide(divide(right, rows, empty=0.0).sum(-1), (rows > 0).sum(-1))


def _macro_f1(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that are there or decided."""
    _, rows, decided = parts(totals)
    return divide(class_f1(totals).sum(-1), (rows + decided > 0).sum(-1))


def _weighted_f1(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over rows, each counted with the F1 of its class."""
    _, rows, _ = parts(totals)
    return divide((class_f1(totals) * rows).sum(-1), rows.sum(-1))


def _mcc(totals: np.ndarray) -> np.ndarray:
    """Matthews correlation over k classes: Gorodkin 2004, R_K; 0 when all rows or all decisions are one
    class."""
    right, rows, decided = parts(totals)
    n = rows.sum(-1)
    top = right.sum(-1) * n - (rows * decided).sum(-1)
    spread = (n**2 - (rows**2).sum(-1)) * (n**2 - (decided**2).sum(-1))
    return divide(top, np.sqrt(np.maximum(spread, 0.0)), empty=0.0)


def decision_metrics(decide: Decide, k: int, positive: int | None) -> list[Metric]:
    """The metrics of decided classes.

    Args:
        decide: turns (n, k) probabilities into (n,) class positions.
        k: the number of classes.
        positive: the position of the positive class of two, or None.
    """
    tally = decision_tally(decide, k)

    def wrong(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return (decide(prediction) != y).astype(float)

    def metric(name: str, finish: Finish, low: float = 0.0) -> Metric:
        return Metric(
            name,
            CLASS_METRICS[name],
            True,
            "decision",
            from_tally(tally, finish),
            low=low,
            high=1.0,
            tally=tally,
            finish=finish,
        )

    def share(name: str, top: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], loss: bool) -> Metric:
        def finish(totals: np.ndarray) -> np.ndarray:
            return divide(*top(totals))

        def counts(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> tuple[float, float]:
            successes, trials = top(tally(y, prediction).total(len(y), weight))
            return float(successes), float(trials)

        return Metric(
            name,
            CLASS_METRICS[name],
            True,
            "proportion",
            from_tally(tally, finish),
            per_row=wrong if loss else None,
            low=0.0,
            high=1.0,
            tally=tally,
            finish=finish,
            counts=counts,
        )

    out = [
        share("accuracy", lambda t: (parts(t)[0].sum(-1), parts(t)[1].sum(-1)), loss=True),
        metric("balanced_accuracy", _balanced_accuracy),
        metric("weighted_f1", _weighted_f1),
        metric("macro_f1", _macro_f1),
        metric("mcc", _mcc, low=-1.0),
    ]
    if positive is not None:
        out += [
            share("precision", lambda t: (parts(t)[0][..., positive], parts(t)[2][..., positive]), loss=False),
            share("recall", lambda t: (parts(t)[0][..., positive], parts(t)[1][..., positive]), loss=False),
            metric("f1", lambda t: class_f1(t)[..., positive]),
        ]
    if k > 3:
        out.append(_top(3))
    return out


def _top(m: int) -> Metric:
    """The share of rows whose class is among the m most probable; ties go to the earlier class, as in
    deciding."""

    def miss(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        own = prediction[np.arange(len(y)), y][:, None]  # (n, 1)
        earlier = np.arange(prediction.shape[1])[None, :] < y[:, None]
        ahead = (prediction > own) | ((prediction == own) & earlier)  # (n, k)
        return (ahead.sum(1) >= m).astype(float)

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        return Tally(2, ((0, 1.0 - miss(y, prediction)), (1, 1.0)))

    def finish(totals: np.ndarray) -> np.ndarray:
        return divide(totals[..., 0], totals[..., 1])

    def counts(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> tuple[float, float]:
        hits, trials = tally(y, prediction).total(len(y), weight)
        return float(hits), float(trials)

    name = f"top_{m}_accuracy"
    return Metric(
        name,
        CLASS_METRICS[name],
        True,
        "proportion",
        from_tally(tally, finish),
        per_row=miss,
        low=0.0,
        high=1.0,
        needs="more than three classes",
        tally=tally,
        finish=finish,
        counts=counts,
    )
