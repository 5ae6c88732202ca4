"""scikit-learn's fitted trees to our own arrays; used right after fitting, never when predicting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.models.tree_arrays import TreeArrays, from_nodes

_FAR = float(np.finfo(np.float32).max)


def single(matrix: np.ndarray) -> np.ndarray:
    """The float32 matrix that scikit-learn's trees compare, without overflow to infinity."""
    return np.clip(matrix, -_FAR, _FAR).astype(np.float32)


def trees_of(estimators: Sequence[Any], values: Sequence[np.ndarray] | None = None) -> TreeArrays:
    """The arrays of fitted scikit-learn trees (`DecisionTree...`, `ExtraTree...`).

    Args:
        estimators: fitted trees.
        values: for each tree (nodes, outputs) what its nodes answer; the tree's own values by default.

    scikit-learn compares float32 rows with float64 thresholds: rounding a threshold down to the next float32
    sends every row the same way, at half the size.
    """
    nodes = []
    for i, estimator in enumerate(estimators):
        tree = estimator.tree_
        answer = tree.value[:, 0, :] if values is None else values[i]
        missing_left = tree.__getstate__()["nodes"]["missing_go_to_left"]
        nodes.append(
            (
                tree.children_left,
                tree.children_right,
                np.where(tree.children_left < 0, -1, tree.feature),
                _round_down(tree.threshold),
                missing_left,
                answer,
            )
        )
    return from_nodes(nodes)


def histogram_trees_of(booster: Any) -> TreeArrays:
    """The arrays of a fitted HistGradientBoosting model without native categories.

    Its thresholds and answers stay float64. There is one output for each class, or one for two classes and
    for numbers; each tree answers for one of them and gives 0 to the others.
    """
    nodes = []
    for trees in booster._predictors:
        for k, predictor in enumerate(trees):
            table = predictor.nodes
            value = np.zeros((len(table), len(trees)))
            value[:, k] = table["value"]
            nodes.append(
                (
                    table["left"].astype(np.int64),
                    table["right"].astype(np.int64),
                    np.where(table["is_leaf"] == 1, -1, table["feature_idx"]),
                    table["num_threshold"],
                    table["missing_go_to_left"],
                    value,
                )
            )
    return from_nodes(nodes)


def _round_down(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 that is at most each float64."""
    near = np.clip(threshold, -_FAR, _FAR).astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > threshold, below, near)
