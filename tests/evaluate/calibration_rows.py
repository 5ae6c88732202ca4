"""Labels with probabilities that are wrong in a known way, for the tests of calibration."""

from __future__ import annotations

import numpy as np


def rows_of(n: int, temperature: float, k: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are calibrated once flattened by this temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, k))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = (p.cumsum(1) < rng.random((n, 1))).sum(1).clip(0, k - 1)
    sharp = np.exp(logits * temperature)
    return y, sharp / sharp.sum(1, keepdims=True)


def bent_rows(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities that are wrong in a way no factor and shift can mend, and the right ones."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.98, n)
    right = np.where(p < 0.5, 0.1, np.where(p < 0.8, 0.45, 0.95))
    return (rng.random(n) < right).astype(int), np.column_stack([1 - p, p]), right
