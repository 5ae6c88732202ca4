"""Numbers made ready: gaps filled with the median and flagged, far values bounded, scales made equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Squares of numbers up to here do not overflow, nor do their sums.
_HUGE = 1e150
# A column that was constant has no bounds; its prepared values stop here.
_FAR = 1e6


class NumberEncoder:
    """Prepares a matrix of numbers in which NaN is missing.

    Args:
        impute: fill NaN with the column's median and add a 0/1 column where the fitting rows had gaps.
        scale: subtract the mean and divide by the standard deviation, both of the bounded values.
        clip: share of rows left outside at each end (0: no bounds). What lies further out than the span of
            the rest is pulled in to there: one wild value would otherwise set the scale of its column, and
            at prediction could outweigh all others.

    Example:
        >>> encoder = NumberEncoder(impute=True).fit(np.array([[1.0], [np.nan], [3.0]]))
        >>> encoder.transform(np.array([[np.nan]])).tolist()
        [[2.0, 1.0]]
    """

    def __init__(self, *, impute: bool = False, scale: bool = False, clip: float = 0.0) -> None:
        self.impute, self.scale, self.clip = impute, scale, clip
        self.median = self.low = self.high = self.mean = self.spread = np.zeros(0)
        self.flagged = np.zeros(0, dtype=np.int64)  # columns that get a 0/1 column for missing

    def fit(self, matrix: np.ndarray) -> NumberEncoder:
        """Learns medians, bounds and scales from (n, p) numbers."""
        missing = np.isnan(matrix)
        p = matrix.shape[1]
        self.flagged = np.flatnonzero(missing.any(axis=0)) if self.impute else np.zeros(0, dtype=np.int64)
        self.median, self.mean = np.zeros(p), np.zeros(p)
        self.spread, self.low, self.high = np.ones(p), np.full(p, -np.inf), np.full(p, np.inf)
        for j in range(p):
            values = np.clip(matrix[~missing[:, j], j].astype(np.float64), -_HUGE, _HUGE)
            if not len(values):
                continue  # never seen: it stays 0 and only its flag speaks
            self.median[j] = np.median(values)
            if self.clip:
                self.low[j], self.high[j] = _bounds(values, self.clip)
            if self.scale:
                filled = np.where(missing[:, j], self.median[j], matrix[:, j])
                bounded = np.clip(filled, max(self.low[j], -_HUGE), min(self.high[j], _HUGE))
                self.mean[j], spread = bounded.mean(), bounded.std()
                # A spread within rounding of zero is a constant column.
                self.spread[j] = spread if spread > 1e-12 * max(abs(self.mean[j]), 1e-300) else 1.0
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """(n, p) numbers to (n, p + flags); without `impute`, NaN stays NaN."""
        out = matrix.astype(np.float64)
        flags = np.zeros((len(out), 0))
        if self.impute:
            missing = np.isnan(out)
            out = np.where(missing, self.median, out)
            flags = missing[:, self.flagged]
        if self.clip:
            out = np.minimum(np.maximum(out, self.low), self.high)
        if self.scale:
            out = np.minimum(np.maximum((out - self.mean) / self.spread, -_FAR), _FAR)
        return np.concatenate([out, flags], axis=1) if flags.shape[1] else out

    def names(self, columns: Sequence[str]) -> list[str]:
        """Names of `transform`'s columns."""
        return list(columns) + [f"{columns[j]} is missing" for j in self.flagged.tolist()]

    def sources(self, columns: Sequence[str]) -> list[str]:
        """For each of `transform`'s columns the column that it was made from."""
        return list(columns) + [columns[j] for j in self.flagged.tolist()]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        state: dict[str, Any] = {"impute": self.impute, "scale": self.scale, "clip": self.clip}
        state |= {"flagged": self.flagged.tolist(), "median": self.median.tolist()}
        if self.clip:  # a column never seen has no bounds, and JSON no infinity
            state["low"] = [None if np.isinf(v) else v for v in self.low.tolist()]
            state["high"] = [None if np.isinf(v) else v for v in self.high.tolist()]
        return state | {"mean": self.mean.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> NumberEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls(impute=state["impute"], scale=state["scale"], clip=state["clip"])
        encoder.flagged = np.array(state["flagged"], dtype=np.int64)
        for name in ("median", "mean", "spread"):
            setattr(encoder, name, np.array(state[name], dtype=np.float64))
        if encoder.clip:
            encoder.low = np.array([-np.inf if v is None else v for v in state["low"]])
            encoder.high = np.array([np.inf if v is None else v for v in state["high"]])
        return encoder


def _bounds(values: np.ndarray, share: float) -> tuple[float, float]:
    """The quantiles at `share` from both ends, widened by their distance; no bounds when they are the same,
    because a rare 1 among zeros is no wild value."""
    low = float(np.quantile(values, share, method="higher"))
    high = float(np.quantile(values, 1 - share, method="lower"))
    span = high - low
    return (low - span, high + span) if span > 0 else (-np.inf, np.inf)
