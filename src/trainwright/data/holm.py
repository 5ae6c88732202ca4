"""The correction of p-values for how many tests were made at once."""

from __future__ import annotations

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """(m,) p-values after Holm's step-down correction for m tests (Holm 1979); a NaN takes no part.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    out = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]  # NaN sorts last
    raised = np.minimum(1.0, p[order] * (len(order) - np.arange(len(order))))
    out[order] = np.maximum.accumulate(raised)
    return out
