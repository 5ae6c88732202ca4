"""What every task offers, whatever is predicted: metrics by name, combining, baselines, per-row losses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.tasks.metric import Metric


@dataclass(frozen=True)
class Task:
    """The kind of a target; `Classification` or `Regression`.

    Args:
        target: what is predicted.
        threshold: for two classes, the probability from which the positive class is decided: one number, or
        (n,),
            one for each row of the predictions that are handed in.
    """

    target: Target
    threshold: float | np.ndarray = 0.5
    metrics: dict[str, Metric] = field(init=False, repr=False, compare=False)

    name = ""
    baselines: tuple[str, ...] = ()

    @property
    def default_name(self) -> str:
        """The name of the default metric."""
        raise NotImplementedError

    def default_metric(self, y: np.ndarray | None = None) -> Metric:
        """The metric used when none is asked for; `y` is (n,) and may be left out."""
        return self.metrics[self.default_name]

    def metric(self, name: str) -> Metric:
        """The metric of this name.

        Args:
            name: a key of `metrics`; for two classes also `precision_at_recall_NN` for any percentage.

        Raises:
            UserError: naming the nearest match.
        """
        if name in self.metrics:
            return self.metrics[name]
        made = self._made(name)
        if made is not None:
            return made
        plain = re.sub(r"[\s-]+", "_", name.strip().lower())
        near = get_close_matches(plain, list(self.metrics), n=1, cutoff=0.4)
        known = ", ".join(self.metrics)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UserError(f"metric '{name}' does not exist for {self._kind()}", remedy=f"{hint}the metrics are {known}")

    def _made(self, name: str) -> Metric | None:
        return None

    def _kind(self) -> str:
        return self.target.task

    def at(self, threshold: float | np.ndarray) -> Task:
        """The same task deciding at another threshold."""
        return type(self)(self.target, threshold)

    def check(self, prediction: np.ndarray) -> None:
        """Refuses a prediction of the wrong shape."""
        raise NotImplementedError

    def combine(self, predictions: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
        """The weighted mean of predictions of one shape; weights need not sum to 1.

        Raises:
            ValueError: when there is nothing to combine, or the weights do not fit or do not sum to more
            than 0.
        """
        if len(predictions) == 0 or len(predictions) != len(weights):
            raise ValueError(f"expected as many weights as predictions, got {len(weights)}, {len(predictions)}")
        total = float(sum(weights))
        if not total > 0 or min(weights) < 0:
            raise ValueError(f"weights must be at least 0 with a sum above 0, got {list(weights)}")
        out = np.zeros(np.shape(predictions[0]))
        for prediction, weight in zip(predictions, weights):
            if weight:
                out += (weight / total) * prediction
        return out

    def losses(self, y: np.ndarray, prediction: np.ndarray, metric: str) -> np.ndarray | None:
        """(n,) losses, less is better, or None when no row has a loss of its own under this metric."""
        per_row = self.metric(metric).per_row
        return None if per_row is None else per_row(y, prediction)

    def confidence(self, prediction: np.ndarray) -> np.ndarray | None:
        """(n,) confidence of each prediction between 0 and 1, or None when the task has none."""
        return None

    def decide(self, prediction: np.ndarray, threshold: float | np.ndarray | None = None) -> np.ndarray:
        """(n,) class positions, or the numbers themselves."""
        raise NotImplementedError


def metric_from(function: Callable[..., float], task: Task, name: str | None = None) -> Metric:
    """A metric from a user's own callable, in the manner of scikit-learn: `function(y_true, y_pred) ->
    float`.

    For classes it receives labels in their own spelling, or, if `function.needs_probability` is true, class
    positions
    and probabilities ((n,) of the positive class, or (n, k)). `function.greater_is_better` (default true)
    gives the
    direction; a function named `*_loss` or `*_error` is taken to be smaller is better.

    Args:
        function: the callable; `sample_weight=` is passed when there are weights, and left out when it is
        refused.
        task: for which target.
        name: the key of the metric; by default the function's own name.

    Example:
        >>> from trainwright.tasks import task_for
        >>> def worst(y_true, y_pred): return float(abs(y_true - y_pred).max())
        >>> worst.greater_is_better = False
        >>> metric_from(worst, task_for(Target("price", "number"))).name
        'worst'
    """
    key = str(name or getattr(function, "__name__", type(function).__name__))
    less = key.endswith(("_loss", "_error"))
    greater = bool(getattr(function, "greater_is_better", not less))
    raw = bool(getattr(function, "needs_probability", False))
    target = task.target
    labels = np.asarray(target.classes, dtype=str)

    def compute(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
        if target.task != "classes":
            truth, answer = y, prediction
        elif raw:
            truth = y if len(labels) > 2 else (y == target.positive_index).astype(int)
            answer = prediction if len(labels) > 2 else prediction[:, target.positive_index]
        else:
            truth, answer = labels[y], labels[task.decide(prediction)]
        if weight is None:
            return float(function(truth, answer))
        return float(function(truth, answer, sample_weight=weight))

    return Metric(key, key.replace("_", " "), greater, "user", compute)
