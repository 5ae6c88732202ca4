"""What is done to combined probabilities before they are shown, so that they mean what they say: the four kinds, and
how a stored one is read.

`calibration_temperature`, `calibration_sigmoid` and `calibration_isotonic` hold one kind each, with its fit;
`calibration_choice` says which is taken. All of them are plain numbers in a package's manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.calibration_isotonic import Isotonic
from trainwright.evaluate.calibration_scale import SMALLEST
from trainwright.evaluate.calibration_sigmoid import Sigmoid
from trainwright.evaluate.calibration_temperature import Temperature

KINDS = ("identity", "temperature", "sigmoid", "isotonic")
"""From the one that changes nothing to the one that may change most: of two that do as well the earlier is taken."""


@dataclass(frozen=True)
class Identity:
    """Probabilities, and numbers, are shown as the models give them."""

    kind: str = "identity"

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) or (n,), unchanged."""
        return prediction

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"kind": "identity"}


Calibration = Identity | Temperature | Sigmoid | Isotonic
IDENTITY = Identity()
_READERS: dict[str, Callable[[Mapping[str, Any]], Calibration]] = {
    "identity": lambda data: IDENTITY,
    "temperature": Temperature.from_json,
    "sigmoid": Sigmoid.from_json,
    "isotonic": Isotonic.from_json,
}


def read_calibration(data: Mapping[str, Any], n_classes: int | None = None) -> Calibration:
    """The calibration from the plain data of its `to_json`.

    Args:
        data: the state.
        n_classes: what it is going to be applied to, checked where the state depends on it.

    Raises:
        UserError: a kind that this release does not know, or a state that no fit writes.

    Example:
        >>> found = read_calibration({"kind": "temperature", "temperature": 2.0})
        >>> found.apply(np.array([[0.1, 0.9]])).round(2).tolist()
        [[0.25, 0.75]]
        >>> read_calibration({"kind": "magic"})
        Traceback (most recent call last):
        ...
        trainwright.errors.UserError: calibration must be one of identity, temperature, sigmoid, isotonic, got 'magic'
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise UserError(f"calibration must be one of {', '.join(KINDS)}, got {kind!r:.80}")
    found = _READERS[kind](data)
    curves = found.n_curves if isinstance(found, Sigmoid | Isotonic) else None
    if n_classes is not None and curves is not None and curves != (1 if n_classes == 2 else n_classes):
        raise UserError(f"calibration of kind {kind} has {curves} curves, which does not fit {n_classes} classes")
    return found


def losses(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """(n,) log-loss of each row, with the same floor under probabilities before and after calibration."""
    return np.asarray(-np.log(np.clip(prediction[np.arange(len(y)), y], SMALLEST, 1.0)))


def log_loss(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean log-loss of (n, k) probabilities."""
    return float(np.average(losses(y, prediction), weights=weight))
