"""Holds a plan to the clock: how much slower than estimated this machine is, and the rounds that time still buys.

What is decided here is a count (rounds of a step), stored with the run, so that a repetition needs no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from trainwright.models.families import families
from trainwright.training.steps import Step, in_turn

if TYPE_CHECKING:
    from trainwright.training.trials import Trial

# Fits shorter than this say nothing about the machine.
TELLING = 0.2
MARGIN = 1.1


def slowness(trials: Iterable[Trial], least: float = 1.0) -> float:
    """How many times longer than estimated the finished fits took; 1 when nothing was measured, never under `least`."""
    ratios = [
        fit.fit_s / trial.step.seconds
        for trial in trials
        for fit in trial.fits.values()
        if trial.step.seconds > TELLING
    ]
    return max(least, median(ratios)) if ratios else 1.0


def fit_into(
    step: Step, later: list[Step], *, n_folds: int, jobs: int, slower: float, remaining: float
) -> tuple[Step, str]:
    """The step with as many rounds as its share of the remaining seconds buys, and the reason for a change.

    Args:
        step: about to begin.
        later: contenders that follow; the time is shared in proportion to what was planned for each.
        n_folds, jobs: fits of the step, and how many run side by side.
        slower: see `slowness`.
        remaining: seconds left for fits.

    Example:
        >>> step = Step("catboost", "catboost", {"iterations": 1000}, seconds=10.0)
        >>> fit_into(step, [], n_folds=4, jobs=2, slower=2.0, remaining=22.0)[0].settings
        {'iterations': 500}
    """
    spec = families().get(step.family)
    needed = sum(one.seconds * in_turn(one, n_folds, jobs) for one in (step, *later)) * slower * MARGIN
    if needed <= remaining or spec is None or spec.iterations is None or needed <= 0:
        return step, ""
    planned = int((spec.defaults() | step.settings)[spec.iterations])
    share = max(remaining, 0.0) / needed
    rounds = max(spec.fewest, int(planned * share))
    if rounds >= planned:
        return step, ""
    seconds = step.seconds * rounds / planned * slower
    changed = replace(step, settings=step.settings | {spec.iterations: rounds}, seconds=seconds)
    return changed, f"{step.name}: {rounds} rounds instead of {planned}, because the machine is busy or slow"
