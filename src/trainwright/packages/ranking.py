"""Predictions sorted by risk, and what a ranking is worth when the truth is known: precision and lift at
k."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Target
from trainwright.errors import UserError

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class AtK:
    """What the first k rows of a ranking hold.

    Args:
        k: number of rows looked at.
        share: k divided by the number of rows.
        precision: share of positives among the k; for a number the mean of the k.
        recall: share of all positives that are among the k; for a number None.
        lift: precision divided by that of all rows; None when that is 0.
    """

    k: int
    share: float
    precision: float
    recall: float | None
    lift: float | None

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        return asdict(self)


def scores(predictions: pl.DataFrame, target: Target) -> np.ndarray:
    """(n,) what rows are ranked by: the probability of the positive class, or the number.

    Raises:
        UserError: there are more than two classes, so there is no one risk.
    """
    if target.task == "number":
        return predictions["prediction"].to_numpy()
    if len(target.classes) != 2:
        raise UserError(
            f"ranking needs two classes or a number; {target.column!r} has {len(target.classes)} classes",
            remedy="sort by the probability_ column of the class you care about",
        )
    return predictions[f"probability_{target.classes[target.positive_index]}"].to_numpy()


def rank(predictions: pl.DataFrame, target: Target) -> pl.DataFrame:
    """The predictions sorted from the highest score to the lowest, equal ones in the order of the file.

    Returns:
        The columns `rank` (1 is the highest) and `row` (0 is the first row of the file), then those given.

    Example:
        >>> target = Target("price", "number")
        >>> rank(pl.DataFrame({"prediction": [1.0, 3.0]}), target)["row"].to_list()
        [1, 0]
    """
    order = np.argsort(-scores(predictions, target), kind="stable")
    front = pl.DataFrame({"rank": np.arange(1, len(order) + 1), "row": order})
    taken = {name: f"{name}_in_file" for name in front.columns if name in predictions.columns}
    return front.hstack(predictions.rename(taken)[order])


def lift(scores: np.ndarray, truth: np.ndarray, ks: tuple[int, ...] | None = None) -> list[AtK]:
    """Precision, recall and lift in the first k rows of the ranking by `scores`.

    Rows of equal score at the cut count in proportion, so that the order of the file does not matter.

    Args:
        scores: (n,) as from `scores`.
        truth: (n,) 1 for positive and 0 for negative, or the true numbers.
        ks: numbers of rows to look at; None: 1, 5, 10, 20 and 50 % of them.

    Example:
        >>> figures = lift(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 0, 1, 0]), (1, 2))
        >>> [(at.k, at.precision, at.lift) for at in figures]
        [(1, 1.0, 2.0), (2, 0.5, 1.0)]
    """
    n = len(scores)
    if n == 0:
        return []
    chosen = sorted({max(1, round(share * n)) for share in SHARES} if ks is None else {k for k in ks if 0 < k <= n})
    values = truth.astype(np.float64)
    ordered = np.sort(-scores)
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    total, mean = float(values.sum()), float(values.mean())
    out = []
    for k in chosen:
        cut = -ordered[k - 1]
        above, tied = scores > cut, scores == cut
        inside = values[above].sum() + values[tied].mean() * (k - int(above.sum()))
        precision = float(inside / k)
        recall = float(inside / total) if binary and total > 0 else None
        out.append(AtK(k, k / n, precision, recall, precision / mean if mean > 0 else None))
    return out
