"""The task of predicting a class: metrics, decisions, confidence, baselines."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from trainwright.tasks.decisions import decision_metrics
from trainwright.tasks.metric import Metric
from trainwright.tasks.names import CLASS_METRICS
from trainwright.tasks.probabilities import probability_metrics
from trainwright.tasks.ranking import precision_at_recall, ranking_metrics
from trainwright.tasks.task import Task


@dataclass(frozen=True)
class Classification(Task):
    """Predicting one of k classes. A prediction is (n, k) probabilities in the order of `target.classes`.

    Example:
        >>> from trainwright.data.schema import Target
        >>> task = Classification(Target("ok", "classes", ("no", "yes"), positive="yes"))
        >>> task.decide(np.array([[0.6, 0.4], [0.2, 0.8]])).tolist()
        [0, 1]
    """

    name = "classes"
    baselines = ("baseline", "linear", "forest")

    def __post_init__(self) -> None:
        k, positive = len(self.target.classes), self._positive
        listed = [
            *ranking_metrics(positive, k),
            *probability_metrics(positive, k),
            *decision_metrics(self.decide, k, positive),
        ]
        by_name = {metric.name: metric for metric in listed}
        ordered = {name: by_name[name] for name in CLASS_METRICS if name in by_name}
        object.__setattr__(self, "metrics", ordered)

    @property
    def binary(self) -> bool:
        """Whether there are two classes, so that one of them is positive."""
        return len(self.target.classes) == 2

    @property
    def _positive(self) -> int | None:
        return self.target.positive_index if self.binary else None

    @property
    def default_name(self) -> str:
        return "roc_auc" if self.binary else "log_loss"

    def _kind(self) -> str:
        return f"{len(self.target.classes)} classes"

    def _made(self, name: str) -> Metric | None:
        match = re.fullmatch(r"precision_at_recall_(\d{1,3})", name)
        if match and self._positive is not None and 1 <= int(match[1]) <= 100:
            return precision_at_recall(int(match[1]) / 100, self._positive)
        return None

    def check(self, prediction: np.ndarray) -> None:
        """Refuses a prediction that is not (n, k).

        Raises:
            ValueError: naming the shape that was expected and the one found.
        """
        k = len(self.target.classes)
        if prediction.ndim != 2 or prediction.shape[1] != k:
            raise ValueError(f"prediction must be (n, {k}) probabilities, got shape {prediction.shape}")

    def decide(self, prediction: np.ndarray, threshold: float | np.ndarray | None = None) -> np.ndarray:
        """(n,) positions of the classes decided: for two classes the positive one from the threshold on,
        for more
        the most probable (the earlier one of equals).

        Args:
            prediction: (n, k) probabilities.
            threshold: a number or (n,); by default the task's own.
        """
        if not self.binary:
            return prediction.argmax(1)
        positive = self.target.positive_index
        chosen = prediction[:, positive] >= (self.threshold if threshold is None else threshold)
        return np.where(chosen, positive, 1 - positive)

    def confidence(self, prediction: np.ndarray) -> np.ndarray:
        """(n,) probability given to the most probable class."""
        return prediction.max(1)
