"""Networks for tables as steps: the prepared matrix, rows of tables for embedded categories, and the network itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.nets.columns import _FAR, Levels
from trainwright.models.nets.estimator import NetEstimator
from trainwright.models.nets.tabular import TabularNet
from trainwright.models.selected import View
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.preparing import matrix

BENT = 3.0  # as in models.nets.columns.RobustScale


def network(model: Any, inputs: Inputs) -> str:
    """The prediction of a network for tables: (n, present classes), or (n, 1) for a number."""
    assert isinstance(model, NetEstimator)
    steps, net = inputs.steps, model.net
    rows = _rows(model, inputs)
    arrays = {name: array for name, array in net.arrays().items() if not name.startswith("table")}
    members = max((layer.weight.shape[0] for layer in net.layers if layer.weight.ndim == 3), default=1)
    members = max([members, *(len(layer.before) for layer in net.layers if layer.before is not None)])
    scores = steps.add(
        "network",
        rows,
        activation=net.activation,
        depth=len(net.layers),
        waved=0 if net.waves is None else len(net.waves.frequency),
        width=_width(model),
        **arrays,
    )
    if model._n_classes:
        return steps.add("mean_softmax", scores, members=members) if members > 1 else steps.add("softmax", scores)
    mean = scores if members == 1 else steps.times(scores, np.full((members, 1), 1 / members))
    number = steps.affine(mean, model.spread, model.shift)
    low, high = model.bounds
    if not np.isfinite([low, high]).any():
        return number
    return steps.add("bound", number, low=np.array([low]), high=np.array([high]))


def _rows(model: NetEstimator, inputs: Inputs) -> str:
    """(n, width) what the network reads before its waves."""
    steps, layout = inputs.steps, inputs.layout
    parts = []
    if model.preparation.names:
        gone = set(model.embedded)
        seen = View(layout, tuple(name for name in layout.names if name not in gone)).layout
        parts.append(_scaled(model, matrix(model.preparation, Inputs(steps, seen, inputs.schema)), inputs))
    every = inputs.every_category()
    for c, name in enumerate(model.embedded):
        j = layout.categories.index(name)
        level = _column(model.levels, c, every.codes[: inputs.size(j), j])
        parts.append(steps.look_up(inputs.places(j), model.net.tables[c][level].astype(np.float32)))
    return steps.join(parts)


def _scaled(model: NetEstimator, value: str, inputs: Inputs) -> str:
    """What the family does to the prepared numbers."""
    if not isinstance(model, TabularNet):
        return value
    steps, scale = inputs.steps, model.robust
    # (x - centre) * factor; a division, because its place in the sum keeps far values exact. No factor: no spread.
    spread = np.divide(1.0, scale.factor, out=np.full(len(scale.factor), np.inf), where=scale.factor > 0)
    centred = steps.add("scaled", value, mean=scale.centre, spread=spread, far=_FAR)
    return steps.add("bent", centred, most=BENT)


def _column(levels: Levels, c: int, codes: np.ndarray) -> np.ndarray:
    """Positions in table c of codes of its column."""
    rows = np.full((len(codes), len(levels.slots.sizes)), -1, dtype=np.int64)
    rows[:, c] = codes
    return levels(rows)[:, c]


def _width(model: NetEstimator) -> int:
    """Columns of `_rows`."""
    return len(model.preparation.names) + sum(table.shape[1] for table in model.net.tables)
