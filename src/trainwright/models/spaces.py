"""The named default spaces of the families: "first", a small search to begin with, and "wide" ranges to go on with.

"first" varies the two or three settings that matter most, a few values each: number of trees, depth and rows per leaf
of forests; rate, rounds and size of the trees of boosters; strength and kind of penalty of linear models. The fewest
questions come first: whether a family is promising at all. "wide" is for the family that proved to be.
"""

from __future__ import annotations

from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.settings import check_settings
from trainwright.models.space import Dimension, Space

NAMES = ("first", "wide")


def _list(name: str, *values: object) -> Dimension:
    return Dimension(name, values)


def _log(name: str, low: float, high: float) -> Dimension:
    return Dimension(name, (), low, high, log=True)


def _whole(name: str, low: int, high: int, *, log: bool = False) -> Dimension:
    return Dimension(name, (), low, high, log=log, whole=True)


def _share(name: str, low: float, high: float = 1.0) -> Dimension:
    return Dimension(name, (), low, high)


_FOREST = (
    _list("n_estimators", 100, 200, 400),
    _list("max_depth", 4, 8, None),
    _list("min_samples_leaf", 1, 5, 10),
)
_WIDE_FOREST = (
    _whole("n_estimators", 100, 800, log=True),
    _list("max_depth", 4, 8, 12, 20, None),
    _whole("min_samples_leaf", 1, 50, log=True),
    _share("max_features", 0.1),
)
_PENALTY = _list("penalty", "l2", "l1")

