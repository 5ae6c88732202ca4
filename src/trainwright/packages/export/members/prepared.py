"""The families over the prepared matrix: linear, trees, boosting, SVM, networks, and language models beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainwright.models.prepared import PreparedEstimator
from trainwright.models.tree_arrays import TreeArrays
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.networks import network
from trainwright.packages.export.members.preparing import blocks, matrix
from trainwright.packages.export.members.texts import embedded, transformer
from trainwright.packages.export.steps import Steps


def prepared(model: Any, inputs: Inputs) -> str:
    """The prediction of a `PreparedEstimator`: (n, classes), or (n, 1) for a number."""
    assert isinstance(model, PreparedEstimator)
    steps = inputs.steps
    if model.is_constant:
        answer = steps.add("constant", values=model.prior)
    else:
        answer = _ANSWERS[model.spec.name](model, inputs)
    n_classes = len(model.target.classes)
    if not n_classes or len(model.present) == n_classes:
        return answer
    return steps.spread(answer, model.present, n_classes)


def _linear(model: Any, inputs: Inputs) -> str:
    """Weights times columns; a category's weights are looked up, so that no wide matrix is ever made."""
    steps, found = inputs.steps, blocks(model.preparation, inputs)
    parts, at = [], 0
    for value, width in found.dense:
        parts.append(steps.times(value, model.weights[at : at + width]))
        at += width
    for hot in found.hot:
        own = np.concatenate([model.weights[at : at + hot.width], np.zeros((1, model.weights.shape[1]))])
        parts.append(steps.look_up(hot.places, own[hot.at]))
        at += hot.width
    for value, width in found.words:
        parts.append(steps.times(value, model.weights[at : at + width]))
        at += width
    scores = steps.affine(steps.add("sum", *parts), shift=model.intercept)
    return _of_scores(model, scores, steps)


def _trees(model: Any, inputs: Inputs) -> str:
    """The mean of the trees' answers."""
    steps = inputs.steps
    total = trees(steps, steps.add("single", matrix(model.preparation, inputs), bounded=True), model.trees)
    mean = steps.affine(total, 1 / len(model.trees))
    if not model._n_classes:
        return steps.affine(mean, model.scale, model.centre)
    if model._n_classes == 2:
        return steps.affine(steps.times(mean, np.array([[-1.0, 1.0]])), shift=[1.0, 0.0])
    return steps.add("normalised", mean)


def _histogram(model: Any, inputs: Inputs) -> str:
    steps = inputs.steps
    total = trees(steps, matrix(model.preparation, inputs), model.trees)
    return _of_scores(model, steps.affine(total, shift=model.start), steps)


def _adaboost(model: Any, inputs: Inputs) -> str:
    steps = inputs.steps
    rows = steps.add("single", matrix(model.preparation, inputs), bounded=True)
    if model._n_classes:
        scores = steps.affine(trees(steps, rows, model.trees), model.scale[0], model.scale[1:])
        return steps.add("softmax", scores)
    middle = steps.add("weighted_median", trees(steps, rows, model.trees, each=True), weights=model.votes)
    return steps.affine(middle, model.scale[1], model.scale[0])


def _svm(model: Any, inputs: Inputs) -> str:
    steps = inputs.steps
    near = steps.add("kernel", matrix(model.preparation, inputs), vectors=model.vectors, gamma=model.gamma)
    weights, intercept = model.weights, model.intercept
    if model._n_classes == 2:
        weights = np.concatenate([-weights, weights], axis=1) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    scores = steps.affine(steps.times(near, weights), shift=intercept)
    if not model._n_classes:
        return steps.affine(scores, model.scale[1], model.scale[0])
    return steps.add("softmax", steps.affine(scores, model.scale[0], model.scale[1:]))


def _of_scores(model: Any, scores: str, steps: Steps) -> str:
    """Scores as probabilities, or the number itself."""
    if not model._n_classes:
        return scores
    return steps.add("two_classes" if model._n_classes == 2 else "softmax", scores)


def trees(steps: Steps, rows: str, arrays: TreeArrays, *, each: bool = False) -> str:
    """(n, outputs) sums of the trees' answers, or with `each` (n, trees) the first answer of every tree."""
    return steps.add(
        "trees",
        rows,
        sizes=arrays.sizes.astype(np.int64),
        feature=arrays.feature.astype(np.int64),
        threshold=arrays.threshold.astype(np.float64),
        missing_left=arrays.missing_left.astype(bool),
        answers=arrays.values.astype(np.float64),
        each=each,
    )


_ANSWERS: dict[str, Callable[[Any, Inputs], str]] = {
    "linear": _linear,
    "text_embedding": lambda model, inputs: _linear(model, embedded(model, inputs)),
    "text_transformer": transformer,
    "decision_tree": _trees,
    "forest": _trees,
    "extra_trees": _trees,
    "hist_gradient_boosting": _histogram,
    "adaboost": _adaboost,
    "svm": _svm,
    "neural_network": network,
    "tabular_net": network,
}
