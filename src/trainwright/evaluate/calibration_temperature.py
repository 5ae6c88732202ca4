"""Temperature: one number that makes every probability bolder or more cautious, and changes no order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.calibration_scale import FLATTEST, SHARPEST, logs, numbers


@dataclass(frozen=True)
class Temperature:
    """Logarithms of the probabilities are divided by one number.

    Args:
        temperature: above 1 flattens the probabilities, below 1 sharpens them.

    Example:
        >>> Temperature(2.0).apply(np.array([[0.1, 0.9]])).round(2).tolist()
        [[0.25, 0.75]]
    """

    temperature: float
    kind: str = "temperature"

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities, calibrated; numbers, (n,), are returned as they are."""
        return prediction if prediction.ndim == 1 else _scaled(logs(prediction), 1.0 / self.temperature)

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"kind": self.kind, "temperature": self.temperature}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Temperature:
        """The state from plain data.

        Raises:
            UserError: the temperature is not a number above 0.
        """
        value = data.get("temperature")
        found = numbers([value])
        if not found or found[0] <= 0:
            raise UserError(f"calibration temperature must be a number above 0, got {value!r:.80}")
        return cls(found[0])


def fit_temperature(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> Temperature:
    """The temperature with the least log-loss: Guo et al. 2017, "On Calibration of Modern Neural Networks".

    The loss is convex in 1 / temperature; Newton's method takes a handful of passes over the rows.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities on rows that the models did not learn from.
        weight: (n,) or None.
    """
    if len(y) == 0:
        return Temperature(1.0)
    logits = logs(prediction)  # (n, k)
    own = logits[np.arange(len(y)), y]  # (n,)
    mass = np.full(len(y), 1.0 / len(y)) if weight is None else weight / weight.sum()
    low, high = FLATTEST, SHARPEST
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
    return Temperature(1.0 / sharpness)


def _scaled(logits: np.ndarray, sharpness: float) -> np.ndarray:
    """Softmax of logits times a sharpness."""
    scaled = logits * sharpness
    scaled -= scaled.max(1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(1, keepdims=True)
    return np.asarray(scaled)
