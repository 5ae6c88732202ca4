"""Each category as the average target of its rows, cross-fitted so that no row sees its own label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.models.prepare.codes import Slots


class TargetEncoder:
    """Replaces category codes by smoothed averages of the target.

    The average of a level with weight w and mean y is (w * y + m * prior) / (w + m), the m-estimate of
    Micci-Barreca (2001, "A preprocessing scheme for high-cardinality categorical attributes"). A training
    row's own encoding comes from the other folds, otherwise a model would read its label back from it.
    Unseen levels, and missing where the fitting rows had none, get the prior.

    Args:
        n_classes: number of classes; 0 when the target is a number.
        smoothing: m, the weight of the prior in rows.
        max_outputs: with more classes than this only the most frequent ones get a column.

    Two classes give one output per column (the share of class 1), more give one per class, a number gives
    its mean.

    Example:
        >>> encoder = TargetEncoder(n_classes=2, smoothing=0.0)
        >>> codes, y = np.array([[0], [0], [1], [1]]), np.array([0, 1, 1, 1])
        >>> encoder.fit(codes, y).transform(np.array([[0], [1], [-2]])).ravel().tolist()
        [0.5, 1.0, 0.75]
    """

    def __init__(self, n_classes: int = 0, *, smoothing: float = 10.0, max_outputs: int = 10) -> None:
        self.n_classes = n_classes
        self.smoothing = smoothing
        self.max_outputs = max_outputs
        self.outputs: list[int] = []  # class of each output; [0] for a number
        self.slots = Slots(np.zeros(0, dtype=np.int64))
        self.table = np.zeros((0, 0))  # (slots, outputs)

    def fit(self, codes: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> TargetEncoder:
        """Learns the encodings that `transform` gives to rows not seen here.

        Args:
            codes: (n, c) category codes, -1 missing and -2 unseen.
            y: (n,) class positions or numbers.
            weight: (n,) weights of the rows, or None.
        """
        self.fit_transform(codes, y, np.zeros(len(y), dtype=np.int64), weight)
        return self

    def fit_transform(
        self, codes: np.ndarray, y: np.ndarray, folds: np.ndarray, weight: np.ndarray | None = None
    ) -> np.ndarray:
        """Learns as `fit` does and encodes these same rows, each from the rows of the other folds.

        Args:
            codes: (n, c) category codes, -1 missing and -2 unseen.
            y: (n,) class positions or numbers.
            folds: (n,) fold numbers from 0, as `inner_folds` makes them out of the training rows.
            weight: (n,) weights of the rows, or None.

        Returns:
            (n, c * outputs) encodings, the outputs of one column side by side.
        """
        self.slots = Slots.of(codes)
        w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        self.outputs = self._choose_outputs(y, w)
        n_folds, total = int(folds.max(initial=0)) + 1, self.slots.total
        slots = self.slots(codes)  # (n, c)
        cell = slots * n_folds + folds[:, None]  # (n, c) slot and fold as one number
        weights = _sums(cell, w, total * n_folds).reshape(total, n_folds)
        self.table = np.empty((total, len(self.outputs)))
        encoded = np.empty((*codes.shape, len(self.outputs)))  # (n, c, outputs)
        for k, output in enumerate(self.outputs):
            values = (y == output).astype(np.float64) if self.n_classes else y.astype(np.float64)
            sums = _sums(cell, w * values, total * n_folds).reshape(total, n_folds)
            by_fold = np.bincount(folds, weights=w * values, minlength=n_folds)
            weight_by_fold = np.bincount(folds, weights=w, minlength=n_folds)
            prior = _ratio(by_fold.sum(), weight_by_fold.sum(), 0.0)
            self.table[:, k] = self._smooth(sums.sum(axis=1), weights.sum(axis=1), prior)
            others = _ratio(by_fold.sum() - by_fold, weight_by_fold.sum() - weight_by_fold, prior)  # (folds,)
            rest = self._smooth(
                sums.sum(axis=1, keepdims=True) - sums, weights.sum(axis=1, keepdims=True) - weights, others
            )  # (slots, folds)
            encoded[:, :, k] = rest.ravel()[cell]
        self.table[self.slots.code_of() == -2] = self._priors(y, w)
        return encoded.reshape(len(codes), codes.shape[1] * len(self.outputs))

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes of any rows to (n, c * outputs) encodings learned from all fitting rows."""
        return self.table[self.slots(codes)].reshape(len(codes), codes.shape[1] * len(self.outputs))

    def names(self, columns: Sequence[str], classes: Sequence[str] = ()) -> list[str]:
        """Names of the encodings, in the order of `transform`'s columns."""
        if len(self.outputs) == 1:
            return [f"average target by {column}" for column in columns]
        labels = [classes[k] if k < len(classes) else str(k) for k in self.outputs]
        return [f"share of {label} by {column}" for column in columns for label in labels]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {
            "n_classes": self.n_classes,
            "smoothing": self.smoothing,
            "max_outputs": self.max_outputs,
            "outputs": self.outputs,
            "sizes": self.slots.sizes.tolist(),
            "table": self.table.tolist(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> TargetEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls(state["n_classes"], smoothing=state["smoothing"], max_outputs=state["max_outputs"])
        encoder.outputs = list(state["outputs"])
        encoder.slots = Slots(np.array(state["sizes"], dtype=np.int64))
        encoder.table = np.array(state["table"], dtype=np.float64).reshape(encoder.slots.total, len(encoder.outputs))
        return encoder

    def _choose_outputs(self, y: np.ndarray, weight: np.ndarray) -> list[int]:
        if not self.n_classes:
            return [0]
        if self.n_classes <= 2:
            return [1]
        support = np.bincount(y, weights=weight, minlength=self.n_classes)
        return sorted(np.argsort(-support, kind="stable")[: self.max_outputs].tolist())

    def _priors(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        total = weight.sum()
        if not self.n_classes:
            return np.array([_ratio((weight * y).sum(), total, 0.0)])
        return np.array([_ratio(weight[y == k].sum(), total, 0.0) for k in self.outputs])

    def _smooth(self, sums: np.ndarray, weights: np.ndarray, prior: Any) -> np.ndarray:
        # A level without rows has 0 / 0 when m is 0: it gets the prior as every unseen level does.
        return _ratio(sums + self.smoothing * prior, weights + self.smoothing, prior)


def _sums(cell: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """(size,) sums of one value per row over the cells that the row falls in."""
    return np.bincount(cell.ravel(), weights=np.repeat(values, cell.shape[1]), minlength=size)


def _ratio(above: Any, below: Any, otherwise: Any) -> Any:
    """above / below where below is more than rounding noise, else `otherwise`."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    sound = below > 1e-9
    return np.where(sound, above / np.where(sound, below, 1.0), otherwise)
