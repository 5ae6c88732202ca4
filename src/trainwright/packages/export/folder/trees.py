"""Walks decision trees with NumPy: many rows and many trees at once.

Each tree lies breadth first, so the children of its i-th inner node are its nodes 2 i + 1 and 2 i + 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CELLS = 1 << 21  # answers gathered at a time


def trees(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, outputs) sums of the trees' answers, or with `each` (n, trees) the first answer of every tree."""
    if "left" not in own:
        own.update(_unfolded(own))
    answers = own["answers"]
    out = np.zeros((len(x), len(own["sizes"]) if own["each"] else answers.shape[1]))
    step = max(1, _CELLS // (len(own["sizes"]) * answers.shape[1]))
    for start in range(0, len(x), step):
        leaf = _leaves(own, x[start : start + step])
        found = answers[leaf]  # (rows, trees, outputs)
        out[start : start + step] = found[:, :, 0] if own["each"] else found.sum(axis=1)
    return out


def _unfolded(own: dict[str, Any]) -> dict[str, np.ndarray]:
    """Every node's left child (its own for a leaf), question and answer."""
    sizes, feature = own["sizes"], own["feature"]
    roots = np.cumsum(sizes) - sizes
    inner = feature >= 0
    before = np.cumsum(inner) - inner  # inner nodes before each node, over all trees
    rank = before - np.repeat(before[roots], sizes)
    left = np.where(inner, np.repeat(roots, sizes) + 2 * rank + 1, np.arange(len(feature)))
    threshold = np.full(len(feature), np.inf)
    threshold[inner] = own["threshold"]
    missing_right = np.zeros(len(feature), dtype=bool)
    missing_right[inner] = ~own["missing_left"]
    return {
        "left": left,
        "roots": roots,
        "asked": np.where(inner, feature, 0),
        "cut": threshold,
        "missing_right": missing_right,
        "leaf": np.cumsum(~inner) - 1,
    }


def _leaves(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, trees) the leaf that each row reaches in each tree."""
    node = np.tile(own["roots"], (len(x), 1))
    rows = np.arange(len(x))[:, None]
    while True:
        value = x[rows, own["asked"][node]]
        right = (value > own["cut"][node]) | (np.isnan(value) & own["missing_right"][node])
        following = own["left"][node] + right
        if (following == node).all():
            return own["leaf"][node]
        node = following


OPERATIONS = {"trees": trees}
