"""The second level of a stacked ensemble as plain coefficients: what the manifest keeps under `combine`.

For classes it is a weighted product of the members' probabilities with a constant for each class, which for two classes
is a logistic regression on their log-odds. For a number it is an average, whose weights stand beside the members:
the manifest keeps nothing more. See `training.stacking`, which fits it; predicting needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.plain_values import is_number
from trainwright.data.schema import Target
from trainwright.packages.plain_json import Reader

KIND = "stacking"


@dataclass(frozen=True)
class SecondLevel:
    """How the members' predictions become one.

    Args:
        weights: by member, 0 or more; for a number they add up to 1.
        bias: (k,) constants on the classes' log-odds; empty for a number.
        floor: probabilities are kept this far from zero before their logarithm is taken.

    Example:
        >>> level = SecondLevel({"a": 0.5, "b": 1.0}, (0.0, 0.0), 1e-6)
        >>> even, sure = np.array([[0.5, 0.5]]), np.array([[0.1, 0.9]])
        >>> level.apply({"a": even, "b": sure}).round(2).tolist()
        [[0.1, 0.9]]
        >>> SecondLevel({"a": 0.5, "b": 0.5}).apply({"a": np.array([2.0]), "b": np.array([4.0])}).tolist()
        [3.0]
    """

    weights: dict[str, float]
    bias: tuple[float, ...] = ()
    floor: float = 0.0

    def apply(self, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """One prediction, (n, k) or (n,), from those of every member named in `weights`."""
        if not self.bias:
            return np.asarray(sum(weight * parts[name] for name, weight in self.weights.items()))
        scores = np.asarray(self.bias)[None, :]
        for name, weight in self.weights.items():
            scores = scores + weight * np.log(np.clip(parts[name], self.floor, 1.0))
        scores = scores - scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    def to_json(self) -> dict[str, Any]:
        """The coefficients as plain data."""
        return {"kind": KIND, "weights": dict(self.weights), "bias": list(self.bias), "floor": self.floor}

    @classmethod
    def read(cls, top: Reader, target: Target, members: Collection[str]) -> SecondLevel:
        """The second level from a manifest, every key checked.

        Args:
            top: of the manifest's `combine`.
            target: what is predicted.
            members: the names of the package's members.

        Raises:
            UserError: a key is missing or wrong, or a name is no member of the package.
        """
        if top.text("kind", 50) != KIND:
            raise top.fail("kind", repr(KIND))
        weights = Reader(top.mapping("weights"), f"{top.where}, weights")
        found = {name: weights.number(name, 0.0, 1e6) for name in weights.data}
        if set(found) != set(members) or not sum(found.values()) > 0:
            raise top.fail("weights", f"one weight for each of the members {', '.join(sorted(set(members)))}")
        bias = top.items("bias")
        numbers = [float(b) for b in bias if is_number(b) and abs(b) < 1e6]
        if len(numbers) != target.n_outputs or len(bias) != target.n_outputs:
            raise top.fail("bias", f"a list of {target.n_outputs} numbers, one for each class")
        return cls(found, tuple(numbers), top.number("floor", 1e-12, 0.1))
