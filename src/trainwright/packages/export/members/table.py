"""The table of families that can be exported: add a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainwright.errors import UserError
from trainwright.models.bagged import Bagged
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.selected import Selected, View
from trainwright.models.widened import Widened
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.boosters import catboost, ebm, lightgbm, xgboost
from trainwright.packages.export.members.prepared import prepared

CONVERTERS: dict[str, Callable[[Any, Inputs], str]] = {
    "baseline": prepared,
    "linear": prepared,
    "decision_tree": prepared,
    "forest": prepared,
    "extra_trees": prepared,
    "hist_gradient_boosting": prepared,
    "adaboost": prepared,
    "svm": prepared,
    "neural_network": prepared,
    "tabular_net": prepared,
    "text_embedding": prepared,
    "text_transformer": prepared,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "xgboost": xgboost,
    "ebm": ebm,
}
_SMALLEST = 1e-12  # as in models.recalibrated


def member(family: str, estimator: Any, inputs: Inputs) -> str:
    """The prediction of one fitted model: (n, classes) probabilities, or (n, 1) for a number.

    Raises:
        UserError: the family cannot be exported.
    """
    if family not in CONVERTERS:
        raise UserError(
            f"{inputs.steps.member} cannot be exported: the family {family!r} has no converter",
            remedy=f"train with --families {','.join(name for name in CONVERTERS if name != 'baseline')}",
        )
    steps = inputs.steps
    if isinstance(estimator, Recalibrated):
        logs = steps.add("logs", member(family, estimator.inner, inputs), smallest=_SMALLEST)
        return steps.add("softmax", steps.affine(logs, estimator.correction.sharpness, estimator.correction.bias))
    if isinstance(estimator, Selected):
        seen = View(inputs.layout, estimator.columns).layout
        return member(family, estimator.inner, Inputs(steps, seen, inputs.schema))
    if isinstance(estimator, Bagged):
        parts = [member(family, model, inputs) for model in estimator.models]
        return steps.affine(steps.add("sum", *parts), 1 / len(parts))
    if isinstance(estimator, Widened):
        raise UserError(
            f"{steps.member} cannot be exported: a second model beside it finds classes that were added later",
            remedy="train in full on all rows, and export that version",
        )
    return CONVERTERS[family](estimator, inputs)
