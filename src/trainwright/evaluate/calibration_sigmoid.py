"""Sigmoid: a factor and a shift of the log-odds for each curve: mends sharpness, and a level that is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.calibration_scale import (
    FLATTEST,
    SHARPEST,
    against_rest,
    joined,
    log_odds,
    logistic,
    masses,
    numbers,
    one_by_one,
)

_FARTHEST = 5.0  # that factor or shift move in one step


@dataclass(frozen=True)
class Sigmoid:
    """The log-odds of a class are multiplied by one number and moved by another.

    Args:
        slopes: (c,) factors above 0: of the second of two classes (c = 1), or of each of more, which are then divided
            by their sum.
        offsets: (c,) what is added.

    Example:
        >>> Sigmoid((1.0,), (-1.0,)).apply(np.array([[0.5, 0.5]])).round(2).tolist()
        [[0.73, 0.27]]
    """

    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    kind: str = "sigmoid"

    @property
    def n_curves(self) -> int:
        """How many classes have a curve of their own."""
        return len(self.slopes)

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities, calibrated; numbers, (n,), are returned as they are."""
        if prediction.ndim == 1:
            return prediction
        given = one_by_one(prediction)
        return joined([logistic(a * log_odds(p) + b) for p, a, b in zip(given, self.slopes, self.offsets)])

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"kind": self.kind, "slopes": list(self.slopes), "offsets": list(self.offsets)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sigmoid:
        """The state from plain data.

        Raises:
            UserError: not as many factors above 0 as finite shifts.
        """
        slopes, offsets = (numbers(data.get(key)) for key in ("slopes", "offsets"))
        if not slopes or not offsets or len(slopes) != len(offsets) or min(slopes) <= 0:
            raise UserError("calibration of kind sigmoid must hold as many slopes above 0 as offsets")
        return cls(slopes, offsets)


def fit_sigmoid(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> Sigmoid:
    """Factor and shift with the least log-loss: Platt 1999, "Probabilistic outputs for support vector machines", on the
    log-odds of the probabilities; more than two classes one against the rest.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities on rows that the models did not learn from.
        weight: (n,) or None.
    """
    mass = masses(len(y), weight)
    found = [_fit(log_odds(p), hit, mass) for p, hit in against_rest(y, prediction)]
    return Sigmoid(tuple(a for a, _ in found), tuple(b for _, b in found))


def _fit(z: np.ndarray, hit: np.ndarray, mass: np.ndarray) -> tuple[float, float]:
    """Factor and shift of one class's (n,) log-odds."""
    if mass.sum() <= 0:
        return 1.0, 0.0
    # Platt's targets, section 2.2: as if one more row of each kind had been seen, so that no answer is ever certain.
    yes, no = float(mass[hit].sum()), float(mass[~hit].sum())
    wanted = np.where(hit, (yes + 1) / (yes + 2), 1 / (no + 2))
    share = mass / mass.sum()
    slope, offset = _newton(z, wanted, share, free=True)
    if FLATTEST <= slope <= SHARPEST:
        return slope, offset
    slope = min(max(slope, FLATTEST), SHARPEST)
    return slope, _newton(slope * z, wanted, share, free=False)[1]


def _newton(z: np.ndarray, wanted: np.ndarray, share: np.ndarray, *, free: bool) -> tuple[float, float]:
    """Newton's method with step halving (Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs").

    Args:
        z: (n,) log-odds.
        wanted: (n,) probabilities to come close to.
        share: (n,) how much each row counts, adding up to 1.
        free: whether the factor is fitted too; otherwise it is 1.
    """
    slope, offset = 1.0, 0.0
    loss = _loss(slope * z + offset, wanted, share)
    for _ in range(100):
        p = logistic(slope * z + offset)
        off, spread = share * (p - wanted), share * p * (1 - p)
        if free:
            gradient = np.array([off @ z, off.sum()])
            cross = spread @ z
            curvature = np.array([[spread @ z**2, cross], [cross, spread.sum()]])
            step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        else:
            step = np.array([0.0, off.sum() / (spread.sum() + 1e-12)])
        # Where every answer is certain the curvature is next to nothing, and a full step would end anywhere.
        scale = min(1.0, _FARTHEST / max(float(np.abs(step).max()), 1e-300))
        for _ in range(30):
            trial = slope - scale * float(step[0]), offset - scale * float(step[1])
            trial_loss = _loss(trial[0] * z + trial[1], wanted, share)
            if trial_loss < loss:
                break
            scale /= 2
        else:
            break
        done = loss - trial_loss < 1e-14
        (slope, offset), loss = trial, trial_loss
        if done:
            break
    return slope, offset


def _loss(s: np.ndarray, wanted: np.ndarray, share: np.ndarray) -> float:
    """Mean cross-entropy of (n,) log-odds."""
    return float(share @ (np.logaddexp(0.0, s) - wanted * s))
