"""The contenders of the default plan: three that every table gets, and further views for time that is left.

The order was found by their out-of-fold figures and their seconds on public tables; what each adds is another kind of
error, which is what an average of models lives on.
"""

from __future__ import annotations

from typing import Any

from trainwright.training.portfolio_text import about_texts, contenders
from trainwright.training.steps import Facts, Step

# Share of the training rows that stop a booster, cut off before it sees them.
INNER = 0.125
# More models than rows can tell apart overfit the weights: contenders allowed from so many development rows on.
MOST_CONTENDERS = ((0, 3), (500, 6), (2_500, 9))
FINE: dict[str, Any] = {
    "features": "plain",
    "num_leaves": 16,
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "min_child_samples": 3,
    "lambda_l2": 0.0,
    "n_estimators": 3000,
}
WIDE: dict[str, Any] = {"features": "plain", "num_leaves": 63, "learning_rate": 0.03, "min_child_samples": 40}
RANDOM: dict[str, Any] = {"features": "plain", "extra_trees": True, "learning_rate": 0.04, "n_estimators": 2000}

NET = "a network bends where trees cut: its errors differ most"


def strongest(facts: Facts) -> list[Step]:
    """The three contenders that the time is planned for, strongest first; those of `portfolio_text` for texts."""
    if facts.text_models and about_texts(facts):
        return contenders(facts)
    engineered = {"features": "engineered", "learning_rate": 0.04, "extra_trees": facts.n_outputs > 2}
    small = {"features": "plain", "num_leaves": 8, "feature_fraction": 0.5, "n_estimators": 1500}
    return [
        Step("catboost", "catboost", {}, reason="strongest single family on tables of every size"),
        Step(
            "lightgbm_engineered",
            "lightgbm",
            engineered,
            inner=INNER,
            reason="boosting on cross-fitted target encodings, crosses, group-by and arithmetic features",
        ),
        Step(
            "lightgbm",
            "lightgbm",
            small,
            inner=INNER,
            reason="many small trees on plain columns: cheap, and its errors differ",
        ),
    ]


def further(facts: Facts) -> list[Step]:
    """Contenders for the time that is left, most useful first; the clock decides how many begin."""
    if facts.text_models and about_texts(facts):
        return []  # trees add nothing to words that were not counted better before
    most = max(count for rows, count in MOST_CONTENDERS if facts.n_rows >= rows) - len(strongest(facts))
    steps = [
        _further("extra_trees", "extra_trees", {}, "deep random trees, strong where close rows are alike"),
        _further("catboost_slow", "catboost", {"iterations": 3000}, "three times the rounds at a lower rate"),
        _further("lightgbm_fine", "lightgbm", FINE, "small leaves without sampling, for targets with little noise"),
        *([_further("tabular_net", "tabular_net", {}, NET)] if facts.networks else []),
        _further("lightgbm_wide", "lightgbm", WIDE, "larger trees, grown slowly"),
        _further("lightgbm_random", "lightgbm", RANDOM, "boosting with random thresholds"),
        _further("catboost_deep", "catboost", {"depth": 8}, "deeper trees, for interactions of many columns"),
    ]
    return steps[: max(0, most)]


def _further(name: str, family: str, settings: dict[str, Any], why: str) -> Step:
    inner = INNER if family in ("lightgbm", "tabular_net") else 0.0
    return Step(name, family, settings, inner=inner, optional=True, reason=f"if time is left: {why}")
