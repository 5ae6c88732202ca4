"""What config may know of the layers above it, as plain data: names of families, their settings, and metrics.

Each is imported inside a function, only when a file names one; none imports a learning library.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trainwright.errors import UserError

if TYPE_CHECKING:
    from trainwright.models.spec import Spec

NEURAL = "neural_network"
TABULAR_NET = "tabular_net"
# Families of neural networks over texts, which read the keys of networks that they have settings for.
TEXT_FAMILIES = ("text_embedding", "text_transformer")

# Other names under which people look for a family.
ALIASES = {
    "logistic": "linear",
    "logistic_regression": "linear",
    "linear_regression": "linear",
    "ridge": "linear",
    "elastic_net": "linear",
    "tree": "decision_tree",
    "random_forest": "forest",
    "extratrees": "extra_trees",
    "gradient_boosting": "lightgbm",
    "lgbm": "lightgbm",
    "xgb": "xgboost",
    "explainable_boosting": "ebm",
    "explainable_boosting_machine": "ebm",
    "hist_gradient": "hist_gradient_boosting",
    "majority": "baseline",
    "mean": "baseline",
    "support_vector_machine": "svm",
    "embedding": "text_embedding",
    "embeddings": "text_embedding",
    "sentence_embedding": "text_embedding",
    "transformer": "text_transformer",
    "fine_tuning": "text_transformer",
    "bert": "text_transformer",
    "mlp": NEURAL,
    "neural": NEURAL,
    "nn": NEURAL,
    "net": "tabular_net",
    "realmlp": "tabular_net",
    "tabm": "tabular_net",
}


def networks_here() -> bool:
    """Whether networks for tables can be trained here; the library is looked for, not imported."""
    return find_spec("torch") is not None


def family_names() -> tuple[str, ...]:
    """The names of all families, without importing them."""
    from trainwright.models.families import MODULES

    return MODULES


def family_spec(name: str) -> Spec:
    """The Spec of one family."""
    spec: Spec = import_module(f"trainwright.models.{name}").SPEC
    return spec


def canonical_family(name: str) -> str:
    """The family's own name, from its name, another spelling or another word for it.

    Raises:
        UserError: there is no such family; the nearest is suggested.

    Example:
        >>> canonical_family("Random-Forest")
        'forest'
    """
    word = name.strip().lower().replace("-", "_").replace(" ", "_")
    found = ALIASES.get(word, word)
    names = family_names()
    if found not in names:
        near = get_close_matches(word, (*names, *ALIASES), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(f"there is no family {name!r}", remedy=f"{hint}families: {', '.join(names)}")
    return found


def check_family_settings(name: str, settings: dict[str, Any]) -> None:
    """Refuses a setting that the family does not have, or a value outside its range.

    Raises:
        UserError: names the setting and what is allowed.
    """
    from trainwright.models.settings import check_settings

    check_settings(family_spec(canonical_family(name)), settings)


def takes_text(family: str, setting: str, text: str) -> bool:
    """Whether a family's setting takes the text as it stands; False for a family or a setting that there is not.

    Example:
        >>> takes_text("text_transformer", "base_model", "none"), takes_text("linear", "C", "none")
        (True, False)
    """
    from trainwright.models import settings

    try:
        spec = family_spec(canonical_family(family))
    except UserError:
        return False  # refused later, with all that was given
    return any(one.name == setting and settings.takes_text(one, text) for one in spec.settings)


def metric_names() -> tuple[str, ...]:
    """The names of all metrics."""
    from trainwright.tasks.names import CLASS_METRICS, NUMBER_METRICS

    return (*CLASS_METRICS, *NUMBER_METRICS)


def check_metric(name: str) -> str:
    """The metric's name in our spelling; `precision_at_recall_NN` exists for every whole percentage.

    Raises:
        UserError: there is no such metric; the nearest is suggested.
    """
    word = name.strip().lower().replace("-", "_").replace(" ", "_")
    word = {"auc": "roc_auc", "auc_roc": "roc_auc", "logloss": "log_loss"}.get(word, word)
    start, _, number = word.rpartition("_")
    every = start == "precision_at_recall" and number.isdigit() and 0 < int(number) < 100
    if word not in metric_names() and not every:
        near = get_close_matches(word, metric_names(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(f"there is no metric {name!r}", remedy=f"{hint}metrics: {', '.join(metric_names())}")
    return word
