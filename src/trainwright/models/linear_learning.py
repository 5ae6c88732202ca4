"""Fitting linear models and choosing their strength; needs scikit-learn, so only training comes here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.models.inner import inner_folds
from trainwright.models.prepare.preparation import Matrix
from trainwright.models.prepared import sigmoid_pair, softmax
from trainwright.quiet import without

C_GRID = (0.001, 0.01, 0.1, 1.0, 10.0)
C_GRID_OF_WORDS = (0.1, 1.0, 10.0, 100.0)  # rows of length 1 over thousands of columns want less restraint
ALPHA_GRID = (0.1, 1.0, 10.0, 100.0, 1000.0)  # ridge
LASSO_GRID = (1.0, 0.1, 0.01, 0.001)
# The choice looks at no more rows than this: more would cost time and hardly move it.
_ROWS_FOR_CHOICE = 10_000
_ROWS_FOR_SLOW_CHOICE = 4000  # l1 on classes, whose solver needs many passes, and many classes
_MANY_CLASSES = 10
_SMALL = 2000  # under this many rows one cut is too noisy: three folds take turns


@dataclass(frozen=True)
class Strengths:
    """What kind of linear model is fitted.

    Args:
        n_classes: number of classes, 0 for a number.
        l1_ratio: 0 is l2, 1 is l1, between them elastic net.
        seed: for the folds and for solvers that shuffle.
        wide: the matrix is sparse.
    """

    n_classes: int
    l1_ratio: float
    seed: int
    wide: bool = False

    @property
    def grid(self) -> tuple[float, ...]:
        """The strengths tried, the simplest model first."""
        if self.n_classes:
            return C_GRID_OF_WORDS if self.wide else C_GRID
        return LASSO_GRID if self.l1_ratio else ALPHA_GRID[::-1]


@dataclass(frozen=True)
class Fitted:
    """(width, outputs) weights, (outputs,) intercepts, and whether the solver reached its tolerance."""

    weights: np.ndarray
    intercept: np.ndarray
    converged: bool


def fit_linear(
    kind: Strengths,
    Z: Matrix,
    y: np.ndarray,
    weight: np.ndarray | None,
    strength: float,
    start: Fitted | None = None,
) -> Fitted:
    """One model at one strength: C for classes, alpha for numbers (standardised by the caller); `start` is where the
    solver for classes begins."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

    rows = Z.for_learning()
    if kind.n_classes:
        # saga is the solver that knows l1 for any number of classes.
        smooth = kind.l1_ratio == 0
        model = LogisticRegression(
            C=strength,
            l1_ratio=kind.l1_ratio,
            solver="lbfgs" if smooth else "saga",
            max_iter=300 if smooth else 100,
            tol=1e-4 if smooth else 1e-3,
            random_state=kind.seed,
        )
        if start is not None:
            model.warm_start = True
            model.coef_, model.intercept_ = start.weights.T.copy(), start.intercept.copy()
    elif kind.l1_ratio:
        model = ElasticNet(alpha=strength, l1_ratio=kind.l1_ratio, max_iter=2000, tol=1e-3)
    else:
        model = Ridge(alpha=strength, solver="cholesky" if Z.sparse is None else "sparse_cg", tol=1e-5)
    with without(ConvergenceWarning):
        model.fit(rows, y, sample_weight=weight)
    # A solver that used up its steps stopped before the end; Ridge solves in one go and counts none.
    steps = np.max(model.n_iter_) if getattr(model, "n_iter_", None) is not None else 0
    stopped = bool(model.max_iter is not None and steps >= model.max_iter)
    weights = np.atleast_2d(model.coef_).T.astype(np.float64)
    return Fitted(np.ascontiguousarray(weights), np.atleast_1d(model.intercept_).astype(np.float64), not stopped)


def choose_strength(
    kind: Strengths,
    Z: Matrix,
    y: np.ndarray,
    weight: np.ndarray | None,
    held: tuple[Matrix, np.ndarray] | None,
) -> float:
    """The strength of the grid with the least loss on rows left out: the caller's `held` rows, else a part
    of the training rows (a fifth; three folds in turn when they are few). Searching stops once two steps
    brought no gain."""
    jobs = _jobs(kind, Z, y, weight, held)
    if not jobs:
        return kind.grid[len(kind.grid) // 2]
    best, best_loss, worse = kind.grid[0], np.inf, 0
    for strength in kind.grid:
        loss = 0.0
        for job in jobs:
            fitted = fit_linear(kind, job.Z, job.y, job.weight, _scaled(kind, strength, len(Z), len(job.Z)))
            loss += _loss(kind, fitted, job)
        if loss < best_loss:
            best, best_loss, worse = strength, loss, 0
        else:
            worse += 1
            if worse == 2:
                break
    return best


@dataclass(frozen=True)
class _Job:
    Z: Matrix
    y: np.ndarray
    weight: np.ndarray | None
    held: Matrix
    held_y: np.ndarray
    held_weight: np.ndarray | None


def _jobs(
    kind: Strengths,
    Z: Matrix,
    y: np.ndarray,
    weight: np.ndarray | None,
    held: tuple[Matrix, np.ndarray] | None,
) -> list[_Job]:
    """The fits of one strength, each with the rows that judge it."""

    def job(train: np.ndarray, test: np.ndarray) -> _Job:
        w, tw = (None, None) if weight is None else (weight[train], weight[test])
        return _Job(Z.take(train), y[train], w, Z.take(test), y[test], tw)

    n = len(y)
    chosen = np.arange(n)
    slow = kind.n_classes > _MANY_CLASSES or (kind.n_classes and kind.l1_ratio)
    most = _ROWS_FOR_SLOW_CHOICE if slow else _ROWS_FOR_CHOICE
    if n > most:
        chosen = np.sort(np.random.default_rng(kind.seed).choice(n, most, replace=False))
    if held is not None:
        w = None if weight is None else weight[chosen]
        jobs = [_Job(Z.take(chosen), y[chosen], w, held[0], held[1], None)]
    else:
        units = None if Z.units is None else Z.units[chosen]
        count = 3 if n < _SMALL else 5
        folds = inner_folds(y[chosen], count, kind.seed, n_classes=kind.n_classes, units=units)
        turns = range(3) if n < _SMALL else range(1)
        jobs = [job(chosen[folds != turn], chosen[folds == turn]) for turn in turns]
    # A class that only the judging rows hold, or too few rows, cannot be judged.
    return [one for one in jobs if len(one.held_y) and len(one.y) > 1 and _same_classes(kind, one.y)]


def _same_classes(kind: Strengths, y: np.ndarray) -> bool:
    return not kind.n_classes or len(np.unique(y)) == kind.n_classes


def _scaled(kind: Strengths, strength: float, all_rows: int, rows: int) -> float:
    """The strength that weighs the same against fewer rows: logistic and ridge sum their losses over rows."""
    if kind.n_classes:
        return strength * all_rows / rows
    return strength if kind.l1_ratio else strength * rows / all_rows


def _loss(kind: Strengths, fitted: Fitted, job: _Job) -> float:
    """Mean log-loss or squared error on the judging rows."""
    scores = job.held.dot(fitted.weights) + fitted.intercept
    if kind.n_classes:
        shares = sigmoid_pair(scores[:, 0]) if kind.n_classes == 2 else softmax(scores)
        losses = -np.log(np.maximum(shares[np.arange(len(scores)), job.held_y], 1e-15))
    else:
        losses = (scores[:, 0] - job.held_y) ** 2
    usable = job.held_weight is not None and job.held_weight.sum() > 0
    return float(np.average(losses, weights=job.held_weight if usable else None))
