"""The features that boosters read (`models.features`) as steps: the numeric block, categories, engineered features."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.features.arithmetic import OPERATIONS
from trainwright.models.features.encodings import Encodings
from trainwright.models.features.engineered import EngineeredMatrix
from trainwright.models.features.numeric import NumericBlock
from trainwright.models.features.outcome import Outcome
from trainwright.models.features.plain import PlainMatrix
from trainwright.packages.export.inputs import FIRST, Inputs
from trainwright.packages.export.members.preparing import date_parts, words


def of_raw(outcome: Outcome, raw: str, inputs: Inputs) -> str:
    """The prediction from raw scores: `Outcome.predictions`."""
    steps = inputs.steps
    if outcome.task == "number":
        return steps.affine(raw, outcome.prior[1], outcome.prior[0])
    answer = steps.add("two_classes" if outcome.outputs == 1 else "softmax", raw)
    return answer if outcome.width == len(outcome.present) else steps.spread(answer, outcome.present, outcome.width)


def constant(outcome: Outcome, inputs: Inputs) -> str:
    """The prediction that needs no features: `Outcome.constants`."""
    return inputs.steps.add("constant", values=outcome.constants(1)[:1].ravel())


def numeric_block(block: NumericBlock, inputs: Inputs, *, single: bool) -> list[str]:
    """Numbers, calendar parts and features of texts, rounded to 32 bits if `single`; empty where there are none."""
    steps, layout = inputs.steps, inputs.layout
    parts = inputs.numbers() + date_parts(block.dates, inputs)
    texts = [inputs.text(j) for j in range(len(layout.texts))]
    parts += [steps.add("characters", text) for text in texts]
    parts += [steps.add("spaces", text) for text in texts]
    parts += [value for value, _ in words(block.texts.terms.terms, block.texts.terms.weights, inputs)]
    if not parts:
        return []
    joined = steps.join(parts)
    return [steps.add("single", joined, bounded=False) if single else joined]


def plain_matrix(plain: PlainMatrix, inputs: Inputs) -> str:
    """The numeric block, then each category as the number that `PlainMatrix.transform` gives to its code."""
    layout = inputs.layout
    parts = numeric_block(plain.block, inputs, single=layout.single)
    if layout.categories:
        answers = plain.transform(inputs.every_category())[:, -len(layout.categories) :].astype(np.float64)
        parts += [
            inputs.steps.look_up(inputs.places(j), answers[: inputs.size(j), [j]])
            for j in range(len(layout.categories))
        ]
    return inputs.steps.join(parts)


def booster_matrix(matrix: PlainMatrix | EngineeredMatrix, inputs: Inputs) -> str:
    """The matrix of LightGBM."""
    if isinstance(matrix, PlainMatrix):
        return plain_matrix(matrix, inputs)
    steps = inputs.steps
    base = plain_matrix(matrix.plain, inputs)
    parts = []
    if matrix.encodings is not None:
        parts += _encoded(matrix.encodings, matrix.encoded, inputs)
    if matrix.crosses is not None:
        parts += _crossed(*matrix.crosses, inputs)
    if matrix.groups is not None:
        parts += _grouped(matrix.groups, base, inputs)
    single = inputs.layout.single
    joined = [steps.add("single", steps.join(parts), bounded=False) if single else steps.join(parts)] if parts else []
    if matrix.arithmetic is not None:
        joined.append(_arithmetic(matrix.arithmetic, base, inputs))
    return steps.join([base, *joined])


def _arithmetic(arithmetic: Any, base: str, inputs: Inputs) -> str:
    """Differences, ratios and products of pairs of columns of `base`."""
    parts = []
    for number, operation in enumerate(OPERATIONS):
        own = np.flatnonzero(arithmetic.operation == number)
        if len(own):
            first, second = (inputs.steps.take(base, at[own]) for at in (arithmetic.first, arithmetic.second))
            single = inputs.layout.single
            parts.append(inputs.steps.add("arithmetic", first, second, kind=operation, single=single))
    return inputs.steps.join(parts)


def _encoded(encodings: Encodings, columns: np.ndarray, inputs: Inputs) -> list[str]:
    """Averages and counts of single columns; the order is that of `Encodings.transform`."""
    every = inputs.every_category()
    answers = encodings.transform(every.codes[:, columns])
    owner = encodings.columns()
    tables = {}
    for c, j in enumerate(columns.tolist()):
        own = np.flatnonzero(owner == c)
        tables[c] = (inputs.steps.look_up(inputs.places(j), answers[: inputs.size(j)][:, own]), own)
    return [_ordered(tables, inputs)]


def _crossed(crosses: Any, encodings: Encodings, inputs: Inputs) -> list[str]:
    """Averages and counts of pairs of columns, looked up by the pair's two places."""
    ends = np.append(crosses.starts, len(crosses.keys))
    most = int(np.diff(ends).max(initial=0)) + 1
    codes = np.full((most, len(crosses)), -FIRST, dtype=np.int64)  # row 0: a pair that the training rows lacked
    for p in range(len(crosses)):
        count = int(ends[p + 1] - ends[p])
        codes[1 : count + 1, p] = np.arange(count)
    answers = encodings.transform(codes)
    owner = encodings.columns()
    tables = {}
    for p, (first, second) in enumerate(crosses.pairs.tolist()):
        keys = crosses.keys[ends[p] : ends[p + 1]] - crosses.offset[p]
        radix = inputs.size(second)
        own = np.flatnonzero(owner == p)
        value = inputs.steps.add(
            "look_up_pair",
            inputs.places(first),
            inputs.places(second),
            radix=radix,
            keys=(keys // crosses.base[p] * radix + keys % crosses.base[p]).astype(np.int64),
            table=answers[: len(keys) + 1][:, own],
        )
        tables[p] = (value, own)
    return [_ordered(tables, inputs)]


def _ordered(tables: dict[int, tuple[str, np.ndarray]], inputs: Inputs) -> str:
    """Values side by side, their columns brought to the positions that go with them."""
    joined = inputs.steps.join([value for value, _ in tables.values()])
    order = np.concatenate([own for _, own in tables.values()])
    return joined if (np.diff(order) == 1).all() else inputs.steps.take(joined, np.argsort(order, kind="stable"))


def _grouped(groups: Any, base: str, inputs: Inputs) -> list[str]:
    """A group's mean, the number less it, and that in the group's deviations."""
    steps = inputs.steps
    every = inputs.every_category()
    places = groups.slots(every.codes[:, groups.categories])  # (places, c)
    numbers = steps.take(base, groups.numbers)
    means, differences, deviations = [], [], []
    for c, j in enumerate(groups.categories.tolist()):
        own = places[: inputs.size(j), c]
        means.append(steps.look_up(inputs.places(j), groups.mean[own]))
        differences.append(steps.add("minus", numbers, means[-1]))
        spread = steps.look_up(inputs.places(j), groups.deviation[own])
        deviations.append(steps.add("divided", differences[-1], spread))
    return [steps.take(steps.join([*means, *differences, *deviations]), groups.chosen)]
