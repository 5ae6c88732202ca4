"""What is measured after each epoch beside the loss of the validation rows, and the curves made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

    For classes, "macro/f1", "macro/precision" and "macro/recall" are the means over the classes that are there or said,
    each counting the same.

    Args:
        answers: gives what is answered now to the rows learned from, (n, classes) or (n,).
        learned: what is true of these rows.
        held: what is true of the validation rows.
        classes: number of classes, 0 for a number.
        spread: of a number, to tell its error in its own units.
        labels: of the classes, under which the F1 of each is told, such as "f1/yes"; none are told without them.
        mean_f1: for classes, whether their mean F1 is also told as "f1", the figure that can choose the best epoch.
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
        each = self._held.by_class(said)
        figures = each.figures()
        macro = {f"macro/{name}": each.mean(values) for name, values in figures.items()}
        if self._mean_f1:
            found["f1"] = macro["macro/f1"]
        return found | macro | {f"f1/{label}": float(figures["f1"][k]) for k, label in enumerate(self._labels)}


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

    def by_class(self, said: np.ndarray) -> ByClass:
        """What the answers (n, classes) get right and wrong of each class, in one pass over the rows."""
        told, classes = said.argmax(axis=1), said.shape[1]
        both = told == self.y
        weight = self._weight
        return ByClass(
            np.bincount(np.concatenate([self.y, told]), minlength=classes) > 0,
            _weight_by_class(self.y, weight, classes),
            _weight_by_class(told, weight, classes),
            _weight_by_class(self.y[both], None if weight is None else weight[both], classes),
        )

    def log_loss(self, said: np.ndarray) -> float:
        return self.mean(-np.log(np.maximum(said[np.arange(len(said)), self.y], 1e-15)))


@dataclass(frozen=True)
class ByClass:
    """Rows by class, counted or weighed.

    Args:
        seen: (classes,) whether there is a row of the class or one said to be of it, whatever it weighs.
        there: (classes,) of the class.
        told: (classes,) said to be of it.
        both: (classes,) of it and said to be.
    """

    seen: np.ndarray
    there: np.ndarray
    told: np.ndarray
    both: np.ndarray

    def figures(self) -> dict[str, np.ndarray]:
        """(classes,) of each figure; 0 where it would be nothing by nothing, as scikit-learn has it.

        Example:
            >>> seen, there, told = np.array([True, True]), np.array([4.0, 0.0]), np.array([2.0, 2.0])
            >>> found = ByClass(seen, there, told, both=np.array([2.0, 0.0])).figures()
            >>> {name: values.round(2).tolist() for name, values in found.items()}
            {'f1': [0.67, 0.0], 'precision': [1.0, 0.0], 'recall': [0.5, 0.0]}
        """
        return {
            "f1": 2.0 * self.both / np.maximum(self.there + self.told, 1e-12),
            "precision": self.both / np.maximum(self.told, 1e-12),
            "recall": self.both / np.maximum(self.there, 1e-12),
        }

    def mean(self, values: np.ndarray) -> float:
        """The mean over the classes that are there or said."""
        return float(values[self.seen].mean()) if self.seen.any() else 0.0


def _weight_by_class(which: np.ndarray, weight: np.ndarray | None, classes: int) -> np.ndarray:
    """(classes,) the rows of each class, or what they weigh together."""
    if weight is None:
        return np.bincount(which, minlength=classes).astype(np.float64)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(1, classes))
    return np.array([float(part.sum()) for part in np.split(weight[order], ends)])


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
