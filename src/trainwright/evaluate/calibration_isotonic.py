"""Isotonic: a curve of any shape that rises, learned from many rows.

Plain isotonic regression gives all rows of a step the same probability, so that rows which were ranked tie. Here the
curve goes straight from the middle of each step to that of the next (centred isotonic regression: Oron and Flournoy
2017), and rises by next to nothing beyond the outermost ones, so that rows keep their order and none tie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.calibration_scale import against_rest, joined, masses, numbers, one_by_one

MOST_KNOTS = 100
"""Of one curve in a package."""
_TILT = 1e-3
"""How much of the way to 0 and to 1 a curve goes beyond its outermost steps, where it would be level."""


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
    """The rising curves of least squared error: Zadrozny and Elkan 2002, "Transforming classifier scores into accurate
    multiclass probability estimates", by pooling adjacent violators, then through the middles of the steps: Oron and
    Flournoy 2017, "Centered isotonic regression"; more than two classes one against the rest.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities on rows that the models did not learn from.
        weight: (n,) or None; rows of weight 0 say nothing.
    """
    mass = masses(len(y), weight)
    return Isotonic(tuple(_fit(p, hit, mass) for p, hit in against_rest(y, prediction)))


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
    steps = _pooled(np.stack([rows, hits, rows, rows * given]))
    # As if one row of each kind more had been seen at either end: an end of few rows must not answer 0 or 1.
    for end in {0, steps.shape[1] - 1}:
        steps[:2, end] += 2.0, 1.0
    rows, hits, seen, total = _fewer(_pooled(steps))
    centre, shown = np.clip(total / seen, 0.0, 1.0), hits / rows
    apart = np.concatenate(([True], np.diff(centre) > 0))  # but for the last digit they always are
    centre, shown = centre[apart], shown[apart]
    low = [(0.0, shown[0] * (1 - _TILT))] if centre[0] > 0 else []
    high = [(1.0, 1 - (1 - shown[-1]) * (1 - _TILT))] if centre[-1] < 1 else []
    knots = [*low, *zip(centre.tolist(), shown.tolist()), *high]
    return Curve(tuple(float(x) for x, _ in knots), tuple(float(v) for _, v in knots))


def _pooled(steps: np.ndarray) -> np.ndarray:
    """Neighbouring steps whose shares fall or are equal, joined: what is left rises.

    Args:
        steps: (4, s) rows, hits, rows without those that nobody saw, and the sum of the probabilities given to these.
    """
    from scipy.optimize import isotonic_regression

    level = isotonic_regression(steps[1] / steps[0], weights=steps[0]).x
    start = np.flatnonzero(np.concatenate(([True], np.diff(level) > 0)))
    return np.asarray(np.add.reduceat(steps, start, axis=1))


def _fewer(steps: np.ndarray) -> np.ndarray:
    """Steps that leave room for two ends: the two neighbours that differ least, for their rows, are joined first."""
    while steps.shape[1] > MOST_KNOTS - 2:
        rows, share = steps[0], steps[1] / steps[0]
        gap = np.diff(share) ** 2 * rows[1:] * rows[:-1] / (rows[1:] + rows[:-1])
        steps = np.add.reduceat(steps, np.delete(np.arange(len(rows)), int(gap.argmin()) + 1), axis=1)
    return steps


def _read(curve: Any, i: int) -> Curve:
    """One curve from plain data, checked."""
    sides = (curve.get(key) if isinstance(curve, dict) else None for key in ("given", "shown"))
    given, shown = (np.array(numbers(side, MOST_KNOTS)) for side in sides)
    within = all(((side >= 0) & (side <= 1)).all() for side in (given, shown))
    if not within or not len(given) or len(given) != len(shown):
        raise UserError(
            f"calibration of kind isotonic: curve {i} must hold as many 'given' as 'shown' probabilities, "
            f"at most {MOST_KNOTS}"
        )
    if (np.diff(given) <= 0).any() or (np.diff(shown) < 0).any() or shown.min() <= 0 or shown.max() >= 1:
        raise UserError(f"calibration of kind isotonic: curve {i} must rise and end between 0 and 1")
    return Curve(tuple(given.tolist()), tuple(shown.tolist()))
