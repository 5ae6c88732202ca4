"""Why the chosen model's figure is lower than in the leaderboard: what having been chosen adds is taken off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import estimate, plural
from trainwright.evaluate.glossary import explain


def corrected(result: Mapping[str, Any]) -> str:
    """The corrected figure beside the one in the leaderboard, as a sentence; "" where both are the same.

    Args:
        result: the result document of a training.

    Example:
        >>> figure = {"value": 0.9301, "low": 0.92, "high": 0.94, "as_chosen": 0.9312}
        >>> result = {"metric": "roc_auc", "selected": "ensemble", "validation": {"roc_auc": figure}}
        >>> corrected({**result, "comparison": {"optimism": {"candidates": 6}}})
        'Having been chosen among 6 candidates flatters ensemble: its ROC-AUC counts as 0.9301, not 0.9312.'
    """
    metric = str(result.get("metric") or "")
    figure = (result.get("validation") or {}).get(metric)
    value, before = estimate(figure)[0], estimate(figure.get("as_chosen") if isinstance(figure, Mapping) else None)[0]
    if value is None or before is None or f"{value:.4f}" == f"{before:.4f}":
        return ""
    optimism = (result.get("comparison") or {}).get("optimism") or {}
    among = plural(int(optimism["candidates"]), "candidate") if "candidates" in optimism else "several candidates"
    return (
        f"Having been chosen among {among} flatters {result.get('selected')}: its {explain(metric).title} counts as "
        f"{value:.4f}, not {before:.4f}."
    )
