"""The task of predicting a number: metrics and baselines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.tasks.numbers import number_metrics
from trainwright.tasks.task import Task


@dataclass(frozen=True)
class Regression(Task):
    """Predicting a number. A prediction is (n,) numbers.

    Example:
        >>> from trainwright.data.schema import Target
        >>> task = Regression(Target("price", "number"))
        >>> task.metrics["mae"](np.array([1.0, 2.0]), np.array([1.5, 2.5]))
        0.5
    """

    name = "number"
    baselines = ("baseline", "linear", "forest")

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", {metric.name: metric for metric in number_metrics()})

    @property
    def default_name(self) -> str:
        return "rmse"

    def _kind(self) -> str:
        return "a target of numbers"

    def check(self, prediction: np.ndarray) -> None:
        """Refuses a prediction that is not (n,).

        Raises:
            ValueError: naming the shape found.
        """
        if prediction.ndim != 1:
            raise ValueError(f"prediction must be (n,) numbers, got shape {prediction.shape}")

    def decide(self, prediction: np.ndarray, threshold: float | np.ndarray | None = None) -> np.ndarray:
        """The numbers themselves."""
        return prediction
