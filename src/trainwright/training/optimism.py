"""How much the figure of the chosen candidate is flattered by having been chosen on the same rows.

The whole choice is repeated on bootstrap samples of the out-of-fold rows: the best on the rows drawn is scored on the
rows not drawn. Source: Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions for
efficient and accurate cross-validation" (BBC-CV).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.tasks import Metric

REPEATS = 30
# More rows change the third digit of a figure that is a correction itself.
MOST_ROWS = 10_000


@dataclass(frozen=True)
class Optimism:
    """What choosing cost in honesty.

    Args:
        candidates: how many were compared.
        bias: how much better, in the metric's own units, the chosen one looks than it is; at least 0.
        picked: share of the repetitions that chose the same candidate.
        repeats: repetitions that could be scored.
    """

    candidates: int
    bias: float
    picked: float
    repeats: int

    def correct(self, figure: dict[str, Any] | None, metric: Metric) -> None:
        """Takes the bias off a figure and its worse bound, in place, and says so in its method.

        The better bound stays: the bias is itself an estimate, so the interval grows by it.

        Example:
            >>> from trainwright.data.schema import Target
            >>> from trainwright.tasks import task_for
            >>> figure = {"value": 0.75, "low": 0.5, "high": 1.0, "method": "t over folds"}
            >>> area = task_for(Target("y", "classes", ("a", "b"))).metrics["roc_auc"]
            >>> Optimism(3, 0.25, 1.0, 30).correct(figure, area)
            >>> figure["value"], figure["low"], figure["high"], figure["as_chosen"]
            (0.5, 0.25, 1.0, 0.75)
        """
        if figure is None or figure.get("value") is None:
            return
        shift = -self.bias if metric.greater_is_better else self.bias
        figure["as_chosen"] = figure["value"]
        for key in ("value", "low" if metric.greater_is_better else "high"):
            if figure.get(key) is not None:
                figure[key] += shift
        figure["method"] += f"; {abs(shift):.2g} taken off for having been chosen among {self.candidates}"

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def selection_optimism(
    predictions: dict[str, np.ndarray],
    y: np.ndarray,
    metric: Metric,
    selected: str,
    *,
    weight: np.ndarray | None = None,
    seed: int = 0,
) -> Optimism | None:
    """The optimism of choosing the best of several candidates; None when there was nothing to choose.

    Args:
        predictions: by candidate, (n, k) or (n,) out-of-fold predictions of the same rows.
        y: (n,) truth.
        metric: what was chosen by.
        selected: the chosen candidate.
        weight: (n,) or None.
        seed: of the draws.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=200)
        >>> noise = {str(i): rng.normal(size=200) for i in range(10)}
        >>> found = selection_optimism(noise, y, task_for(Target("y", "number")).metrics["rmse"], "0")
        >>> found.bias > 0.01
        True
    """
    names = list(predictions)
    if len(names) < 2:
        return None
    rng = np.random.default_rng([seed, 7])
    rows = np.arange(len(y))
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    sign = 1.0 if metric.greater_is_better else -1.0

    def scores(positions: np.ndarray) -> np.ndarray:
        part = None if weight is None else weight[positions]
        return np.array([sign * metric(y[positions], predictions[name][positions], part) for name in names])

    gaps, same = [], 0
    for _ in range(REPEATS):
        drawn = rows[rng.integers(0, len(rows), len(rows))]
        left = np.setdiff1d(rows, drawn)
        if not len(left):
            continue
        inside, outside = scores(drawn), scores(left)
        known = np.isfinite(inside) & np.isfinite(outside)  # few rows may lack a class, and define no figure
        if not known.any():
            continue
        best = int(np.argmax(np.where(known, inside, -np.inf)))
        # What the choice promised against what it keeps, less what chance alone does to any fixed candidate.
        gaps.append((inside[best] - outside[best]) - float((inside - outside)[known].mean()))
        same += names[best] == selected
    if not gaps:
        return None
    return Optimism(len(names), max(0.0, float(np.mean(gaps))), same / len(gaps), len(gaps))
