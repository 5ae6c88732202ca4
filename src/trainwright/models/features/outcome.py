"""The target of the training rows as a boosting library wants it: compact labels or standardised numbers, and
back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.schema import Target

if TYPE_CHECKING:
    from trainwright.data.columns import Dataset


@dataclass(frozen=True)
class Outcome:
    """What is learned from y alone.

    Libraries store labels as float32: numbers are centred and scaled first, so that 1,000,000,001 and
    1,000,000,002 stay different. Classes that y lacks are left out of the library's model and get probability
    0.

    Args:
        task: "classes" or "number".
        width: number of classes of the target, or 1.
        present: (k,) int64 positions of the classes that y holds; empty for numbers.
        prior: (k,) weighted shares of those classes; for numbers (2,) centre and scale.
    """

    task: str
    width: int
    present: np.ndarray
    prior: np.ndarray

    @classmethod
    def learn(cls, y: np.ndarray, weight: np.ndarray | None, target: Target) -> Outcome:
        """Reads classes and shares, or centre and scale, off (n,) training labels."""
        if target.task == "classes":
            counts = np.bincount(y, weights=weight, minlength=len(target.classes)).astype(np.float64)
            present = np.flatnonzero(np.bincount(y, minlength=len(target.classes)))
            shares = counts[present]
            shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(present), 1 / len(present))
            return cls("classes", len(target.classes), present, shares)
        centre = float(np.average(y, weights=weight))
        spread = float(np.std(y))
        scale = spread if np.isfinite(spread) and spread > 1e-12 * max(1.0, abs(centre)) else 0.0
        return cls("number", 1, np.empty(0, dtype=np.int64), np.array([centre, scale]))

    @property
    def constant(self) -> bool:
        """Whether there is nothing to tell apart: one class, or one number."""
        return len(self.present) == 1 if self.task == "classes" else bool(self.prior[1] == 0.0)

    @property
    def outputs(self) -> int:
        """Number of raw scores per row: 1 for two classes or a number, else the number of present classes."""
        return len(self.present) if len(self.present) > 2 else 1

    @property
    def scale(self) -> float:
        """Units of the target in one unit of raw score (1 for classes)."""
        return 1.0 if self.task == "classes" else float(self.prior[1])

    def labels(self, y: np.ndarray) -> np.ndarray:
        """(n,) float64 labels for the library; NaN for a class that the training rows lack."""
        if self.task == "number":
            return (y - self.prior[0]) / self.prior[1]
        compact = np.full(self.width, np.nan)
        compact[self.present] = np.arange(len(self.present))
        return compact[y]

    def stopping(self, validation: Dataset | None) -> tuple[Dataset, np.ndarray] | None:
        """The rows that may stop a training, with their (n,) labels; None when there are none.

        Rows of classes that the training rows lack are left out.
        """
        if validation is None:
            return None
        labels = self.labels(validation.y)
        known = np.flatnonzero(np.isfinite(labels))
        return (validation.take(known), labels[known]) if len(known) else None

    def predictions(self, raw: np.ndarray) -> np.ndarray:
        """(n, width) probabilities from (n,) log-odds or (n, k) scores; for numbers (n,) in the target's
        unit."""
        if self.task == "number":
            return raw * self.prior[1] + self.prior[0]
        if raw.ndim == 1:
            second = 1.0 / (1.0 + np.exp(-np.clip(raw, -700.0, 700.0)))
            probability = np.column_stack([1.0 - second, second])
        else:
            probability = np.exp(raw - raw.max(axis=1, keepdims=True))
            probability /= probability.sum(axis=1, keepdims=True)
        if self.width == probability.shape[1]:
            return probability
        return self._spread(probability)

    def constants(self, n: int) -> np.ndarray:
        """The prediction that needs no features, for n rows."""
        if self.task == "number":
            return np.full(n, self.prior[0])
        return self._spread(np.tile(self.prior, (n, 1)))

    def _spread(self, probability: np.ndarray) -> np.ndarray:
        """(n, k) over the present classes -> (n, width) with 0 for the absent ones."""
        full = np.zeros((len(probability), self.width))
        full[:, self.present] = probability
        return full

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {
            "task": self.task,
            "width": self.width,
            "present": self.present.tolist(),
            "prior": self.prior.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome from `to_json`'s plain data."""
        return cls(
            str(data["task"]),
            int(data["width"]),
            np.array(data["present"], dtype=np.int64),
            np.array(data["prior"], dtype=np.float64),
        )


def pushes(shap: np.ndarray, parents: list[tuple[str, ...]], names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Sums (n, p) SHAP values of model features to the original columns; a feature made of several columns is
    shared equally among them.

    Args:
        shap: (n, p) additive contributions, without the base value.
        parents: for each of the p features the original columns that it is made of.
        names: every original column, so that unused ones are given zeros.
    """
    total = {name: np.zeros(len(shap)) for name in names}
    for j, columns in enumerate(parents):
        for column in columns:
            total[column] += shap[:, j] / len(columns)
    return total


def pick_output(shap: np.ndarray, raw: np.ndarray, outcome: Outcome, positive: int) -> np.ndarray:
    """(n, p) contributions of the output that is explained: the number, the log-odds of the positive class,
    or the score of the predicted class.

    Args:
        shap: (n, p) for one raw score, (n, k, p) for several.
        raw: (n,) or (n, k) raw scores.
        outcome: what the scores stand for.
        positive: position of the positive class in the target, used for two classes.
    """
    if shap.ndim == 3:
        return shap[np.arange(len(shap)), raw.argmax(axis=1)]
    if outcome.task == "number":
        return shap * outcome.scale
    return shap if outcome.width != 2 or outcome.present[1] == positive else -shap
