"""Isotonic: a curve of any shape that never falls, learned from many rows.

Rows within one step of the curve get the same probability, so that rows which were ranked may tie afterwards; none
changes places with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.calibration_scale import joined, masses, one_by_one

MOST_STEPS = 100
"""A curve has at most this many level parts, and so at most twice as many knots in the package."""


@dataclass(frozen=True)
class Curve:
    """A curve that never falls: straight between its knots, level beyond them.

    Args:
        given: (m,) probabilities before, ascending.
        shown: (m,) probabilities after, none 0 or 1.
    """

    given: tuple[float, ...]
    shown: tuple[float, ...]

    def at(self, p: np.ndarray) -> np.ndarray:
        """(n,) probabilities after."""
        return np.asarray(np.interp(p, self.given, self.shown))


@dataclass(frozen=True)
class Isotonic:
    """The probability of a class is read off a curve that never falls.

    Args:
        curves: of the second of two classes (one curve), or of each of more, which are then divided by their sum.

    Example:
        >>> curve = Curve((0.2, 0.4, 0.6), (0.1, 0.1, 0.9))
        >>> Isotonic((curve,)).apply(np.array([[0.7, 0.3], [0.5, 0.5]])).round(2).tolist()
        [[0.9, 0.1], [0.5, 0.5]]
    """

    curves: tuple[Curve, ...]
    kind: str = "isotonic"

    @property
    def n_curves(self) -> int:
        """How many classes have a curve of their own."""
        return len(self.curves)

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities, calibrated; numbers, (n,), are returned as they are."""
        if prediction.ndim == 1:
            return prediction
        return joined([curve.at(p) for p, curve in zip(one_by_one(prediction), self.curves)])

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        curves = [{"given": list(curve.given), "shown": list(curve.shown)} for curve in self.curves]
        return {"kind": self.kind, "curves": curves}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Isotonic:
        """The state from plain data.

        Raises:
            UserError: no curves, or one that falls, ends outside 0 to 1 or has too many knots.
        """
        curves = data.get("curves")
        if not isinstance(curves, list) or not 1 <= len(curves) <= 10_000:
            raise UserError("calibration of kind isotonic must hold a list of curves")
        return cls(tuple(_read(curve, i) for i, curve in enumerate(curves)))


def fit_isotonic(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> Isotonic:
    """The curves with the least squared error: Zadrozny and Elkan 2002, "Transforming classifier scores into accurate
    multiclass probability estimates", by pooling adjacent violators; more than two classes one against the rest.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities on rows that the models did not learn from.
        weight: (n,) or None; rows of weight 0 say nothing.
    """
    mass = masses(len(y), weight)
    given = one_by_one(prediction)
    meant = [1] if len(given) == 1 else range(len(given))
    return Isotonic(tuple(_fit(p, y == c, mass) for p, c in zip(given, meant)))


def _fit(p: np.ndarray, hit: np.ndarray, mass: np.ndarray) -> Curve:
    """The curve of one class's (n,) probabilities."""
    counts = mass > 0
    if not counts.any():
        return Curve((0.0, 1.0), (0.25, 0.75))
    p = np.clip(p, 0.0, 1.0)  # an average may end a last digit outside
    order = np.flatnonzero(counts)[np.argsort(p[counts], kind="stable")]
    given, start = np.unique(p[order], return_index=True)
    rows = np.add.reduceat(mass[order], start)  # (d,) of each distinct probability
    hits = np.add.reduceat((mass * hit)[order], start)
    low = high = np.arange(len(given))  # first and last distinct probability of each step
    rows, hits, low, high = _pooled(rows, hits, low, high)
    # As if one row of each kind more had been seen at either end: an end of few rows must not answer 0 or 1.
    for end in {0, len(rows) - 1}:
        rows[end] += 2.0
        hits[end] += 1.0
    rows, hits, low, high = _pooled(rows, hits, low, high)
    rows, hits, low, high = _fewer(rows, hits, low, high)
    knots = [(given[at], value) for a, b, value in zip(low, high, hits / rows) for at in ((a, b) if b > a else (a,))]
    return Curve(tuple(float(x) for x, _ in knots), tuple(float(v) for _, v in knots))


def _pooled(
    rows: np.ndarray, hits: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Neighbouring steps whose shares fall or are equal, joined: what is left rises."""
    from scipy.optimize import isotonic_regression

    level = isotonic_regression(hits / rows, weights=rows).x
    start = np.flatnonzero(np.concatenate(([True], np.diff(level) > 0)))
    end = np.concatenate((start[1:], [len(level)])) - 1
    return np.add.reduceat(rows, start), np.add.reduceat(hits, start), low[start], high[end]


def _fewer(
    rows: np.ndarray, hits: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """At most `MOST_STEPS` steps: the two neighbours that differ least, for their rows, are joined first."""
    while len(rows) > MOST_STEPS:
        gap = np.diff(hits / rows) ** 2 * rows[1:] * rows[:-1] / (rows[1:] + rows[:-1])
        at = int(gap.argmin())
        start = np.delete(np.arange(len(rows)), at + 1)
        rows, hits = np.add.reduceat(rows, start), np.add.reduceat(hits, start)
        low, high = np.delete(low, at + 1), np.delete(high, at)
    return rows, hits, low, high


def _read(curve: Any, i: int) -> Curve:
    """One curve from plain data, checked."""
    sides = [curve.get(key) if isinstance(curve, dict) else None for key in ("given", "shown")]
    fine = all(isinstance(side, list) and 1 <= len(side) <= 2 * MOST_STEPS for side in sides)
    numbers = fine and all(
        isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1
        for side in sides
        for v in side  # type: ignore[union-attr]
    )
    if not numbers or len(sides[0]) != len(sides[1]):  # type: ignore[arg-type]
        raise UserError(
            f"calibration of kind isotonic: curve {i} must hold as many 'given' as 'shown' probabilities, "
            f"at most {2 * MOST_STEPS}"
        )
    given, shown = (np.asarray(side, dtype=float) for side in sides)
    if (np.diff(given) <= 0).any() or (np.diff(shown) < 0).any() or shown.min() <= 0 or shown.max() >= 1:
        raise UserError(f"calibration of kind isotonic: curve {i} must rise and end between 0 and 1")
    return Curve(tuple(given.tolist()), tuple(shown.tolist()))
