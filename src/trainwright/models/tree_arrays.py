"""Decision trees as flat arrays, walked by NumPy alone: many rows and many trees at once.

Each tree lies breadth first, so the children of its i-th inner node are its nodes 2 i + 1 and 2 i + 2. Links
need not be stored, and a file cannot describe a cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from trainwright.errors import UserError

_PAIRS = 1 << 14  # row-tree pairs walked together: the working arrays stay in the processor's cache
_LEAF = -1


@dataclass
class TreeArrays:
    """T trees.

    Args:
        sizes: (T,) int64 number of nodes of each tree.
        feature: (nodes,) column that an inner node asks for; -1 for a leaf.
        threshold: (inner,) float32 or float64; a row goes left when its value is at most this. Rows are
            compared in the same precision.
        missing_left: (inner,) bool, where a row goes whose value is NaN.
        values: (leaves, outputs) what a leaf answers.

    Example:
        >>> stump = TreeArrays(np.array([3]), np.array([0, -1, -1]), np.array([0.5]), np.array([True]),
        ...     np.array([[10.0], [20.0]]))
        >>> stump.total(np.array([[0.5], [0.6], [np.nan]])).ravel().tolist()
        [10.0, 20.0, 10.0]
    """

    sizes: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    values: np.ndarray
    _walk: _Walk = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._walk = _Walk.of(self.sizes, self.feature, self.threshold, self.missing_left)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def leaves(self) -> int:
        """Number of leaves of all trees together."""
        return len(self.values)

    def total(self, X: np.ndarray) -> np.ndarray:
        """(n, outputs) float64 sums of all trees' answers for (n, p) rows, whatever rows stand beside."""
        out = np.zeros((len(X), self.values.shape[1]))
        for at, _, leaf in self._blocks(X):
            rows = slice(at, at + leaf.shape[1])
            if leaf.shape[0] == 1:
                out[rows] += self.values[leaf[0]]
            else:
                # A running sum adds tree after tree whatever the block's shape, unlike sum(), which pairs.
                stack = np.concatenate([out[None, rows], self.values[leaf]])
                out[rows] = np.cumsum(stack, axis=0, dtype=np.float64)[-1]
        return out

    def each(self, X: np.ndarray) -> np.ndarray:
        """(n, T) first output of every tree for (n, p) rows."""
        out = np.empty((len(X), len(self)))
        for at, tree, leaf in self._blocks(X):
            out[at : at + leaf.shape[1], tree : tree + len(leaf)] = self.values[leaf, 0].T
        return out

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """The arrays to store, small types where they suffice."""
        small = np.int16 if self.feature.max(initial=0) < 2**15 else np.int32
        return {
            f"{prefix}sizes": self.sizes.astype(np.int32),
            f"{prefix}feature": self.feature.astype(small),
            f"{prefix}threshold": self.threshold,
            f"{prefix}missing_left": np.packbits(self.missing_left),
            f"{prefix}values": self.values,
        }

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray], width: int, prefix: str = "") -> TreeArrays:
        """The trees from `arrays`' output, every index checked.

        Args:
            arrays: what `read_arrays` read.
            width: number of columns of the rows to come.
            prefix: as given to `arrays`.

        Raises:
            UserError: the arrays do not describe trees over `width` columns.
        """
        sizes = arrays[f"{prefix}sizes"].astype(np.int64)
        feature = arrays[f"{prefix}feature"].astype(np.int32)
        threshold, values = arrays[f"{prefix}threshold"], arrays[f"{prefix}values"]
        bits = arrays[f"{prefix}missing_left"]
        inner = int((feature >= 0).sum())
        _check(sizes.ndim == 1 and (sizes > 0).all() and int(sizes.sum()) == len(feature), "sizes of trees")
        _check(feature.ndim == 1 and feature.min(initial=0) >= _LEAF, "columns of nodes")
        _check(int(feature.max(initial=-1)) < width, f"columns of nodes (the table has {width})")
        _check(threshold.shape == (inner,) and threshold.dtype.kind == "f", "thresholds")
        _check(bits.dtype == np.uint8 and len(bits) == -(-inner // 8), "directions of missing values")
        _check(values.ndim == 2 and len(values) == len(feature) - inner and values.dtype.kind == "f", "leaves")
        _check(bool(np.isfinite(values).all()), "values of leaves")
        _check_links(sizes, feature)
        return cls(sizes, feature, threshold, np.unpackbits(bits, count=inner).astype(bool), values)

    def _blocks(self, X: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yields (first row, first tree, (trees, rows) leaf positions) until every pair is walked."""
        X = np.ascontiguousarray(X, dtype=self.threshold.dtype)
        has_gaps = bool(np.isnan(X).any())
        for at in range(0, len(X), _PAIRS):
            part = X[at : at + _PAIRS]
            trees = max(1, _PAIRS // len(part))
            for tree in range(0, len(self), trees):
                yield at, tree, self._walk.leaves(part, tree, min(tree + trees, len(self)), has_gaps)


@dataclass
class _Walk:
    """The trees unfolded for walking: every node knows its left child; a leaf is its own child."""

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right_when_missing: np.ndarray
    leaf: np.ndarray

    @classmethod
    def of(cls, sizes: np.ndarray, feature: np.ndarray, threshold: np.ndarray, missing_left: np.ndarray) -> _Walk:
        roots = np.cumsum(sizes) - sizes
        inner = feature >= 0
        nodes = np.arange(len(feature))
        before: np.ndarray = np.cumsum(inner) - inner  # inner nodes before each node, over all trees
        rank: np.ndarray = before - np.repeat(before[roots], sizes)
        left = np.where(inner, np.repeat(roots, sizes) + 2 * rank + 1, nodes)
        thresholds = np.full(len(feature), np.inf, dtype=threshold.dtype)
        thresholds[inner] = threshold
        missing_right = np.zeros(len(feature), dtype=bool)
        missing_right[inner] = ~missing_left
        leaf = np.cumsum(~inner) - 1
        return cls(roots, np.where(inner, feature, 0), thresholds, left, missing_right, leaf)

    def leaves(self, X: np.ndarray, first: int, last: int, has_gaps: bool) -> np.ndarray:
        """(trees, rows) position in `values` of the leaf that each row reaches in trees[first:last]."""
        n, width = X.shape
        flat = X.ravel()
        node = np.repeat(self.roots[first:last], n)
        base = np.tile(np.arange(n) * width, last - first)
        open_ = np.arange(len(node))  # pairs that have not reached a leaf
        at, start = node, base
        step = 0
        while True:
            value = flat[start + self.feature[at]]
            right = value > self.threshold[at]
            if has_gaps:
                right |= np.isnan(value) & self.right_when_missing[at]
            following = self.left[at] + right
            step += 1
            if step % 4:
                at = following
                continue
            # Leaves drop out now and then only: finding them costs as much as a step.
            moving = self.left[following] != following
            node[open_] = following
            open_ = open_[moving]
            if not len(open_):
                return self.leaf[node].reshape(last - first, n)
            at, start = following[moving], start[moving]


def breadth_first(left: np.ndarray, right: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """(nodes,) the nodes of one tree in breadth-first order, children side by side.

    Args:
        left, right: (nodes,) children of each node.
        feature: (nodes,) column of each inner node, negative for a leaf.
    """
    levels = [np.zeros(1, dtype=np.int64)]
    while True:
        inner = levels[-1][feature[levels[-1]] >= 0]
        if not len(inner):
            return np.concatenate(levels)
        levels.append(np.stack([left[inner], right[inner]], axis=1).ravel().astype(np.int64))


def from_nodes(
    trees: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
) -> TreeArrays:
    """Trees from node tables in any order.

    Args:
        trees: for each tree its nodes' left and right children, feature (negative for a leaf), threshold,
            whether NaN goes left, and (nodes, outputs) values.
    """
    sizes, features, thresholds, missing, values = [], [], [], [], []
    for left, right, feature, threshold, missing_left, value in trees:
        order = breadth_first(left, right, feature)
        ordered = np.where(feature[order] >= 0, feature[order], _LEAF)
        inner = order[ordered >= 0]
        sizes.append(len(order))
        features.append(ordered.astype(np.int32))
        thresholds.append(threshold[inner])
        missing.append(missing_left[inner].astype(bool))
        values.append(value[order[ordered < 0]])
    return TreeArrays(
        np.array(sizes, dtype=np.int64),
        np.concatenate(features),
        np.concatenate(thresholds),
        np.concatenate(missing),
        np.concatenate(values),
    )


def _check_links(sizes: np.ndarray, feature: np.ndarray) -> None:
    """A full binary tree has one leaf more than inner nodes, and every child lies behind its parent."""
    inner = feature >= 0
    roots = np.cumsum(sizes) - sizes
    before: np.ndarray = np.cumsum(inner) - inner
    rank: np.ndarray = before - np.repeat(before[roots], sizes)
    local = np.arange(len(feature)) - np.repeat(roots, sizes)
    per_tree = np.add.reduceat(inner.astype(np.int64), roots)
    _check(bool((sizes == 2 * per_tree + 1).all()), "links of nodes")
    _check(bool((2 * rank[inner] + 1 > local[inner]).all()), "links of nodes")


def _check(sound: bool | np.bool_, what: str) -> None:
    if not sound:
        raise UserError(
            f"the stored trees are damaged: their {what} do not fit together",
            remedy="restore the model's files from where it was trained, or train again",
        )
