"""Runs the steps of a plan: each fold is fitted and handed over in turn, while the clock and the user allow it.

Fits run side by side in threads (the learning libraries release Python's lock). Each fold depends on its rows, seed
and settings alone, so the order in which they finish changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from trainwright.errors import DiskFull, TrainwrightError
from trainwright.models.spec import Report
from trainwright.training import rebalance_plan
from trainwright.training.budget import Budget
from trainwright.training.fitting import fit_fold
from trainwright.training.pace import MARGIN, fit_into, slowness
from trainwright.training.plan import FITS_SHARE
from trainwright.training.steps import Step, in_turn
from trainwright.training.trials import FoldFit, Trial, Work

# Share of a limit that optional steps leave to what follows the fits.
OPTIONAL_RESERVE = 0.12
# Seconds of a first fit that may be the start of its library, on a busy machine: import, first use, threads.
START_UP = 20.0
# Folds of a step differ: those to come are expected to take this many times what was measured.
SAFETY = 1.15


class TimeIsUp(Exception):
    """The time limit is over while a fit still runs: no error, the step is cut as one that did not begin is."""


def run_steps(
    steps: tuple[Step, ...],
    work: Work,
    budget: Budget,
    *,
    finished: dict[tuple[str, int], FoldFit],
    on_fold: Callable[[Step, FoldFit], None],
    report: Report,
    stop: threading.Event,
) -> list[Trial]:
    """Runs every fold of every step in order, while the clock and the user allow it.

    Args:
        finished: folds already done by an earlier attempt, by step name and fold.
        on_fold: called with each finished fold, in the calling thread, before more work is handed out.
        stop: set by Ctrl-C: nothing new starts, what runs is awaited.

    Returns:
        One trial per step; a trial that lacks folds was cut short, one with `failure` raised an error.
    """
    trials = {step.name: Trial(step) for step in steps}
    for (name, index), fit in finished.items():
        if name in trials:
            trials[name].fits[index] = fit
            trials[name].step = fit.step
    todo = _tasks(steps, work, trials)
    running: dict[Future[FoldFit], Trial] = {}
    begun: set[str] = set()
    cut: set[str] = set()
    with ThreadPoolExecutor(max_workers=work.jobs, thread_name_prefix="fit") as pool:
        upcoming = next(todo, None)
        while running or upcoming is not None:
            while upcoming is not None and len(running) < work.jobs and not stop.is_set():
                name, index = upcoming
                trial = trials[name]
                if running and any(one.step.uses_all_threads for one in (trial, *running.values())):
                    break  # one of them uses all threads: what runs is awaited first
                if name not in begun:
                    begun.add(name)
                    _pace(trial, trials, begun, work, budget, report)
                if trial.failure is None and name not in cut:
                    if budget.allows(_expected(trial, trials, work, budget)):
                        report({"kind": "fold_started", "trial": name, "fold": index})
                        told = _until_over(trial.step, budget, report)
                        running[pool.submit(fit_fold, trial.step, index, work, told)] = trial
                    else:
                        _cut(name, cut, report)
                upcoming = next(todo, None)
            if stop.is_set():
                upcoming = None
            if not running:
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                trial = running.pop(future)
                if isinstance(future.exception(), TimeIsUp):
                    _cut(trial.name, cut, report)
                else:
                    _collect(future, trial, on_fold, report)
    return [trials[step.name] for step in steps]


def _cut(name: str, cut: set[str], report: Report) -> None:
    """Begins no more folds of a step, and says so once."""
    if name not in cut:
        cut.add(name)
        report({"kind": "cut", "trial": name, "reason": "time limit"})


def _until_over(step: Step, budget: Budget, report: Report) -> Report:
    """What a fit tells goes on to `report`, until the limit is over: a network then ends where it stands.

    How long its first fit takes cannot be foreseen on a machine that is busy with something else. Other families are
    given as many rounds as the clock allows before they begin.
    """
    limit = budget.limit
    if limit is None or not step.uses_all_threads:
        return report

    def tell(event: dict[str, Any]) -> None:
        if budget.elapsed() > limit:
            raise TimeIsUp
        report(event)

    return tell


def _pace(trial: Trial, trials: dict[str, Trial], begun: set[str], work: Work, budget: Budget, report: Report) -> None:
    """Gives a contender that begins no more rounds than the clock allows."""
    if trial.step.role != "candidate" or trial.step.optional or trial.fits or budget.limit is None:
        return  # an optional one begins as it is or not at all
    later = [t.step for n, t in trials.items() if n not in begun and t.step.role == "candidate" and not t.step.optional]
    slower = slowness(trials.values())
    remaining = budget.remaining() * FITS_SHARE
    trial.step, why = fit_into(
        trial.step, later, n_folds=len(work.folds), jobs=work.jobs, slower=slower, remaining=remaining
    )
    if why:
        trial.shortened = why
        report({"kind": "shortened", "trial": trial.name, "reason": why})


def _collect(
    future: Future[FoldFit],
    trial: Trial,
    on_fold: Callable[[Step, FoldFit], None],
    report: Report,
) -> None:
    """Keeps a finished fold; a family that fails is left out and named, it never ends the run. A full disk does: it
    is resumed from the folds that are done."""
    try:
        fit = future.result()
    except (MemoryError, DiskFull):
        raise
    except Exception as error:  # noqa: BLE001 - any failure of a learning library is reported, not raised
        trial.failure = str(error) if isinstance(error, TrainwrightError) else f"{type(error).__name__}: {error}"
        trial.error = error
        report({"kind": "trial_failed", "trial": trial.name, "error": trial.failure})
        return
    trial.fits[fit.fold] = fit
    on_fold(trial.step, fit)


def _tasks(steps: tuple[Step, ...], work: Work, trials: dict[str, Trial]) -> Iterator[tuple[str, int]]:
    for step in steps:
        for index in range(len(work.folds)):
            if index not in trials[step.name].fits:
                yield step.name, index


def _expected(trial: Trial, trials: dict[str, Trial], work: Work, budget: Budget) -> float:
    """Seconds until the step's remaining folds are done: baselines always run, others are measured as they go.

    An optional step that is to begin needs room for what follows the fits too: refitting and the size curve.
    """
    step = trial.step
    others = [other for other in trials.values() if other is not trial]
    if step.role == "baseline":
        return float("-inf") if step.family == "baseline" else 0.0
    if not trial.fits:
        rounds = in_turn(step, len(work.folds), work.jobs)
        each = step.seconds + rebalance_plan.seconds(work.rebalance, work.dataset.y)
        if not step.optional or budget.limit is None:
            # The seconds of a step that was given fewer rounds are this machine's already.
            return each * rounds * (1.0 if trial.shortened else slowness(others))
        slower = slowness([t for t in trials.values() if t.step.family == step.family], least=0.5)
        return each * rounds * slower * MARGIN + OPTIONAL_RESERVE * budget.limit
    return _each(trial, others) * SAFETY * in_turn(step, len(work.folds) - len(trial.fits), work.jobs)


def _each(trial: Trial, others: list[Trial]) -> float:
    """Seconds that a further fold of a step takes, by those that are done.

    Of a network the longest does not count: the first fit of a process holds the import of its library and the first
    use of it, which no other fold pays again. While it is the only one, the start is taken off, but never more than
    the estimate says.
    """
    taken = sorted(fit.fit_s for fit in trial.fits.values())
    if not trial.step.uses_all_threads:
        return taken[-1]
    if len(taken) > 1:
        return taken[-2]
    slower = slowness(others)
    estimated = trial.step.seconds * (1.0 if trial.shortened else slower)
    return min(taken[0], max(taken[0] - START_UP * slower, estimated))