# By family; "linear" for classes, "linear:number" for numbers, whose penalty has another name.
FIRST: dict[str, tuple[Dimension, ...]] = {
    "neural_network": (
        _list("learning_rate", 0.0003, 0.001, 0.003),
        _list("layers", "32, 16", "128, 64", "256, 128, 64"),
        _list("dropout", 0.0, 0.1, 0.3),
    ),
    "tabular_net": (_list("epochs", 16, 32, 64), _list("dropout", 0.0, 0.15, 0.3)),
    "linear": (_list("C", 0.01, 0.1, 1.0, 10.0), _PENALTY),
    "linear:number": (_list("alpha", 0.01, 0.1, 1.0, 10.0, 100.0), _PENALTY),
    "decision_tree": (_list("max_depth", 3, 5, 8, 12), _list("min_samples_leaf", 1, 5, 20, 50)),
    "forest": _FOREST,
    "extra_trees": _FOREST,
    "hist_gradient_boosting": (
        _list("learning_rate", 0.03, 0.06, 0.12),
        _list("n_estimators", 100, 200, 400),
        _list("max_leaf_nodes", 8, 16, 31),
    ),
    "lightgbm": (
        _list("learning_rate", 0.02, 0.05, 0.1),
        _list("num_leaves", 8, 31, 63),
        _list("min_child_samples", 5, 20, 50),
    ),
    "catboost": (
        _list("iterations", 500, 1000, 2000),
        _list("depth", 4, 6, 8),
        _list("learning_rate", None, 0.03, 0.1),
    ),
    "xgboost": (
        _list("learning_rate", 0.02, 0.05, 0.1),
        _list("max_depth", 3, 6, 9),
        _list("min_child_weight", 1.0, 5.0, 20.0),
    ),
    "adaboost": (
        _list("n_estimators", 50, 100, 300),
        _list("learning_rate", 0.1, 0.5, 1.0),
        _list("max_depth", 1, 3, 5),
    ),
    "svm": (_list("C", 0.1, 1.0, 10.0, 100.0), _list("gamma", None, 0.01, 0.1)),
    "ebm": (
        _list("learning_rate", 0.02, 0.04, 0.08),
        _list("interactions", 0, 10, 20),
        _list("min_samples_leaf", 4, 20, 50),
    ),
    "text_embedding": (_list("C", 0.01, 0.1, 1.0, 10.0),),
    "text_embedding:number": (_list("alpha", 1.0, 10.0, 100.0, 1000.0),),
    "text_transformer": (
        _list("learning_rate", 2e-5, 5e-5, 1e-4),
        _list("epochs", 3, 6, 10),
        _list("dropout", 0.1, 0.3),
    ),
}
WIDE: dict[str, tuple[Dimension, ...]] = {
    "neural_network": (
        _log("learning_rate", 1e-4, 3e-2),
        _whole("batch_size", 16, 512, log=True),
        _list("layers", "32, 16", "64, 32", "128, 64", "128, 64, 32", "256, 128, 64", "256, 256, 256"),
        _list("activation", "relu", "gelu", "silu", "tanh"),
        _share("dropout", 0.0, 0.6),
        _log("weight_decay", 1e-5, 0.3),
        _list("scheduler", "fixed", "cosine_annealing", "one_cycle"),
    ),
    "tabular_net": (
        _whole("epochs", 8, 256, log=True),
        _log("learning_rate", 1e-3, 0.5),
        _list("width", 64, 128, 256, 512),
        _whole("depth", 1, 5),
        _share("dropout", 0.0, 0.5),
        _log("weight_decay", 1e-4, 0.3),
    ),
    "linear": (_log("C", 1e-4, 1e3), _list("penalty", "l2", "l1", "elasticnet")),
    "linear:number": (_log("alpha", 1e-4, 1e4), _list("penalty", "l2", "l1", "elasticnet")),
    "decision_tree": (_whole("max_depth", 2, 20), _whole("min_samples_leaf", 1, 200, log=True)),
    "forest": _WIDE_FOREST,
    "extra_trees": _WIDE_FOREST,
    "hist_gradient_boosting": (
        _log("learning_rate", 0.01, 0.3),
        _whole("n_estimators", 50, 1000, log=True),
        _whole("max_leaf_nodes", 4, 128, log=True),
        _whole("min_samples_leaf", 2, 200, log=True),
        _share("l2_regularization", 0.0, 50.0),
        _share("max_features", 0.3),
    ),
    "lightgbm": (
        _log("learning_rate", 0.005, 0.2),
        _whole("num_leaves", 4, 256, log=True),
        _whole("min_child_samples", 2, 200, log=True),
        _share("feature_fraction", 0.3),
        _share("bagging_fraction", 0.5),
        _log("lambda_l2", 1e-3, 100.0),
        _list("extra_trees", False, True),
        _list("features", "plain", "engineered"),
    ),
    "catboost": (
        _whole("iterations", 200, 3000, log=True),
        _log("learning_rate", 0.01, 0.3),
        _whole("depth", 3, 10),
        _log("l2_leaf_reg", 0.5, 30.0),
        _share("random_strength", 0.0, 10.0),
        _share("rsm", 0.3),
    ),
    "xgboost": (
        _log("learning_rate", 0.005, 0.2),
        _whole("max_depth", 2, 12),
        _log("min_child_weight", 0.5, 100.0),
        _share("subsample", 0.5),
        _share("colsample_bytree", 0.3),
        _log("reg_lambda", 1e-2, 100.0),
    ),
    "adaboost": (
        _whole("n_estimators", 30, 600, log=True),
        _log("learning_rate", 0.03, 1.5),
        _whole("max_depth", 1, 10),
    ),
    "svm": (_log("C", 1e-2, 1e3), _log("gamma", 1e-4, 1.0)),
    "ebm": (
        _log("learning_rate", 0.01, 0.2),
        _whole("interactions", 0, 30),
        _whole("max_bins", 32, 512, log=True),
        _whole("max_leaves", 2, 6),
        _whole("min_samples_leaf", 2, 100, log=True),
    ),
    "text_embedding": (_log("C", 1e-4, 1e3), _list("max_tokens", 64, 128, 256, 512)),
    "text_embedding:number": (_log("alpha", 1e-2, 1e4), _list("max_tokens", 64, 128, 256, 512)),
    "text_transformer": (
        _log("learning_rate", 5e-6, 3e-4),
        _whole("epochs", 2, 15),
        _list("batch_size", 8, 16, 32),
        _share("dropout", 0.0, 0.5),
        _log("weight_decay", 1e-4, 0.3),
        _share("layer_decay", 0.6),
    ),
}
# Families in the order in which a search without a named one looks at their defaults, the likeliest first; those that
# take an extra, serve few rows or are slow for what they give are searched when named.
SCREENED = ("catboost", "lightgbm", "linear", "extra_trees", "forest", "hist_gradient_boosting")


def default_space(family: str, name: str, task: str) -> Space:
    """A family's named space.

    Args:
        family: its own name.
        name: "first" or "wide".
        task: "classes" or "number".

    Raises:
        UserError: the family has no settings to search.

    Example:
        >>> default_space("forest", "first", "classes").combinations
        27
    """
    known = FIRST if name == "first" else WIDE
    found = known.get(f"{family}:{task}") or known.get(family)
    if found is None:
        raise UserError(
            f"the family {family!r} has nothing to search", remedy=f"families with a space: {', '.join(searchable())}"
        )
    spec = families()[family]
    for dimension in found:  # a range that a family's own settings do not allow is a fault of this file
        for value in dimension.values or (dimension.low, dimension.high):
            check_settings(spec, {dimension.name: value})
    return Space(family, found)


def searchable() -> tuple[str, ...]:
    """Families that have named spaces.

    Example:
        >>> "catboost" in searchable(), "baseline" in searchable()
        (True, False)
    """
    return tuple(name for name in families() if name in FIRST)
