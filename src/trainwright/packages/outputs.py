"""What a prediction looks like outside: labels in their own spelling and type, probabilities, confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.tasks import Task, task_for

DEFAULT_THRESHOLD = 0.5


class Outputs:
    """Turns predictions into a frame or, for one row, into a mapping.

    Args:
        target: what is predicted.
        threshold: for two classes, the probability of the positive class from which it is predicted.

    Example:
        >>> target = Target("ok", "classes", ("0", "1"), positive="1", numeric_labels="int")
        >>> Outputs(target, 0.3).row(np.array([[0.6, 0.4]]))
        {'prediction': 1, 'probability_0': 0.6, 'probability_1': 0.4, 'confidence': 0.4}
    """

    by: str | None = None
    """The column whose values are decided by thresholds of their own; None: every row by the same."""

    def __init__(self, target: Target, threshold: float | None = None):
        self.target = target
        self.threshold = check_threshold(target, threshold)
        self._labels = typed_labels(target)
        self._names = [f"probability_{label}" for label in target.classes]
        self._task: Task = task_for(target)

    def corrected(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities as they are shown: those of the package."""
        return prediction

    def frame(self, prediction: np.ndarray, segment: np.ndarray | None = None) -> pl.DataFrame:
        """The columns `prediction`, `probability_<class>` for each class and `confidence`; for a number only
        `prediction`. Confidence is the probability of the class that is predicted.

        Args:
            prediction: (n, k) probabilities or (n,) numbers.
            segment: (n,) values of the column `by`, as texts, or None.
        """
        if self.target.task == "number":
            return pl.DataFrame({"prediction": prediction})
        chosen = self._task.decide(prediction, self.threshold)  # (n,)
        return pl.DataFrame(self._columns(prediction, chosen))

    def row(self, prediction: np.ndarray, segment: np.ndarray | None = None) -> dict[str, Any]:
        """The same for a single row, as plain values."""
        if self.target.task == "number":
            return {"prediction": float(prediction[0])}
        values = prediction[0].tolist()
        if len(values) == 2:
            positive = self.target.positive_index
            chosen = positive if values[positive] >= self.threshold else 1 - positive
        else:
            chosen = values.index(max(values))
        out: dict[str, Any] = {"prediction": self._labels[chosen]}
        out.update(zip(self._names, values))
        out["confidence"] = values[chosen]
        return out

    def _columns(self, probability: np.ndarray, chosen: np.ndarray) -> dict[str, pl.Series]:
        """The columns of `frame` for classes: (n, k) probabilities, (n,) positions of the classes predicted."""
        columns = {"prediction": pl.Series(self._labels).gather(chosen)}
        columns |= {name: pl.Series(probability[:, j]) for j, name in enumerate(self._names)}
        columns["confidence"] = pl.Series(probability[np.arange(len(chosen)), chosen])
        return columns


def check_threshold(target: Target, threshold: float | None) -> float:
    """The threshold to use.

    Raises:
        UserError: there are not two classes, or it is no probability.
    """
    if threshold is None:
        return DEFAULT_THRESHOLD
    if target.n_outputs != 2 or target.task != "classes":
        raise UserError(
            f"a threshold needs two classes, {target.column!r} has "
            + (f"{len(target.classes)} classes" if target.task == "classes" else "numbers"),
            remedy="leave the threshold out",
        )
    if not 0 <= threshold <= 1:
        raise UserError(f"the threshold must be a probability from 0 to 1, got {threshold}")
    return float(threshold)


def typed_labels(target: Target) -> list[Any]:
    """The classes in the type they had in the file.

    Example:
        >>> typed_labels(Target("ok", "classes", ("false", "true"), numeric_labels="bool"))
        [False, True]
    """
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    try:
        if target.numeric_labels == "int":
            return [int(label) for label in target.classes]
        if target.numeric_labels == "float":
            return [float(label) for label in target.classes]
        if target.numeric_labels == "bool":
            return [words[label.lower()] for label in target.classes]
    except (ValueError, KeyError):  # a label that is no such number keeps its spelling
        return list(target.classes)
    return list(target.classes)
