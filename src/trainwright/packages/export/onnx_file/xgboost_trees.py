"""XGBoost's own model as a `Forest`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from trainwright.packages.export.onnx_file.forest import BELOW, MEMBER, Forest, tree_ensemble
from trainwright.packages.export.onnx_file.writer import Writer


def xgboost(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """(n, outputs) raw scores."""
    import xgboost as library

    booster = library.Booster(model_file=bytearray(own["model"]))
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    outputs = own["outputs"]
    total = tree_ensemble(writer, _forest(learner["gradient_booster"]["model"], outputs), inputs[0])
    start = _start(learner, outputs)
    return writer.node("Add", total, writer.constant(start[None, :])) if start.any() else total


def _start(learner: dict[str, Any], outputs: int) -> np.ndarray:
    """(outputs,) the score before the first tree; kept as a probability for two classes."""
    spelt = str(learner["learner_model_param"]["base_score"]).strip("[]").split(",")
    start = np.array([float(np.float32(value)) for value in spelt])
    if learner["objective"]["name"] == "binary:logistic":
        start = np.log(start / (1 - start))
    return np.broadcast_to(start, (outputs,)).astype(np.float64)


def _forest(model: dict[str, Any], outputs: int) -> Forest:
    """The trees; a number goes left when it is below the threshold, a category when it is not in the set."""
    forest = Forest(outputs)
    for tree, output in zip(model["trees"], model["tree_info"]):
        left, right = (np.array(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
        condition = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
        default_left = np.array(tree["default_left"], dtype=np.int64) > 0
        inner, leaves = np.flatnonzero(left >= 0), np.flatnonzero(left < 0)
        name = np.empty(len(left), dtype=np.int64)  # number of the inner node, or ~leaf
        name[inner], name[leaves] = np.arange(len(inner)), ~np.arange(len(leaves))
        answers = np.zeros((len(leaves), outputs))
        answers[:, output] = condition[leaves]
        by_set = np.array(tree["split_type"], dtype=np.int64)[inner] == 1
        sets = _sets(tree)
        forest.add(
            np.array(tree["split_indices"], dtype=np.int64)[inner],
            np.where(by_set, MEMBER, BELOW),
            np.where(by_set, 0.0, condition[inner]),
            default_left[inner] != by_set,
            np.where(by_set, name[right[inner]], name[left[inner]]),
            np.where(by_set, name[left[inner]], name[right[inner]]),
            answers,
            [sets[node] for node in inner[by_set].tolist()],
        )
    return forest


def _sets(tree: dict[str, Any]) -> dict[int, np.ndarray]:
    """For each node that asks for a category the categories that go right."""
    every = np.array(tree["categories"], dtype=np.int64)
    parts = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"])
    return {int(node): every[start : start + size] for node, start, size in parts}
