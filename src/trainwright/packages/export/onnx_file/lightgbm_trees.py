"""LightGBM's own text of its trees as a `Forest`."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.errors import TrainwrightError
from trainwright.packages.export.onnx_file.forest import AT_MOST, MEMBER, Forest, tree_ensemble
from trainwright.packages.export.onnx_file.writer import Writer

_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 3  # bits of decision_type; the kind of missing value is above them
_NEVER, _ZERO = 0, 1


def lightgbm(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """(n, outputs) raw scores."""
    return tree_ensemble(writer, of_text(own["model"].decode("utf-8"), own["outputs"]), inputs[0])


def of_text(text: str, outputs: int) -> Forest:
    """The trees of a model's text; with several outputs they take turns."""
    forest = Forest(outputs)
    for number, part in enumerate(text.split("\nTree=")[1:]):
        _add(forest, _fields(part), number % outputs)
    return forest


def _fields(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.split("\n") if "=" in line)


def _add(forest: Forest, tree: dict[str, str], output: int) -> None:
    """One tree; how a row goes is `Tree::NumericalDecision` and `Tree::CategoricalDecision` of LightGBM's tree.h."""

    def read(name: str, dtype: type = np.int64) -> np.ndarray:
        return np.array(tree.get(name, "").split(), dtype=dtype)

    if tree.get("is_linear", "0") != "0":
        raise TrainwrightError("trees of LightGBM with linear leaves cannot be written as ONNX")
    leaf = read("leaf_value", np.float64)
    answers = np.zeros((len(leaf), forest.outputs))
    answers[:, output] = leaf
    feature, kind, threshold = read("split_feature"), read("decision_type"), read("threshold", np.float64)
    categorical = (kind & _CATEGORICAL) > 0
    missing = (kind >> 2) & _MISSING
    if ((missing == _ZERO) & ~categorical).any():
        raise TrainwrightError("trees of LightGBM that read zero as missing cannot be written as ONNX")
    # Where missing values did not occur in training, LightGBM reads them as 0.
    left = np.where(missing == _NEVER, threshold >= 0, (kind & _DEFAULT_LEFT) > 0) & ~categorical
    bounds, words = read("cat_boundaries"), read("cat_threshold", np.uint32)
    members = [_bits(words[bounds[int(at)] : bounds[int(at) + 1]]) for at in threshold[categorical]]
    forest.add(
        feature,
        np.where(categorical, MEMBER, AT_MOST),
        np.where(categorical, 0.0, threshold),
        left,
        read("left_child"),
        read("right_child"),
        answers,
        members,
    )


def _bits(words: np.ndarray) -> np.ndarray:
    """The numbers whose bits are set."""
    return np.flatnonzero(np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little"))
