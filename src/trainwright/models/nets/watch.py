"""What is measured after each epoch beside the loss of the validation rows, and the curves made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from trainwright.models.nets.learner import NetLearner
from trainwright.models.spec import Report

if TYPE_CHECKING:
    from trainwright.models.nets.rows import Given

MOST = 1_000


class Watch:
    """The figures of an epoch, from the answers to the validation rows and to some rows learned from.

    Both are judged alike: without dropout, by the weights at the end of the epoch, by log-loss for classes and by the
    root of the mean squared error for a number, whatever loss is minimised.

    Args:
        learner: answers.
        given: the rows learned from.
        held: the validation rows.
        classes: number of classes, 0 for a number.
        spread: of a number, to tell its error in its own units.
        seed: draws the rows learned from.
        name: under which their figure is told.
    """

    def __init__(
        self, learner: NetLearner, given: Given, held: Given, classes: int, spread: float, *, seed: int, name: str
    ):
        self._learner, self._classes, self._spread, self._name = learner, classes, spread, name
        rows = np.arange(len(given.y))
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MOST, replace=False))
        assert given.rows.levels is not None
        self._batch: dict[str, Tensor] = {
            "x": torch.from_numpy(given.rows.dense[rows].astype(np.float32)),
            "levels": torch.from_numpy(given.rows.levels[rows]),
        }
        self._learned = _Truth(given.y[rows], None if given.weight is None else given.weight[rows])
        self._held = _Truth(held.y, held.weight)

    def __call__(self, answers: Tensor) -> Mapping[str, float]:
        """The figures by name."""
        said, learned = answers.double().numpy(), self._answers().double().cpu().numpy()
        if not self._classes:
            return {
                "rmse": self._held.rmse(said) * self._spread,
                self._name: self._learned.rmse(learned) * self._spread,
            }
        return {
            "accuracy": self._held.mean((said.argmax(axis=1) == self._held.y).astype(np.float64)),
            "log_loss": self._held.log_loss(said),
            self._name: self._learned.log_loss(learned),
        }

    def _answers(self) -> Tensor:
        module = self._learner.module
        device = next(module.parameters()).device
        training = module.training
        module.eval()
        try:
            with torch.no_grad():
                return self._learner.predict({name: part.to(device) for name, part in self._batch.items()})
        finally:
            module.train(training)


class _Truth:
    """What is true of rows, and what each of them weighs."""

    def __init__(self, y: np.ndarray, weight: np.ndarray | None):
        self.y, self._weight = y, weight if weight is not None and weight.sum() > 0 else None

    def mean(self, each: np.ndarray) -> float:
        return float(np.average(each, weights=self._weight))

    def rmse(self, said: np.ndarray) -> float:
        return float(np.sqrt(self.mean((said - self.y) ** 2)))

    def log_loss(self, said: np.ndarray) -> float:
        return self.mean(-np.log(np.maximum(said[np.arange(len(said)), self.y], 1e-15)))


def curve_of(history: Sequence[Mapping[str, Any]], name: str, most: int) -> dict[str, list[float]] | None:
    """The figures by epoch of the rows learned from and of the validation rows, at most so many points; None where
    there were no validation rows."""
    rows = [row for row in history if name in row["metrics"]]
    if not rows:
        return None
    held = "rmse" if "rmse" in rows[0]["metrics"] else "log_loss"
    at = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))
    return {
        "steps": [float(rows[i]["epoch"]) for i in at],
        "validation": [float(rows[i]["metrics"][held]) for i in at],
        "training": [float(rows[i]["metrics"][name]) for i in at],
    }


def told(report: Report | None, name: str) -> Report | None:
    """Passes events on, the loss of rows learned from under a name of its own among the curves."""
    if report is None:
        return None

    def tell(event: dict[str, Any]) -> None:
        if event.get("points"):
            own = f"{name.capitalize()}/validation"
            event = event | {"points": [[f"Loss/{name}" if p[0] == own else p[0], *p[1:]] for p in event["points"]]}
        report(event)

    return tell
