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
    from trainwright.models.nets.estimator import Given

MOST = 1_000


class Watch:
    """The metrics of an epoch: what the answers to the validation rows are worth, and the loss of some rows learned
    from, judged as validation rows are: without dropout, by the weights at the end of the epoch.

    Args:
        learner: judges.
        given: the rows learned from.
        held: the validation rows.
        classes: number of classes, 0 for a number.
        spread: of a number, to tell its error in its own units.
        seed: draws the rows.
        name: under which their loss is told.
    """

    def __init__(
        self, learner: NetLearner, given: Given, held: Given, classes: int, spread: float, *, seed: int, name: str
    ):
        self._learner, self._classes, self._spread, self._name = learner, classes, spread, name
        self._truth, self._weight = held.y, held.weight
        rows = np.arange(len(given.y))
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MOST, replace=False))
        assert given.rows.levels is not None
        self._batch: dict[str, Tensor] = {
            "x": torch.from_numpy(given.rows.dense[rows].astype(np.float32)),
            "levels": torch.from_numpy(given.rows.levels[rows]),
            "y": torch.from_numpy(given.y[rows].astype(np.int64 if classes else np.float32)),
        }
        if given.weight is not None:
            self._batch["weight"] = torch.from_numpy(given.weight[rows].astype(np.float32))

    def __call__(self, answers: Tensor) -> Mapping[str, float]:
        """The figures by name."""
        said = answers.double().numpy()
        if self._classes:
            name, each = "accuracy", (said.argmax(axis=1) == self._truth).astype(np.float64)
        else:
            name, each = "rmse", (said - self._truth) ** 2
        usable = self._weight is not None and self._weight.sum() > 0
        figure = float(np.average(each, weights=self._weight if usable else None))
        figure = figure if self._classes else float(np.sqrt(figure)) * self._spread
        return {name: figure, self._name: self._learned()}

    def _learned(self) -> float:
        module = self._learner.module
        device = next(module.parameters()).device
        training = module.training
        module.eval()
        try:
            with torch.no_grad():
                batch = {name: part.to(device) for name, part in self._batch.items()}
                total, count, _ = self._learner.judge(batch)
        finally:
            module.train(training)
        return float(total) / max(float(count), 1e-12)


def curve_of(history: Sequence[Mapping[str, Any]], name: str, most: int) -> dict[str, list[float]] | None:
    """The losses by epoch of the rows learned from and of the validation rows, at most so many points; None where
    there were no validation rows."""
    rows = [row for row in history if row.get("validation_loss") is not None]
    if not rows:
        return None
    at = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))
    return {
        "steps": [float(rows[i]["epoch"]) for i in at],
        "validation": [float(rows[i]["validation_loss"]) for i in at],
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
