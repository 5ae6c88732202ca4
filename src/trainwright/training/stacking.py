"""Stacking: a second model that weighs the members, fitted on their out-of-fold predictions and on nothing else.

It never sees the columns, only what each member says about rows that the member did not learn from. Its weights are not
negative (Breiman 1996, "Stacked regressions") and are drawn towards equal ones: a member's out-of-fold prediction leans
a little away from the labels it is compared with, because those labels were missing when it was fitted, and a negative
weight would turn that into skill that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainwright.models.inner import inner_folds
from trainwright.packages.second_level import SecondLevel
from trainwright.training.nonnegative import nonnegative

# How strongly the weights are drawn towards equal ones; chosen on rows that the fit did not see, the strongest first.
PENALTIES = (1.0, 0.1, 0.01, 0.001)
# Keeps the constant of a class that is hardly there finite.
BIAS_PENALTY = 1e-4
# Rows times classes that a handful of coefficients is fitted on; more change nothing but the time.
MOST_CELLS = 60_000
# Parts of the rows where there are no folds.
BLOCKS = 5
# How strongly the weights of a number's members are held to a sum of 1, before they are divided by it.
TOGETHER = 1e4
STEPS = 30


@dataclass(frozen=True)
class Rows:
    """What a second level is fitted on.

    Args:
        predictions: by member, (n, k) probabilities or (n,) numbers that were predicted out of fold.
        y: (n,) class positions or numbers.
        block: (n,) number of the part of each row: folds, or `blocks_of`.
        weight: (n,) or None.
    """

    predictions: Mapping[str, np.ndarray]
    y: np.ndarray
    block: np.ndarray
    weight: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Rows:
        """The rows at these positions or of this mask."""
        weight = None if self.weight is None else self.weight[rows]
        return Rows({name: p[rows] for name, p in self.predictions.items()}, self.y[rows], self.block[rows], weight)

    @property
    def n_outputs(self) -> int:
        """Number of classes, 1 for a number."""
        first = next(iter(self.predictions.values()))
        return first.shape[1] if first.ndim == 2 else 1


def fit_second_level(rows: Rows, *, seed: int = 0) -> SecondLevel:
    """The second level of some members, with the penalty that does best on parts of the rows left out.

    Args:
        rows: out-of-fold predictions and truth.
        seed: of the sample that very many rows are fitted on.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=300)
        >>> good, noise = y + 0.3 * rng.normal(size=300), rng.normal(size=300)
        >>> level = fit_second_level(Rows({"good": good, "noise": noise}, y, np.arange(300) % 3))
        >>> level.weights["good"] > 0.8 and level.weights["noise"] < 0.1
        True
    """
    most = max(1_000, MOST_CELLS // rows.n_outputs)
    if len(rows.y) > most:
        rows = rows.take(np.sort(np.random.default_rng([seed, 11]).choice(len(rows.y), most, replace=False)))
    return _fit(rows, _penalty(rows))


def cross_fitted_stack(rows: Rows, *, seed: int = 0) -> np.ndarray:
    """(n, k) or (n,) predictions, those of each part by a second level that was fitted on the other parts alone.

    Args:
        rows: out-of-fold predictions and truth; with one part only nothing can be scored, see `blocks_of`.
        seed: see `fit_second_level`.
    """
    out = np.empty(next(iter(rows.predictions.values())).shape, dtype=np.float64)
    for part in np.unique(rows.block):
        own = rows.block == part
        level = fit_second_level(rows.take(~own), seed=seed)
        out[own] = level.apply({name: p[own] for name, p in rows.predictions.items()})
    return out


def blocks_of(
    fold: np.ndarray, y: np.ndarray, units: np.ndarray | None = None, *, seed: int = 0, n_classes: int = 0
) -> np.ndarray:
    """(n,) the folds themselves; parts of a single validation part, in which groups and stretches of time stay whole.

    Args:
        fold: (n,) fold that held each row out.
        y: (n,) truth.
        units: (n,) see `Columns.units`.
        seed: of the draw.
        n_classes: number of classes, 0 for a number.
    """
    if len(np.unique(fold)) > 1:
        return fold
    count = BLOCKS if units is None else max(2, min(BLOCKS, len(np.unique(units))))
    return inner_folds(y, count, seed, n_classes=n_classes, units=units)


def _penalty(rows: Rows) -> float:
    """The penalty with the least loss on parts that its fit did not see."""
    parts = np.unique(rows.block)
    if len(parts) < 2:
        rows = Rows(rows.predictions, rows.y, np.arange(len(rows.y)) % BLOCKS, rows.weight)
        parts = np.unique(rows.block)
    losses = np.zeros(len(PENALTIES))
    for part in parts:
        held, rest = rows.take(rows.block == part), rows.take(rows.block != part)
        for i, penalty in enumerate(PENALTIES):
            losses[i] += _loss(held, _fit(rest, penalty)) * len(held.y)
    # Within rounding the stronger pull is kept: it stands first.
    return PENALTIES[int(np.argmax(losses <= losses.min() * (1 + 1e-9) + 1e-15))]


def _loss(rows: Rows, level: SecondLevel) -> float:
    """Mean log-loss or squared error."""
    said = level.apply(rows.predictions)
    if rows.n_outputs == 1:
        return float(np.average((rows.y - said) ** 2, weights=rows.weight))
    own = np.clip(said[np.arange(len(rows.y)), rows.y], 1e-15, 1.0)
    return float(np.average(-np.log(own), weights=rows.weight))


def _fit(rows: Rows, penalty: float) -> SecondLevel:
    mass = np.full(len(rows.y), 1.0 / len(rows.y)) if rows.weight is None else rows.weight / rows.weight.sum()
    names = list(rows.predictions)
    if rows.n_outputs == 1:
        weights = _fit_numbers(np.column_stack([rows.predictions[name] for name in names]), rows.y, mass, penalty)
        return SecondLevel(dict(zip(names, weights.tolist())))
    # A probability of 0 among n rows says "less than one in n", not "never".
    floor = float(np.clip(0.5 / len(rows.y), 1e-6, 1e-3))
    logs = np.stack([np.log(np.clip(rows.predictions[name], floor, 1.0)) for name in names], axis=2)  # (n, k, m)
    weights, constants = _fit_classes(logs, rows.y, mass, penalty)
    return SecondLevel(dict(zip(names, weights.tolist())), tuple(constants.tolist()), floor)


def _fit_numbers(z: np.ndarray, y: np.ndarray, mass: np.ndarray, penalty: float) -> np.ndarray:
    """(m,) weights that add up to 1 and give the average of the members' numbers (n, m) the least squared error."""
    m = z.shape[1]
    away = z - y[:, None]
    scale = float(mass @ (y - mass @ y) ** 2) or 1.0
    curvature = (away * mass[:, None]).T @ away / scale
    together = TOGETHER * max(1.0, float(np.trace(curvature)))
    weights = nonnegative(curvature + penalty * np.eye(m) + together, np.full(m, penalty / m + together))
    return np.asarray(weights / weights.sum())


