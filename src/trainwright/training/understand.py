"""What is measured about a chosen candidate so that one understands it: its curves, more rows, other seeds.

Nothing here changes what was chosen or packaged. Each part takes only time that is left, is left out with its reason
otherwise, and a part that fails is named; it never ends a training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainwright.evaluate.advice import remedies
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.spec import Report
from trainwright.training.budget import Budget
from trainwright.training.curves import convergence, run_curves
from trainwright.training.guarded import guarded
from trainwright.training.networks import networks
from trainwright.training.outcome import Outcome
from trainwright.training.seeds import measure_seeds
from trainwright.training.size_curve import SHARE_OF_LIMIT, measure_size_curve

if TYPE_CHECKING:
    from trainwright.training.material import Material

# Of the time for fits, what is kept for other seeds where they are asked for.
SEEDS_SHARE = 0.5
SEEDS_REASON = "half of the time for fits is kept for other seeds, as asked"
# What was kept back for evaluating and packaging is spent by now; the sealed test and importance need the rest.
STILL_NEEDED = 0.6
REPEATED = "a repetition makes the package again and measures nothing beside it"
LEARNED_ON = "a version learned on: smaller parts of the new rows say nothing about more of them"


def understand(material: Material, outcome: Outcome, budget: Budget, report: Report) -> dict[str, Any]:
    """The result document's `curves`, `convergence`, `networks`, `size_curve` and `seed_stability`.

    Args:
        material: the run's development rows.
        outcome: what was chosen, with its fold models.
        budget: of the run; what is left of it may be used.
        report: told what happens.
    """
    if material.repeats:
        return {
            "curves": [],
            "convergence": None,
            "networks": [],
            "size_curve": {"skipped": REPEATED},
            "seed_stability": {"skipped": REPEATED},
        }
    work, task, metric = material.work, material.task, material.metric
    plain = uncorrected(outcome)
    curves = guarded(lambda: run_curves(plain, work, task, seconds=min(3.0, 0.01 * material.options.limit + 0.2)))
    found: dict[str, Any] = {"curves": curves if isinstance(curves, list) else []}
    found["convergence"] = convergence(found["curves"], plain)
    found["networks"] = networks(plain)
    seeds = material.options.settings.training.seeds
    left = min(_left(budget), SEEDS_SHARE * material.options.limit)
    if seeds > 1 and work.continuing is None:
        found["seed_stability"] = guarded(lambda: measure_seeds(outcome, work, task, metric, seeds, left, report))
    else:
        found["seed_stability"] = {"skipped": "not asked for: training.seeds, or `trainwright stability` afterwards"}
    left = min(_left(budget), SHARE_OF_LIMIT * material.options.limit)
    if work.continuing is not None:
        return {**found, "size_curve": {"skipped": LEARNED_ON}, "seed_stability": {"skipped": LEARNED_ON}}
    found["size_curve"] = guarded(lambda: measure_size_curve(outcome, work, metric, left, report))
    return found


def _left(budget: Budget) -> float:
    """Seconds until the sealed test and what follows it must begin."""
    return budget.remaining() + (1 - STILL_NEEDED) * budget.tail()


def uncorrected(outcome: Outcome) -> Outcome:
    """The outcome with the models as they were fitted, without what was undone of rebalanced classes afterwards."""
    trials = []
    for trial in outcome.trials:
        fits = {
            index: replace(fit, estimator=fit.estimator.inner) if isinstance(fit.estimator, Recalibrated) else fit
            for index, fit in trial.fits.items()
        }
        trials.append(replace(trial, fits=fits))
    return replace(outcome, trials=trials)


def advised(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The result document's `diagnosis.remedies`: what to do, with key, old and new value and the command."""
    found = guarded(lambda: [remedy.to_json() for remedy in remedies(document)])
    return found if isinstance(found, list) else []
