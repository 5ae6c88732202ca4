"""Proposals by Optuna's tree-structured Parzen estimator, from the trials that our own tables hold.

The study lives in memory and is built anew for each proposal: our rows stay the only truth, however many processes
share a search. Trials that still run count as bad ones meanwhile ("constant liar"), so that two processes do not try
the same. Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.space import Dimension, Space
from trainwright.quiet import without
from trainwright.store.search_trials import SearchTrial
from trainwright.training.tuning.step import effective

# Drawn by chance before the first proposal that learns.
STARTUP = 8


def suggest(
    space: Space, trials: list[SearchTrial], *, seed: int, number: int, greater_is_better: bool
) -> dict[str, Any] | None:
    """Settings that promise most, given what was tried of this family; the same for the same trials and seed.

    Args:
        space: of one family.
        trials: of that family, finished or running.
        seed: of the search.
        number: of the trial, which makes each draw another one.
        greater_is_better: direction of the metric.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with without(Warning):  # its experimental options say so at each call
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTUP,
            multivariate=True,
            constant_liar=True,
            seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
        )
        study = optuna.create_study(sampler=sampler, direction="maximize" if greater_is_better else "minimize")
        distributions = {dimension.name: _distribution(dimension) for dimension in space.dimensions}
        for trial in trials:
            known = _told(space, trial, distributions)
            if known is not None:
                study.add_trial(known)
        asked = study.ask(distributions)
    params = asked.params
    return {d.name: d.values[params[d.name]] if d.values else d.tidy(params[d.name]) for d in space.dimensions}


def _distribution(dimension: Dimension) -> Any:
    """A list by the positions of its values, a range as it is."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.values:
        return CategoricalDistribution(tuple(range(len(dimension.values))))
    if dimension.whole:
        return IntDistribution(
            int(dimension.low), int(dimension.high), log=dimension.log, step=int(dimension.step or 1)
        )
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log, step=dimension.step)


def _told(space: Space, trial: SearchTrial, distributions: dict[str, Any]) -> Any:
    """A trial in Optuna's words; None for one that failed, was given back or lies outside the space."""
    from optuna.trial import TrialState, create_trial

    settings = effective(space.family, trial.settings)
    if trial.state in ("failed", "released") or not space.holds(settings):
        return None
    values = {d.name: settings[d.name] for d in space.dimensions}
    params = {d.name: d.values.index(values[d.name]) if d.values else values[d.name] for d in space.dimensions}
    scores = [score for score in trial.scores or [] if score is not None]
    if trial.state == "running":
        return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
    if not scores:
        return None
    mean = float(np.mean(scores))
    if trial.state == "pruned":
        return create_trial(
            state=TrialState.PRUNED,
            params=params,
            distributions=distributions,
            intermediate_values={len(scores): mean},
        )
    return create_trial(state=TrialState.COMPLETE, params=params, distributions=distributions, value=mean)
