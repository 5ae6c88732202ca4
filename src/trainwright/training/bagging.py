"""Bagging: the best single candidate once more, on several parts of each fold's training rows, averaged.

It is measured as every candidate is: within a fold the models of a bag see that fold's training rows alone, and their
average predicts the rows held out. So what averaging gains over one model of all the same rows is known, not assumed.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from trainwright.tasks import Metric
from trainwright.training.budget import Budget
from trainwright.training.combine import BAGGING
from trainwright.training.pace import MARGIN
from trainwright.training.plan import Plan
from trainwright.training.run_steps import OPTIONAL_RESERVE
from trainwright.training.scores import finite_mean, fold_scores
from trainwright.training.steps import Step, in_turn
from trainwright.training.trials import Trial, Work

MOST, FEWEST = 8, 3
# Of the time for fits, what is kept for the bag: it repeats one candidate several times.
SHARE = 0.5
REASON = "half of the time for fits is kept for fitting the best candidate on several parts of the rows (bagging)"


def plan_bag(trials: list[Trial], work: Work, metric: Metric, budget: Budget) -> Step | str:
    """The best single candidate as a bag, or why there is none.

    Args:
        trials: finished trials.
        work: development rows and folds.
        metric: what is best.
        budget: the clock; it decides how many models the bag has, and the step keeps the number.
    """
    single = [t for t in trials if _bags(t, work)]
    if not single:
        return "no bagging: no model was finished that could be fitted again"
    best = max(single, key=lambda t: _figure(t, work, metric))
    rounds = in_turn(best.step, len(work.folds), work.jobs)
    each = float(np.median([fit.fit_s for fit in best.fits.values()]))
    models = MOST
    if budget.limit is not None:
        left = budget.remaining() - OPTIONAL_RESERVE * budget.limit
        models = min(MOST, int(left / max(each * rounds * MARGIN, 1e-9)))
    if models < FEWEST:
        return f"no bagging: {FEWEST} models like {best.name} for each fold need more time than is left"
    reason = f"{best.name}, the best single model, on {models} parts of each fold's training rows, averaged"
    return replace(
        best.step, name=BAGGING, role="candidate", seconds=each * models, reason=reason, optional=True, bags=models
    )


def with_bag(
    plan: Plan, trials: list[Trial], work: Work, metric: Metric, budget: Budget
) -> tuple[Plan, tuple[Step, ...]]:
    """The plan with the bag as its last step, and the steps still to fit: none where there can be no bag.

    A plan that already has its bag, because an earlier attempt decided on it, stays as it is.
    """
    if any(step.bags for step in plan.steps):
        return plan, ()
    found = plan_bag(trials, work, metric, budget)
    if isinstance(found, str):
        return replace(plan, reasons=(*plan.reasons, found)), ()
    return replace(plan, steps=(*plan.steps, found)), (found,)


def _bags(trial: Trial, work: Work) -> bool:
    step = trial.step
    alone = step.family != "baseline" and not step.handed_over and not step.bags
    return trial.finished(work) and alone


def _figure(trial: Trial, work: Work, metric: Metric) -> float:
    """The mean of the metric over folds, more is better."""
    mean = finite_mean(fold_scores(trial, work, [metric]).validation[metric.name])
    if math.isnan(mean):
        return -math.inf
    return mean * (1.0 if metric.greater_is_better else -1.0)
