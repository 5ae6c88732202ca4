"""Boosted families as steps: their features, and the library's own model, which each export reads in its own way."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.catboost import CatBoost
from trainwright.models.ebm import ExplainableBoosting
from trainwright.models.lightgbm import LightGBM
from trainwright.models.xgboost import XGBoost, _feature_types
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.features import (
    booster_matrix,
    constant,
    numeric_block,
    of_raw,
    plain_matrix,
)


def lightgbm(model: Any, inputs: Inputs) -> str:
    """LightGBM: the text of its model over the plain or engineered matrix."""
    assert isinstance(model, LightGBM)
    if model._booster is None or model._matrix is None:
        return constant(model._outcome, inputs)
    rows = booster_matrix(model._matrix, inputs)
    raw = inputs.steps.add("lightgbm", rows, model=model._text.encode("utf-8"), outputs=model._outcome.outputs)
    return of_raw(model._outcome, raw, inputs)


def xgboost(model: Any, inputs: Inputs) -> str:
    """XGBoost: its binary model over the plain matrix in 32 bits."""
    assert isinstance(model, XGBoost)
    if model._booster is None or model._matrix is None:
        return constant(model._outcome, inputs)
    rows = inputs.steps.add("single", plain_matrix(model._matrix, inputs), bounded=True)
    kinds = tuple(_feature_types(model._matrix, inputs.layout))
    raw = inputs.steps.add("xgboost", rows, model=model._bytes, kinds=kinds, outputs=model._outcome.outputs)
    return of_raw(model._outcome, raw, inputs)


def catboost(model: Any, inputs: Inputs) -> str:
    """CatBoost: its binary model over numbers in 32 bits and the places of categories."""
    assert isinstance(model, CatBoost)
    if model._model is None:
        return constant(model._outcome, inputs)
    numbers = numeric_block(model._block, inputs, single=True)
    layout = inputs.layout
    places = [inputs.places(j) for j in range(len(layout.categories))]
    raw = inputs.steps.add(
        "catboost",
        *numbers,
        *places,
        model=_cbm(model),
        sizes=tuple(inputs.size(j) for j in range(len(layout.categories))),
        columns=layout.categories,
        outputs=model._outcome.outputs,
    )
    return of_raw(model._outcome, raw, inputs)


def ebm(model: Any, inputs: Inputs) -> str:
    """The explainable boosting machine: one table for each term."""
    assert isinstance(model, ExplainableBoosting)
    if model._model is None:
        return constant(model._outcome, inputs)
    steps, layout = inputs.steps, inputs.layout
    numbers = numeric_block(model._block, inputs, single=False)
    ranks = model._levels.transform(inputs.every_category().codes)  # (places, q)
    width = len(model._block.parents(layout))

    def place(feature: int, bins: Any) -> str:
        """The position in a term's table of each row."""
        if feature < width:
            return steps.add("bins", steps.take(numbers[0], [feature]), cuts=np.asarray(bins.cuts, dtype=np.float64))
        j = feature - width
        return steps.look_up(inputs.places(j), bins.find(ranks[: inputs.size(j), j])[:, None].astype(np.int64))

    added = []
    for term in model._model.terms:
        at = place(term.features[0], term.bins[0])
        scores = term.scores
        if len(term.features) == 2:
            at = steps.add("pair", at, place(term.features[1], term.bins[1]), radix=int(scores.shape[1]))
            scores = scores.reshape(-1, scores.shape[-1])
        added.append(steps.look_up(at, scores))
    raw = steps.affine(steps.add("sum", *added), shift=model._model.intercept)
    return of_raw(model._outcome, raw, inputs)


def _cbm(model: CatBoost) -> bytes:
    """The bytes of CatBoost's own file."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model._model.save_model(str(path))
        return path.read_bytes()
