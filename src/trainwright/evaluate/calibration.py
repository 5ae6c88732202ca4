"""Calibration: one temperature that makes probabilities mean what they say, or nothing when it does not
help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import TrainwrightError

SMALLEST = 1e-15
"""Probabilities are kept this far from zero before their logarithm is taken."""
SHARPEST, FLATTEST = 0.05, 20.0
"""Range of temperatures: beyond it the fit follows noise or separable rows."""


@dataclass(frozen=True)
class Calibration:
    """What is done to combined probabilities before they are shown.

    Args:
        kind: "identity" or "temperature".
        temperature: above 1 flattens the probabilities, below 1 sharpens them.

    Example:
        >>> Calibration("temperature", 2.0).apply(np.array([[0.1, 0.9]])).round(2).tolist()
        [[0.25, 0.75]]
    """

    kind: str = "identity"
    temperature: float = 1.0

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities, calibrated; numbers, (n,), are returned as they are."""
        if self.kind == "identity" or prediction.ndim == 1:
            return prediction
        return _scaled(_logits(prediction), 1.0 / self.temperature)

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        if self.kind == "identity":
            return {"kind": "identity"}
        return {"kind": self.kind, "temperature": self.temperature}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """The calibration from `to_json`'s plain data.

        Raises:
            TrainwrightError: for a kind that this release does not know, or a temperature that is not above
            0.
        """
        kind, temperature = data.get("kind"), data.get("temperature", 1.0)
        if kind not in ("identity", "temperature"):
            raise TrainwrightError(f"calibration kind must be 'identity' or 'temperature', got {kind!r}")
        number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
        if not number or not 0 < temperature < float("inf"):
            raise TrainwrightError(f"calibration temperature must be a number above 0, got {temperature!r}")
        return cls(kind, float(temperature))


IDENTITY = Calibration()


def fit_temperature(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> Calibration:
    """The temperature with the least log-loss: Guo et al. 2017, "On Calibration of Modern Neural Networks".

    The loss is convex in 1 / temperature; Newton's method takes a handful of passes over the rows.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities on rows that the models did not learn from.
        weight: (n,) or None.
    """
    if prediction.ndim == 1 or len(y) == 0:
        return IDENTITY
    logits = _logits(prediction)  # (n, k)
    own = logits[np.arange(len(y)), y]  # (n,)
    mass = np.full(len(y), 1.0 / len(y)) if weight is None else weight / weight.sum()
    low, high = 1.0 / FLATTEST, 1.0 / SHARPEST
    sharpness = 1.0  # 1 / temperature
    for _ in range(50):
        p = _scaled(logits, sharpness)
        mean = np.einsum("ij,ij->i", p, logits)
        slope = float(mass @ (mean - own))
        if slope > 0:
            high = sharpness
        else:
            low = sharpness
        curvature = float(mass @ (np.einsum("ij,ij->i", p, logits**2) - mean**2))
        step = sharpness - slope / curvature if curvature > 1e-12 else low
        if not low < step < high:
            step = (low + high) / 2  # keep the minimum bracketed
        if abs(step - sharpness) < 1e-7:
            break
        sharpness = step
    return Calibration("temperature", 1.0 / sharpness)


def cross_fitted(
    y: np.ndarray, prediction: np.ndarray, fold: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """(n, k) probabilities, those of each fold calibrated by what the other folds say: fit for being scored.

    Args:
        y: (n,) class positions.
        prediction: (n, k) out-of-fold probabilities.
        fold: (n,) number of each row's fold; with a single fold nothing is changed.
        weight: (n,) or None.
    """
    numbers = np.unique(fold)
    out = np.array(prediction, dtype=float)
    if len(numbers) < 2 or prediction.ndim == 1:
        return out
    for number in numbers:
        own = fold == number
        part = None if weight is None else weight[~own]
        out[own] = fit_temperature(y[~own], prediction[~own], part).apply(prediction[own])
    return out


def fit_calibration(
    y: np.ndarray, prediction: np.ndarray, fold: np.ndarray, weight: np.ndarray | None = None
) -> Calibration:
    """The temperature fitted on all out-of-fold rows, kept only if fitting it on other folds lowers the
    log-loss.

    Args:
        y, prediction, fold, weight: as in `cross_fitted`.
    """
    if prediction.ndim == 1 or len(np.unique(fold)) < 2:
        return IDENTITY
    before = log_loss(y, prediction, weight)
    after = log_loss(y, cross_fitted(y, prediction, fold, weight), weight)
    return fit_temperature(y, prediction, weight) if after < before else IDENTITY


def log_loss(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean log-loss, with the same floor under probabilities before and after calibration."""
    own = -np.log(np.clip(prediction[np.arange(len(y)), y], SMALLEST, 1.0))
    return float(np.average(own, weights=weight))


def _logits(prediction: np.ndarray) -> np.ndarray:
    return np.log(np.clip(prediction, SMALLEST, 1.0))


def _scaled(logits: np.ndarray, sharpness: float) -> np.ndarray:
    """Softmax of logits times a sharpness."""
    scaled = logits * sharpness
    scaled -= scaled.max(1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(1, keepdims=True)
    return scaled
