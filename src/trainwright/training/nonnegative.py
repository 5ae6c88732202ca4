"""The least of a small quadratic whose unknowns must not be negative.

Source: Bro and De Jong 1997, "A fast non-negativity-constrained least squares algorithm", an active-set method after
Lawson and Hanson 1974 that works on the products alone.
"""

from __future__ import annotations

import numpy as np


def nonnegative(curvature: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """(m,) where 1/2 w'Hw - g'w is least among w of 0 or more.

    Args:
        curvature: (m, m) H, symmetric and positive definite.
        pull: (m,) g.

    Example:
        >>> nonnegative(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([4.0, -3.0])).tolist()
        [2.0, 0.0]
    """
    m = len(pull)
    found, passive = np.zeros(m), np.zeros(m, dtype=bool)
    least = 1e-12 * max(1.0, float(np.abs(pull).max()))
    for _ in range(10 * m + 10):
        slope = pull - curvature @ found
        wanted = np.where(passive, -np.inf, slope)
        if wanted.max(initial=-np.inf) <= least:
            break
        passive[int(wanted.argmax())] = True
        while passive.any():
            trial = np.zeros(m)
            trial[passive] = np.linalg.solve(curvature[np.ix_(passive, passive)], pull[passive])
            below = passive & (trial <= 0)
            if not below.any():
                found = trial
                break
            # As far towards the trial as no unknown becomes negative; those that reach 0 stay there.
            reach = np.full(m, np.inf)
            reach[below] = found[below] / np.maximum(found[below] - trial[below], 1e-300)
            first = int(reach.argmin())
            found = np.maximum(found + reach[first] * (trial - found), 0.0)
            passive &= ~(below & (found <= 1e-14))
            passive[first] = False
            found[~passive] = 0.0
    return found
