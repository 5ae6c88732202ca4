"""What is measured after each epoch beside the loss of the validation rows, and the curves made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainwright.models.spec import Report

# The figure of the rows learned from, and the most points of a curve.
NAME, POINTS = "training rows", 100


class Watch:
    """The figures of an epoch, from the answers to the validation rows and to some rows learned from.

    Both are judged alike: without dropout, by the weights at the end of the epoch, by log-loss for classes and by the
    root of the mean squared error for a number, whatever loss is minimised.

    Args:
        answers: gives what is answered now to the rows learned from, (n, classes) or (n,).
        learned: what is true of these rows.
        held: what is true of the validation rows.
        classes: number of classes, 0 for a number.
        spread: of a number, to tell its error in its own units.
        labels: of the classes, under which the F1 of each is told, such as "f1/yes"; none are told without them.
        mean_f1: for classes, whether the mean of their F1 is told, too.
    """

    def __init__(
        self,
        answers: Callable[[], np.ndarray],
        learned: Truth,
        held: Truth,
        classes: int,
        spread: float,
        labels: Sequence[str] = (),
        *,
        mean_f1: bool = False,
    ):
        self._answers, self._learned, self._held = answers, learned, held
        self._classes, self._spread, self._labels = classes, spread, labels
        self._mean_f1 = mean_f1

    def __call__(self, answers: Tensor) -> Mapping[str, float]:
        """The figures by name."""
        said, learned = answers.double().numpy(), self._answers().astype(np.float64)
        if not self._classes:
            return {"rmse": self._held.rmse(said) * self._spread, NAME: self._learned.rmse(learned) * self._spread}
        found = {
            "accuracy": self._held.mean((said.argmax(axis=1) == self._held.y).astype(np.float64)),
            "log_loss": self._held.log_loss(said),
            NAME: self._learned.log_loss(learned),
        }
        if self._mean_f1:
            found["f1"] = self._held.mean_f1(said)
        return found | {f"f1/{label}": self._held.f1(said, k) for k, label in enumerate(self._labels)}


def some_rows(n: int, most: int, seed: int) -> np.ndarray:
    """Ascending positions of the rows learned from that are looked at, at most so many."""
    rows = np.arange(n)
    return rows if n <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


@contextmanager
def judging(module: nn.Module) -> Iterator[torch.device]:
    """The module answers without dropout and gradients within the block; gives the device that it is on."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield next(module.parameters()).device
    finally:
        module.train(training)


class Truth:
    """What is true of rows, and what each of them weighs."""

    def __init__(self, y: np.ndarray, weight: np.ndarray | None):
        self.y, self._weight = y, weight if weight is not None and weight.sum() > 0 else None

    def mean(self, each: np.ndarray) -> float:
        return float(np.average(each, weights=self._weight))

    def rmse(self, said: np.ndarray) -> float:
        return float(np.sqrt(self.mean((said - self.y) ** 2)))

    def f1(self, said: np.ndarray, k: int) -> float:
        """2 TP / (2 TP + FP + FN) of class k; 0 where it is neither there nor said."""
        there, told = self.y == k, said.argmax(axis=1) == k
        weight = np.ones(len(there)) if self._weight is None else self._weight
        both = 2.0 * float(weight[there & told].sum())
        return both / max(float(weight[there].sum() + weight[told].sum()), 1e-12)

    def mean_f1(self, said: np.ndarray) -> float:
        """The mean F1 over the classes that are there or said."""
        present = np.union1d(self.y, said.argmax(axis=1))
        return float(np.mean([self.f1(said, int(k)) for k in present])) if len(present) else 0.0

    def log_loss(self, said: np.ndarray) -> float:
        return self.mean(-np.log(np.maximum(said[np.arange(len(said)), self.y], 1e-15)))


def curve_of(history: Sequence[Mapping[str, Any]]) -> dict[str, list[float]] | None:
    """The figures by epoch of the rows learned from and of the validation rows, at most 100 points; None where there
    were no validation rows."""
    rows = [row for row in history if NAME in row["metrics"]]
    if not rows:
        return None
    held = "rmse" if "rmse" in rows[0]["metrics"] else "log_loss"
    at = np.unique(np.linspace(0, len(rows) - 1, min(POINTS, len(rows))).round().astype(int))
    return {
        "steps": [float(rows[i]["epoch"]) for i in at],
        "validation": [float(rows[i]["metrics"][held]) for i in at],
        "training": [float(rows[i]["metrics"][NAME]) for i in at],
    }


def told(report: Report | None) -> Report | None:
    """Passes events on, the loss of rows learned from under a name of its own among the curves."""
    if report is None:
        return None

    def tell(event: dict[str, Any]) -> None:
        if event.get("points"):
            own = f"{NAME.capitalize()}/validation"
            event = event | {"points": [[f"Loss/{NAME}" if p[0] == own else p[0], *p[1:]] for p in event["points"]]}
        report(event)

    return tell
