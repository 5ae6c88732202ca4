"""Measures whether it matters that rows are predicted later than all a model learned from, by a quick model.

Later blocks of rows are predicted twice, by a model of the rows before them and by one of as many rows drawn by chance
from all others. The same rows are scored, so the difference is the price of being later.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from trainwright.data.checks.association import r_squared, roc_auc
from trainwright.data.checks.context import Context
from trainwright.data.checks.quick_model import base_loss, design, fit_predict, losses

ROUNDS = 30
ROWS, COLUMNS, LEAST_ROWS, BLOCKS, DRAWS, CLASSES = 6_000, 200, 200, 8, 2, 2
# The price of being later matters from this share of what there is to know, and beyond so many standard errors.
MATERIAL, SIGMAS = 0.02, 3.0


@dataclass(frozen=True)
class Order:
    """What the order of time does to a quick model.

    Args:
        figure: name of the figure, "ROC-AUC", "accuracy" or "R2".
        drawn: its value where training rows are drawn by chance.
        later: its value where all training rows are earlier.
        cost: mean extra loss of being later, as a share of the loss of knowing nothing.
        error: standard error of the cost, over the blocks.
    """

    figure: str
    drawn: float
    later: float
    cost: float
    error: float

    @property
    def matters(self) -> bool:
        """Whether the difference is more than its noise, and more than a trifle."""
        return self.cost >= MATERIAL and self.cost >= SIGMAS * self.error

    @property
    def words(self) -> str:
        """The measurement as a sentence."""
        points = 100 * (self.drawn - self.later)
        pair = f"{self.figure} {self.drawn:.3f} on rows among those it knows and {self.later:.3f} on later rows"
        if not self.matters:
            return f"A quick model reaches {pair}: no more of a difference than chance would make."
        if points > 0:
            return f"A quick model reaches {pair}: being later costs {points:.1f} points, more than chance would make."
        return (
            f"A quick model's errors on later rows are larger by {self.cost:.0%} of all there is to know, more than "
            f"chance would make, though it reaches {pair}."
        )

    def to_json(self) -> dict[str, Any]:
        """The measurement as plain data."""
        return {
            "figure": self.figure,
            "random": round(self.drawn, 4),
            "later": round(self.later, 4),
            "cost": round(self.cost, 4),
            "cost_error": round(self.error, 4),
        }


def order_matters(context: Context, moments: np.ndarray, *, leave_out: Collection[str] = ()) -> Order | None:
    """Compares prediction of later rows with prediction of rows in between; None where rows or columns do not suffice.

    Args:
        context: of the check.
        moments: (n,) float64 when each sampled row arose, NaN where unknown.
        leave_out: columns that only say when, hidden from both models alike.
    """
    columns = [c for c in context.features if c.name not in leave_out][:COLUMNS]
    rows = np.flatnonzero(~np.isnan(moments))
    if len(rows) < LEAST_ROWS or not columns:
        return None
    rng = np.random.default_rng(0)
    n_classes = len(context.target.classes) if context.classes else 0
    most = ROWS if n_classes <= CLASSES else ROWS * CLASSES // n_classes  # each class costs a tree per round
    if len(rows) > max(most, LEAST_ROWS):
        rows = np.sort(rng.choice(rows, max(most, LEAST_ROWS), replace=False))
    rows = rows[np.argsort(moments[rows], kind="stable")]
    y = context.y[context.sample][rows]
    x = design(context.sampled[rows], columns)
    when, n = moments[rows], len(rows)
    edges = np.linspace(n // 2, n, BLOCKS + 1).astype(int)
    drawn, later, scored, block = [], [], [], []
    for number, (start, end) in enumerate(pairwise(edges)):
        held = np.arange(start, end)
        # Equal moments never stand on both sides.
        before = np.flatnonzero(when < when[start])
        if len(before) < LEAST_ROWS // 4 or not len(held):
            continue
        others = np.setdiff1d(np.arange(n), held)
        later.append(fit_predict(x[before], y[before], x[held], classes=n_classes, rounds=ROUNDS))
        some = []
        for _ in range(DRAWS):
            chance = np.sort(rng.choice(others, min(len(before), len(others)), replace=False))
            some.append(fit_predict(x[chance], y[chance], x[held], classes=n_classes, rounds=ROUNDS))
        drawn.append(np.stack(some))
        scored.append(held)
        block.append(np.full(len(held), number))
    if len(scored) < 2:
        return None
    at, of = np.concatenate(scored), np.concatenate(block)
    draws, two = np.concatenate(drawn, axis=1), np.concatenate(later)
    typical = np.mean([losses(one, y[at], n_classes) for one in draws], axis=0)
    extra = (losses(two, y[at], n_classes) - typical) / max(base_loss(y, n_classes), 1e-12)
    means = np.array([extra[of == b].mean() for b in np.unique(of)])
    error = float(means.std(ddof=1) / len(means) ** 0.5)
    figure, value = _figure(context, n_classes)
    reached = float(np.mean([value(one, y[at]) for one in draws]))
    return Order(figure, reached, value(two, y[at]), float(means.mean()), error)


def _figure(context: Context, n_classes: int) -> tuple[str, Any]:
    """A figure that people know, by the kind of target."""
    if not n_classes:
        return "R2", r_squared
    if n_classes == 2:
        return "ROC-AUC", lambda p, y: roc_auc(p[:, 1], y == 1)
    return "accuracy", lambda p, y: float((p.argmax(axis=1) == y).mean())
