"""What the best of the simple models would decide on the same rows: the yardstick of what the chosen one adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.present_process import MOST_CLASSES, confusion
from trainwright.evaluate.thresholds import choose_threshold
from trainwright.tasks import task_for

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome


def simple_model(material: Material, outcome: Outcome) -> dict[str, Any] | None:
    """The out-of-fold decisions of the best simple model that is not the chosen one, with a threshold chosen like its.

    Returns:
        {"name", "confusion": {"classes", "matrix"}}, or None for a number, for very many classes, and where no other
        simple model was trained.
    """
    target, oof, metric = material.target, outcome.oof, material.metric
    if target.task != "classes" or len(target.classes) > MOST_CLASSES:
        return None
    simple = [
        c
        for c in outcome.candidates
        if c.role == "baseline" and c.family != "baseline" and c.name != outcome.choice.selected
        and np.isfinite(c.folds).any()
    ]  # fmt: skip
    if not simple:
        return None
    sign = 1 if metric.greater_is_better else -1
    best = max(simple, key=lambda c: sign * float(np.nanmean(c.folds)))
    prediction = oof.predictions[best.name]
    rule = material.options.threshold_rule(target)
    threshold = choose_threshold(target, oof.y, prediction, rule=rule, fold=oof.fold, weight=oof.weight)
    decided = task_for(target).decide(prediction, 0.5 if threshold is None else threshold.cut)
    return {"name": best.name, "confusion": confusion(oof.y, decided, target)}
