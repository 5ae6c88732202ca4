"""What a decision does on labelled rows that it was not chosen on, such as those of a file: counted, nothing chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate.deciding import many
from trainwright.evaluate.deciding.bought import CASES, SHARES, drawn, figures_of, resamples, trials_of, with_bounds
from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.policy import REVIEW
from trainwright.evaluate.intervals import wilson
from trainwright.evaluate.resampling import Units


def on_rows(
    target: Target, y: np.ndarray, decided: np.ndarray, units: Units, *, costs: Costs | None = None, seed: int = 0
) -> dict[str, Any]:
    """The figures of decided rows, with the keys of a decision's own `figures`.

    Args:
        target: two or more classes.
        y: (n,) class positions.
        decided: (n,) positions of the classes decided, or `REVIEW`.
        units: what varies independently among the rows.
        costs: of mistakes and reviews, where the decision has them.
        seed: of the resamples.

    Example:
        >>> from trainwright.evaluate.resampling import make_units
        >>> y, decided = np.array([0, 0, 1, 1] * 50), np.array([0, 1, 1, REVIEW] * 50)
        >>> found = on_rows(Target("ok", "classes", ("no", "yes"), "yes"), y, decided, make_units(200))
        >>> [found[name]["value"] for name in ("precision", "recall", "review")]
        [0.5, 1.0, 0.25]
    """
    times = list(drawn(units, resamples(len(y)), seed))
    if len(target.classes) > 2:
        value, draws = _of_many(y, decided, costs, times)
        found = many.bounds(many.figures(value), many.figures(draws), units)
        return found if costs is not None else {k: v for k, v in found.items() if k != "cost_per_1000"}
    p = target.positive_index
    # The slots of `bought`: flagged, seen by a person and passed, of the positive class and of the other.
    slot = np.where(decided == REVIEW, 2, np.where(decided == p, 0, 4)) + (y != p)

    def six(weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(slot, weights=weight, minlength=6).astype(float)

    values, trials = figures_of(six(), costs, p), trials_of(units, len(y), six())
    made = figures_of(np.array([six(weight) for weight in times]).reshape(-1, 6), costs, p)
    found = with_bounds(values, made, units, trials)
    if units.how == "rows":  # as the same shares have it in an evaluation
        for name, n in trials.items():
            if found[name]["value"] is not None and n > 0:
                scale = 1.0 if name in SHARES else float(CASES)
                edge = wilson(found[name]["value"] / scale * n, n)
                found[name] |= {"low": scale * edge.low, "high": scale * edge.high}
    return found


def _of_many(
    y: np.ndarray, decided: np.ndarray, costs: Costs | None, times: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """(4,) sums of `many.figures` for the rows, and (b, 4) for the resamples."""
    seen = decided == REVIEW
    paid = np.zeros(len(y)) if costs is None else np.asarray(costs.matrix)[y, decided]
    paid = np.where(seen, (costs.review or 0.0) if costs is not None else 0.0, paid)
    parts = np.column_stack([np.ones(len(y)), seen, ~seen & (decided == y), paid])  # (n, 4)
    return parts.sum(0), np.array([weight @ parts for weight in times]).reshape(-1, 4)