def _fit_classes(logs: np.ndarray, y: np.ndarray, mass: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (m,) and constants (k,) with the least penalised log-loss: Newton's method with step halving.

    Args:
        logs: (n, k, m) logarithms of the members' probabilities.
        y: (n,) class positions.
        mass: (n,) weights that add up to 1.
    """
    _, k, m = logs.shape
    ahead = logs[:, 1:, :] - logs[:, :1, :]  # (n, k - 1, m): only differences to the first class matter
    theta = np.concatenate([np.full(m, 1.0 / m), np.zeros(k - 1)])
    value = _class_loss(theta, ahead, y, mass, penalty)
    for _ in range(STEPS):
        gradient, curvature = _derivatives(theta, ahead, y, mass, penalty)
        step = _minimum(curvature, curvature @ theta - gradient, m) - theta
        slope = float(gradient @ step)
        if slope > -1e-12:
            break
        length, lower = 1.0, value
        while length > 1e-6:
            lower = _class_loss(theta + length * step, ahead, y, mass, penalty)
            if lower <= value + 1e-4 * length * slope:
                break
            length /= 2
        if lower >= value:
            break
        theta, gain, value = theta + length * step, value - lower, lower
        if gain < 1e-10:
            break
    constants = np.concatenate([[0.0], theta[m:]])
    return theta[:m], constants - constants.mean()


def _minimum(curvature: np.ndarray, pull: np.ndarray, m: int) -> np.ndarray:
    """Where 1/2 t'Ht - g't is least with the first m entries at least 0: the others follow from them."""
    mixed, own = curvature[:m, m:], curvature[m:, m:]
    inverse = np.linalg.solve(own, np.column_stack([mixed.T, pull[m:]]))  # (k - 1, m + 1)
    weights = nonnegative(curvature[:m, :m] - mixed @ inverse[:, :m], pull[:m] - mixed @ inverse[:, m])
    return np.concatenate([weights, inverse[:, m] - inverse[:, :m] @ weights])


def _scores(theta: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """(n, k - 1) how far each class is ahead of the first."""
    m = ahead.shape[2]
    return np.asarray(ahead @ theta[:m] + theta[m:])


def _class_loss(theta: np.ndarray, ahead: np.ndarray, y: np.ndarray, mass: np.ndarray, penalty: float) -> float:
    m = ahead.shape[2]
    scores = np.column_stack([np.zeros(len(y)), _scores(theta, ahead)])
    top = scores.max(axis=1)
    total = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    pulled = penalty * ((theta[:m] - 1.0 / m) ** 2).sum() + BIAS_PENALTY * (theta[m:] ** 2).sum()
    return float(mass @ (total - scores[np.arange(len(y)), y]) + pulled / 2)


def _derivatives(
    theta: np.ndarray, ahead: np.ndarray, y: np.ndarray, mass: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (m + k - 1,) and Hessian of `_class_loss`."""
    _, c, m = ahead.shape
    scores = _scores(theta, ahead)
    top = np.maximum(scores.max(axis=1), 0.0)
    p = np.exp(scores - top[:, None])
    p /= (p.sum(axis=1) + np.exp(-top))[:, None]  # (n, c)
    mean = np.einsum("ic,icm->im", p, ahead)
    gap = p.copy()
    there = np.flatnonzero(y > 0)
    gap[there, y[there] - 1] -= 1.0
    gap *= mass[:, None]
    gradient = np.concatenate([np.einsum("ic,icm->m", gap, ahead), gap.sum(axis=0)])
    gradient += np.concatenate([penalty * (theta[:m] - 1.0 / m), BIAS_PENALTY * theta[m:]])
    curvature = np.zeros((m + c, m + c))
    curvature[:m, :m] = -(mean * mass[:, None]).T @ mean
    for j in range(c):
        weighed = (mass * p[:, j])[:, None]
        curvature[:m, :m] += (ahead[:, j] * weighed).T @ ahead[:, j]
        curvature[:m, m + j] = (weighed * (ahead[:, j] - mean)).sum(axis=0)
    curvature[m:, :m] = curvature[:m, m:].T
    curvature[m:, m:] = np.diag(mass @ p) - (p * mass[:, None]).T @ p
    curvature += np.diag(np.concatenate([np.full(m, penalty), np.full(c, BIAS_PENALTY)]))
    return gradient, curvature
