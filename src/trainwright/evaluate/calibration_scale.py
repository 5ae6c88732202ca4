"""The scale on which probabilities are calibrated: logarithms, log-odds, one class at a time, and what rows count."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from trainwright.data.plain_values import is_number

SMALLEST = 1e-15
"""Probabilities are kept this far from zero before their logarithm is taken."""
FLATTEST, SHARPEST = 0.05, 20.0
"""Range of the factor on logarithms and log-odds: beyond it a fit follows noise or separable rows. It is above zero, so
that no calibration turns the order of rows around."""
_FAR = 700.0  # exp() of more overflows


def logs(prediction: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities."""
    return np.asarray(np.log(np.clip(prediction, SMALLEST, 1.0)))


def log_odds(p: np.ndarray) -> np.ndarray:
    """(n,) log-odds of (n,) probabilities of one class."""
    return np.asarray(logs(p) - logs(1.0 - p))


def logistic(s: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(s, -_FAR, _FAR))))


def one_by_one(prediction: np.ndarray) -> list[np.ndarray]:
    """The (n,) probabilities that get a curve of their own: of the second of two classes, of each of more."""
    k = prediction.shape[1]
    return [prediction[:, 1]] if k == 2 else [prediction[:, c] for c in range(k)]


def joined(curves: list[np.ndarray]) -> np.ndarray:
    """(n, k) probabilities from those of `one_by_one`, calibrated: the other of two classes gets the rest; of more each
    is divided by their sum (Zadrozny and Elkan 2002, "Transforming classifier scores into accurate multiclass
    probability estimates", section 4)."""
    if len(curves) == 1:
        return np.column_stack([1.0 - curves[0], curves[0]])
    out = np.clip(np.column_stack(curves), SMALLEST, 1.0)
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def masses(n: int, weight: np.ndarray | None) -> np.ndarray:
    """(n,) how many rows each row stands for; they add up to the effective number of rows (Kish 1965).

    Example:
        >>> masses(3, np.array([2.0, 2.0, 2.0])).tolist(), float(masses(2, np.array([1.0, 0.0])).sum())
        ([1.0, 1.0, 1.0], 1.0)
    """
    if weight is None:
        return np.ones(n)
    squares = float((weight**2).sum())
    return np.asarray(weight * (float(weight.sum()) / squares), dtype=float) if squares > 0 else np.ones(n)


def against_rest(y: np.ndarray, prediction: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each of `one_by_one` its (n,) probabilities, and (n,) whether the row is of that class."""
    given = one_by_one(prediction)
    first = 1 if len(given) == 1 else 0
    return [(p, y == c) for c, p in enumerate(given, first)]


def numbers(values: Any, most: int = 10_000) -> tuple[float, ...]:
    """Values of a stored calibration as floats; an empty tuple when they are no list of at most so many finite numbers.

    Example:
        >>> numbers([1, 0.5]), numbers([1, None]), numbers([1, 2], most=1)
        ((1.0, 0.5), (), ())
    """
    if not isinstance(values, list | tuple) or len(values) > most:
        return ()
    fine = all(is_number(v) and abs(v) <= sys.float_info.max for v in values)
    return tuple(float(v) for v in values) if fine else ()
