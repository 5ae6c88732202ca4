"""What became of the plan and where the time went: the result document's `plan` and `budget`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from trainwright.training.outcome import NO_TIME_LEFT

if TYPE_CHECKING:
    from trainwright.training.result import Facts


def trials_document(facts: Facts) -> dict[str, Any]:
    """Every planned trial with its settings, rounds and seconds, or why it is not finished."""
    m, outcome = facts.material, facts.outcome
    done = {trial.name: trial for trial in outcome.trials}
    trials = []
    for step in m.plan.steps:
        trial = done.get(step.name)
        counts = [f.estimator.iterations for f in trial.fits.values() if f.estimator.iterations] if trial else []
        trials.append(
            {
                "name": step.name,
                "family": step.family,
                "settings": trial.step.settings if trial else step.settings,
                "folds": len(trial.fits) if trial else 0,
                "iterations": sorted(counts)[len(counts) // 2] if counts else None,
                "seconds": sum(fit.fit_s for fit in trial.fits.values()) if trial else None,
                "state": "finished" if trial else outcome.unfinished.get(step.name, "not run"),
                "reason": step.reason,
            }
        )
    return {"trials": trials, "reasons": list(m.plan.reasons)}


def budget_document(facts: Facts) -> dict[str, Any]:
    """Seconds of each stage, and what was cut or made smaller for the time limit."""
    names = list(facts.clock)
    ends = [*list(facts.clock.values())[1:], time.time()]
    stages = {"reading and checks": facts.clock["start"] - facts.started}
    words = {"start": "loading", "training": "training", "choosing": "choosing and packaging"}
    words["understanding"] = "more rows and other seeds"
    words["package"] = "sealed test and importance"
    for name, end in zip(names, ends):
        stages[words.get(name, name)] = end - facts.clock[name]
    shortened = [f"{name}: {why}" for name, why in facts.outcome.unfinished.items() if why != NO_TIME_LEFT]
    shortened += facts.material.plan.shortened
    shortened += [trial.shortened for trial in facts.outcome.trials if trial.shortened]
    left = (facts.importance or {}).get("left_out") or []
    if left:
        shortened.append(f"importance was not measured for {len(left)} columns")
    return {"limit_s": facts.material.options.limit, "stages": stages, "shortened": shortened}
