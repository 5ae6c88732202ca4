"""The table of families: add a file with a `SPEC` and a line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from trainwright.models.spec import Spec

# Each module holds SPEC; learning libraries are imported inside its functions, never at import time.
MODULES = (
    "baseline",
    "linear",
    "decision_tree",
    "forest",
    "extra_trees",
    "lightgbm",
    "catboost",
    "hist_gradient_boosting",
    "adaboost",
    "svm",
    "ebm",
    "xgboost",
    "text_embedding",
    "text_transformer",
    "neural_network",
    "tabular_net",
)


@cache
def families() -> dict[str, Spec]:
    """Every family by name, simplest first.

    Example:
        >>> list(families())[0]
        'baseline'
    """
    specs = [import_module(f"trainwright.models.{name}").SPEC for name in MODULES]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.complexity)}
