"""Trees of any library in one shape, and as the ONNX operator TreeEnsemble in double precision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainwright.packages.export.onnx_file.writer import ML, Writer

# Modes of a node, as numbered by ONNX: a row takes the true branch when its value ...
AT_MOST, BELOW, ABOVE, EQUAL, MEMBER = 0, 1, 3, 4, 6
NOTHING = -1.7e308  # a threshold that no value is below


@dataclass
class Forest:
    """Trees under construction: `add` one after the other.

    Args:
        outputs: numbers that a leaf answers.

    Attributes:
        feature, mode, split, missing_true: (nodes,) column, mode, threshold, and where a missing value goes.
        true, false: (nodes,) the node, or ~leaf, that follows.
        members: for nodes of mode `MEMBER`, in their order, the values of the set.
        answers: (leaves, outputs).
        trees: (leaves,) the tree that a leaf belongs to.
        roots: (trees,).
    """

    outputs: int
    feature: list[np.ndarray] = field(default_factory=list)
    mode: list[np.ndarray] = field(default_factory=list)
    split: list[np.ndarray] = field(default_factory=list)
    missing_true: list[np.ndarray] = field(default_factory=list)
    true: list[np.ndarray] = field(default_factory=list)
    false: list[np.ndarray] = field(default_factory=list)
    members: list[np.ndarray] = field(default_factory=list)
    answers: list[np.ndarray] = field(default_factory=list)
    trees: list[np.ndarray] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    _nodes: int = 0
    _leaves: int = 0

    def add(
        self,
        feature: np.ndarray,
        mode: np.ndarray,
        split: np.ndarray,
        missing_true: np.ndarray,
        true: np.ndarray,
        false: np.ndarray,
        answers: np.ndarray,
        members: list[np.ndarray] | None = None,
    ) -> None:
        """Adds a tree whose first node is its root; children are counted within the tree, leaves as ~leaf."""
        if not len(feature):  # one leaf: a question whose two answers are the same
            zero = np.zeros(1, dtype=np.int64)
            feature, mode, split, missing_true = zero, zero, np.zeros(1), zero.astype(bool)
            true, false, answers = np.array([~0]), np.array([~1]), np.repeat(answers[:1], 2, axis=0)
        mode, split = mode.copy(), np.asarray(split, dtype=np.float64).copy()
        for node, values in zip(np.flatnonzero(mode == MEMBER), members or []):
            if len(values):
                self.members.append(np.asarray(values, dtype=np.float64))
            else:
                mode[node], split[node] = AT_MOST, NOTHING
        self.roots.append(self._nodes)
        for kept, value in (
            (self.feature, feature),
            (self.mode, mode),
            (self.split, split),
            (self.missing_true, missing_true),
            (self.true, self._moved(true)),
            (self.false, self._moved(false)),
            (self.answers, answers),
            (self.trees, np.full(len(answers), len(self.roots) - 1)),
        ):
            kept.append(np.asarray(value))
        self._nodes += len(feature)
        self._leaves += len(answers)

    def _moved(self, child: np.ndarray) -> np.ndarray:
        """Children counted over all trees."""
        child = np.asarray(child, dtype=np.int64)
        return np.where(child >= 0, child + self._nodes, child - self._leaves)


def tree_ensemble(writer: Writer, forest: Forest, rows: str, *, each: bool = False) -> str:
    """(n, outputs) sums of the trees' answers, or with `each` (n, trees) the first answer of every tree."""
    answers = np.concatenate(forest.answers).astype(np.float64)  # (leaves, outputs)
    tree, count = np.concatenate(forest.trees), len(forest.roots)
    if each:
        return _node(writer, forest, rows, tree, answers[:, 0], count)
    if (np.count_nonzero(answers, axis=1) <= 1).all():
        output = (answers != 0).argmax(axis=1)
        return _node(writer, forest, rows, output, answers[np.arange(len(answers)), output], forest.outputs)
    # A leaf of the operator answers one number: each tree says which leaf it is, and the answers are looked up.
    leaf = writer.cast(_node(writer, forest, rows, tree, np.arange(len(answers), dtype=np.float64), count), "INT64")
    found = writer.node("Gather", writer.constant(answers), leaf, axis=0)  # (n, trees, outputs)
    return writer.node("ReduceSum", found, writer.numbers(1), keepdims=0)


def _node(writer: Writer, forest: Forest, rows: str, target: np.ndarray, weight: np.ndarray, targets: int) -> str:
    """The operator: each leaf adds its weight to its target."""
    from onnx import numpy_helper

    true, false = np.concatenate(forest.true), np.concatenate(forest.false)
    members = [part for values in forest.members for part in (values, [np.nan])]

    def tensor(values: Any, dtype: Any) -> Any:
        return numpy_helper.from_array(np.ascontiguousarray(values, dtype=dtype))

    return writer.node(
        "TreeEnsemble",
        rows,
        domain=ML,
        aggregate_function=1,  # the sum
        post_transform=0,  # none
        n_targets=targets,
        tree_roots=_whole(forest.roots),
        nodes_featureids=_whole(np.concatenate(forest.feature)),
        nodes_modes=tensor(np.concatenate(forest.mode), np.uint8),
        nodes_splits=tensor(np.concatenate(forest.split), np.float64),
        nodes_missing_value_tracks_true=_whole(np.concatenate(forest.missing_true)),
        nodes_truenodeids=_whole(np.where(true >= 0, true, ~true)),
        nodes_trueleafs=_whole(true < 0),
        nodes_falsenodeids=_whole(np.where(false >= 0, false, ~false)),
        nodes_falseleafs=_whole(false < 0),
        leaf_targetids=_whole(target),
        leaf_weights=tensor(weight, np.float64),
        membership_values=tensor(np.concatenate(members), np.float64) if members else None,
    )


def _whole(values: Any) -> list[int]:
    return np.asarray(values, dtype=np.int64).tolist()


def of_arrays(own: dict[str, Any]) -> Forest:
    """The trees of the operation "trees": breadth first, as `models.tree_arrays` keeps them."""
    answers = np.asarray(own["answers"])
    forest = Forest(answers.shape[1])
    sizes, feature = np.asarray(own["sizes"]), np.asarray(own["feature"])
    inner_at = leaf_at = node_at = 0
    for size in sizes.tolist():
        asked = feature[node_at : node_at + size]
        inner = np.flatnonzero(asked >= 0)
        count, leaves = len(inner), size - len(inner)
        name = np.where(asked >= 0, np.cumsum(asked >= 0) - 1, ~(np.cumsum(asked < 0) - 1))  # inner number or ~leaf
        left = 2 * np.arange(count) + 1
        part = slice(inner_at, inner_at + count)
        forest.add(
            asked[inner],
            np.full(count, AT_MOST),
            own["threshold"][part],
            own["missing_left"][part],
            name[left],
            name[left + 1],
            answers[leaf_at : leaf_at + leaves],
        )
        node_at, inner_at, leaf_at = node_at + size, inner_at + count, leaf_at + leaves
    return forest
