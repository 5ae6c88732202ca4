"""A fitted classifier whose probabilities are corrected: what learning from rebalanced classes did to them, undone.

A model that learned from another mix of classes than it predicts on is off by a constant on each class's log-odds
(Elkan 2001, "The Foundations of Cost-Sensitive Learning", theorem 2). The constant could be computed from the two
mixes, but only for a learner that fits them exactly: a forest that saw each rare row ten times moves less than that.
So the constants, and a sharpness where there are rows enough for it, are fitted on held-out rows: Platt scaling for
two classes, bias-corrected temperature scaling for more (Alexandari et al. 2020, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.errors import UserError
from trainwright.models.prepared import softmax
from trainwright.models.spec import Estimator, Report
from trainwright.models.storage import write_json

FILE = "recalibration.json"
_SMALLEST = 1e-12
"""Probabilities are kept this far from zero before their logarithm is taken."""
_LEAST, _MOST = 0.05, 20.0
"""Range of the sharpness: beyond it the fit follows noise or separable rows."""
_FURTHEST = 15.0
"""The largest constant on a class's log-odds, about one in three million."""


@dataclass(frozen=True)
class Recalibration:
    """What is done to the probabilities of one model: `softmax(sharpness * log p + bias)`.

    Args:
        sharpness: above 1 sharpens, below 1 flattens.
        bias: (k,) constants, with a mean of 0.

    Example:
        >>> Recalibration(1.0, (0.0, 0.0)).apply(np.array([[0.3, 0.7]])).round(2).tolist()
        [[0.3, 0.7]]
    """

    sharpness: float
    bias: tuple[float, ...]

    def apply(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities, corrected."""
        return softmax(self.sharpness * _logs(prediction) + np.asarray(self.bias))

    def to_json(self) -> dict[str, Any]:
        """The state as plain data."""
        return {"sharpness": self.sharpness, "bias": list(self.bias)}

    @classmethod
    def from_json(cls, data: Any, n_classes: int) -> Recalibration:
        """The correction from `to_json`'s plain data.

        Raises:
            UserError: it is not what `to_json` writes for so many classes.
        """
        values = [data.get("sharpness"), *(data.get("bias") or [])] if isinstance(data, dict) else []
        numbers = [float(v) for v in values if isinstance(v, int | float) and np.isfinite(v)]
        if len(numbers) != n_classes + 1 or len(values) != n_classes + 1 or numbers[0] <= 0:
            raise UserError(f"{FILE} must hold a sharpness above 0 and {n_classes} constants")
        return cls(numbers[0], tuple(numbers[1:]))


def fit_recalibration(
    y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, *, sharpen: bool = True
) -> Recalibration:
    """The correction with the least log-loss; the mean probability of each class is then its share of the rows.

    Convex in sharpness and constants: Newton's method with step halving. That the means match follows from the
    gradient: its part for a class's constant is the mean probability less the share. A class without rows keeps its
    constant at the mean of the others.

    Args:
        y: (n,) class positions of rows that the model did not learn from, in their own mix of classes.
        prediction: (n, k) its probabilities for them.
        weight: (n,) or None.
        sharpen: fit the sharpness too; False: it is 1.

    Example:
        >>> y = np.array([1] + [0] * 9)
        >>> p = np.array([[0.3, 0.7]] + [[0.5, 0.5]] * 8 + [[0.2, 0.8]])  # as if both classes were as frequent
        >>> float(fit_recalibration(y, p).apply(p)[:, 1].mean().round(3))
        0.1
    """
    n, k = prediction.shape
    logs = _logs(prediction)
    mass = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
    share = np.bincount(y, weights=mass, minlength=k)
    there = share > 0
    if there.sum() < 2:
        return Recalibration(1.0, (0.0,) * k)
    free = np.flatnonzero(there)[1:]  # one constant is redundant: softmax knows differences only
    state = np.concatenate([[1.0], np.zeros(k)])  # sharpness, constants
    loss = _loss(state, logs, y, mass)
    for _ in range(60):
        p = softmax(state[0] * logs + state[1:])
        gradient, curvature = _derivatives(p, logs, y, mass, share, free)
        if not sharpen:
            gradient[0] = curvature[0, 1:] = curvature[1:, 0] = 0.0
        step = np.linalg.lstsq(curvature + 1e-10 * np.eye(len(gradient)), gradient, rcond=None)[0]
        scale, better = 1.0, False
        while scale > 1e-6 and not better:
            trial = state.copy()
            if sharpen:
                trial[0] = np.clip(state[0] - scale * step[0], _LEAST, _MOST)
            trial[1 + free] = np.clip(state[1 + free] - scale * step[1:], -_FURTHEST, _FURTHEST)
            trial_loss = _loss(trial, logs, y, mass)
            better = trial_loss < loss
            scale /= 2
        if not better:
            break
        done = loss - trial_loss < 1e-13 * max(loss, 1e-3)
        state, loss = trial, trial_loss
        if done:
            break
    bias = state[1:]
    bias = np.where(there, bias - bias[there].mean(), 0.0)
    return Recalibration(float(state[0]), tuple(float(b) for b in bias))


class Recalibrated(Estimator):
    """A fitted classifier with its correction; it saves the classifier's own files and one beside them.

    Args:
        inner: the fitted classifier.
        correction: what is done to its probabilities.
    """

    def __init__(self, inner: Estimator, correction: Recalibration):
        super().__init__(inner.target, inner.settings)
        self.inner, self.correction = inner, correction
        self._tell(inner)

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Estimator:
        """Fits the classifier again; the correction stays."""
        options: dict[str, Any] = {"validation": validation, "seed": seed, "threads": threads, "report": report}
        self.inner.fit(X, y, sample_weight=sample_weight, **options)
        self._tell(self.inner)
        return self

    def predict(self, X: Columns) -> np.ndarray:
        """(n, k) corrected probabilities."""
        return self.correction.apply(self.inner.predict(X))

    def save(self, folder: Path) -> None:
        """Writes the classifier's files and the correction."""
        self.inner.save(folder)
        write_json(folder / FILE, self.correction.to_json())

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """Those of the classifier after so many rounds, each corrected."""
        stages = self.inner.staged(X, rounds)
        return None if stages is None else [self.correction.apply(stage) for stage in stages]

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Those of the classifier: on the log-odds of two classes the correction is a factor and a constant."""
        account = self.inner.contributions(X)
        if account is None:
            return None
        return {name: self.correction.sharpness * values for name, values in account.items()}


def _derivatives(
    p: np.ndarray, logs: np.ndarray, y: np.ndarray, mass: np.ndarray, share: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (1 + f,) and Hessian (1 + f, 1 + f) of the log-loss in the sharpness and the free constants."""
    mean = np.einsum("ij,ij->i", p, logs)  # (n,) expected logarithm
    own = logs[np.arange(len(y)), y]
    weighed = p * mass[:, None]
    gradient = np.concatenate([[mass @ (mean - own)], (weighed.sum(axis=0) - share)[free]])
    curvature = np.empty((len(free) + 1, len(free) + 1))
    curvature[0, 0] = mass @ (np.einsum("ij,ij->i", p, logs**2) - mean**2)
    curvature[0, 1:] = curvature[1:, 0] = (weighed * (logs - mean[:, None])).sum(axis=0)[free]
    curvature[1:, 1:] = np.diag(weighed.sum(axis=0)[free]) - weighed[:, free].T @ p[:, free]
    return gradient, curvature


def _loss(state: np.ndarray, logs: np.ndarray, y: np.ndarray, mass: np.ndarray) -> float:
    z = state[0] * logs + state[1:]
    top = z.max(axis=1)
    total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    return float(mass @ (total - z[np.arange(len(y)), y]))


def _logs(prediction: np.ndarray) -> np.ndarray:
    return np.log(np.clip(np.asarray(prediction, dtype=np.float64), _SMALLEST, 1.0))
