"""Trains on rows in memory, in this process: no workspace, no sealed test, nothing on disk afterwards."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.schema import Target
from trainwright.data.split import Split, SplitRule, make_split
from trainwright.errors import TrainwrightError
from trainwright.evaluate.calibration import Calibration
from trainwright.evaluate.error_size import Errors
from trainwright.packages.second_level import SecondLevel
from trainwright.packages.write import Member
from trainwright.tasks import Metric, Task, task_for
from trainwright.training import rebalance_plan
from trainwright.training.asked_for import check_asked
from trainwright.training.bagging import SHARE as BAG_SHARE
from trainwright.training.bagging import with_bag
from trainwright.training.budget import Budget
from trainwright.training.combine import BAGGING, kind_of
from trainwright.training.held_out_errors import out_of_fold_errors
from trainwright.training.leaderboard import leaderboard
from trainwright.training.options import SIDE_BY_SIDE_ROWS
from trainwright.training.outcome import conclude
from trainwright.training.plan import Plan, Step, choose_folds, facts_of, make_plan
from trainwright.training.rebalance import Rebalance
from trainwright.training.recalibrate import recalibrated
from trainwright.training.run_steps import run_steps
from trainwright.training.select import Requirements
from trainwright.training.shape import fold_members
from trainwright.training.trials import Trial, Work
from trainwright.training.weak_columns import Selector, check_most, seconds_of_selection

# Below this many rows no booster joins by default: it has too little to stop or to choose by.
TINY = 100
TINY_SETTINGS: dict[str, dict[str, Any]] = {"forest": {"n_estimators": 30}}
# Share of a time limit kept back for the choice among the finished trials.
CHOICE_SHARE = 0.05


@dataclass(frozen=True)
class Request:
    """What is asked of a training in memory.

    Args:
        metric: name of the metric that chooses; None for the task's default.
        families: names; empty for the default plan. Named families are fitted, and the majority or mean as yardstick.
        limit: seconds, or None: then the plan follows from the data alone, and no clock cuts it short.
        folds: number of folds, or None to let the number of rows decide.
        ensemble: whether an ensemble may be chosen, or which kind: "greedy", "bagging" or "stacking".
        seed: of every draw.
        cores: that the fits may use.
        class_weight, resample: how rare classes get more say while training; see `rebalance`.
        calibration: the kind asked for, "auto" or "none".
        select_features: leave weak columns out within each fit's own rows, or keep so many of the strongest.
    """

    metric: str | None = None
    families: tuple[str, ...] = ()
    limit: float | None = None
    folds: int | None = None
    ensemble: bool | str = True
    seed: int = 0
    cores: int = 1
    class_weight: Any = None
    resample: str | None = None
    calibration: str = "auto"
    select_features: bool | int = False


@dataclass(frozen=True)
class Developed:
    """A trained model, and what the development rows say about it.

    Args:
        target: what is predicted.
        members: fold models of the chosen candidate, whose weighted average predicts.
        calibration: what is done to the average.
        leaderboard: one row per candidate, best first.
        selected: name of the chosen candidate, with the `reason`.
        threshold: for two classes, the probability from which the positive class is best decided; otherwise None.
        prediction: (n, k) or (n,) out-of-fold predictions of the chosen candidate, NaN for rows never held out.
        plan: the ordered trials, as plain data.
        unfinished: by name, why a planned trial is not in the leaderboard.
        notes: sentences about the split and the plan.
        level: how stacked members become one; None: by their weighted average.
        errors: for a number, those of the chosen candidate on the rows that its folds held out.
    """

    target: Target
    members: tuple[Member, ...]
    calibration: Calibration
    leaderboard: list[dict[str, Any]]
    selected: str
    reason: str
    threshold: float | None
    prediction: np.ndarray
    plan: dict[str, Any]
    unfinished: dict[str, str]
    notes: tuple[str, ...]
    level: SecondLevel | None = None
    errors: Errors | None = None

    def predict(self, columns: Columns) -> np.ndarray:
        """(n, k) calibrated probabilities in the order of `target.classes`, or (n,) numbers."""
        if self.level is not None:
            return self.calibration.apply(self.level.apply(self._by_name(columns)))
        total = sum(member.weight for member in self.members)
        shape = (len(columns),) if self.target.task == "number" else (len(columns), self.target.n_outputs)
        out = np.zeros(shape)
        for member in self.members:
            out += (member.weight / total) * member.estimator.predict(columns)
        return self.calibration.apply(out)

    def _by_name(self, columns: Columns) -> dict[str, np.ndarray]:
        """For each candidate the average of its fold models."""
        weights: dict[str, float] = {}
        for member in self.members:
            weights[member.name] = weights.get(member.name, 0.0) + member.weight
        parts: dict[str, np.ndarray] = {}
        for member in self.members:
            said = member.weight / weights[member.name] * member.estimator.predict(columns)
            parts[member.name] = parts[member.name] + said if member.name in parts else said
        return parts


@dataclass(frozen=True)
class FitBudget(Budget):
    """A budget after which only the choice follows: no package, no sealed test, no report."""

    def tail(self) -> float:
        """Seconds kept for the choice."""
        return 0.0 if self.limit is None else CHOICE_SHARE * self.limit


def develop(dataset: Dataset, target: Target, layout: Layout, request: Request) -> Developed:
    """Plans, fits every fold, chooses, and keeps the fold models of what was chosen.

    Args:
        dataset: n labelled rows; `dataset.group` keeps groups on one side of every cut.
        target: what is predicted.
        layout: the names of the columns.
        request: what is asked.

    Raises:
        UserError: rows that cannot be cut into folds, a metric or family that does not exist.
        TrainwrightError: no trial could be finished; it says why for each.
    """
    task = task_for(target)
    budget = FitBudget(request.limit, time.time())
    split = _split(dataset, target, request)
    metric = _metric(task, dataset, split, request.metric)
    jobs = min(request.cores, len(split.folds)) if len(dataset) <= SIDE_BY_SIDE_ROWS else 1
    rebalance = Rebalance.of(request.class_weight, request.resample, target)
    uneven = rebalance_plan.reasons(rebalance, dataset.y, split.folds)
    threads = max(1, request.cores // jobs)
    check_most(request.select_features, len(layout.names), "select_features")
    selector = Selector.of(request.select_features)
    work = Work(dataset, target, split.folds, request.seed, threads, jobs, rebalance=rebalance, selector=selector)
    plan = _plan(work, layout, request)

    def fit(steps: tuple[Step, ...]) -> list[Trial]:
        return run_steps(
            steps,
            work,
            budget,
            finished={},
            on_fold=lambda step, fit: None,
            report=lambda event: None,
            stop=threading.Event(),
        )

    trials = fit(plan.steps)
    check_asked(trials, request.families)
    _check_any_finished(trials, work)
    if kind_of(request.ensemble) == BAGGING:
        plan, bag = with_bag(plan, trials, work, metric, budget)
        trials += fit(bag)
    trials = recalibrated(trials, work)
    outcome = conclude(
        trials, work, task, metric, Requirements(), use_ensemble=request.ensemble, calibration=request.calibration
    )
    prediction = np.full((len(dataset), *outcome.prediction.shape[1:]), np.nan)
    prediction[outcome.oof.positions] = outcome.prediction
    return Developed(
        target=target,
        members=tuple(fold_members(outcome.trials, outcome.weights)),
        calibration=outcome.calibration,
        leaderboard=leaderboard(outcome),
        selected=outcome.choice.selected,
        reason=outcome.choice.reason,
        threshold=None if outcome.threshold is None else outcome.threshold.value,
        prediction=prediction,
        plan=plan.to_json(),
        unfinished=outcome.unfinished,
        notes=(*split.reason, *uneven, *plan.reasons),
        level=None if outcome.blended is None else outcome.blended.level,
        errors=out_of_fold_errors(outcome, outcome.oof.of(dataset.group)) if target.task == "number" else None,
    )


def _split(dataset: Dataset, target: Target, request: Request) -> Split:
    """Folds over all rows, drawn once: repeats would multiply the time of an outer cross-validation."""
    folds = request.folds
    if folds is None and request.limit is not None:
        folds = choose_folds(len(dataset), request.limit)
    rule = SplitRule(
        test_size=0.0,
        folds=folds,
        repeats=1,
        group=None if dataset.group is None else "groups",
        seed=request.seed,
    )
    return make_split(rule, len(dataset), task=target.task, y=dataset.y, group=dataset.group, classes=target.classes)


def _metric(task: Task, dataset: Dataset, split: Split, asked: str | None) -> Metric:
    """The metric asked for, or the task's default; log-loss where too few folds hold both of two classes to rank."""
    if asked is not None:
        return task.metric(asked)
    if task.name == "classes" and len(task.target.classes) == 2:
        whole = sum(len(np.unique(dataset.y[fold.validation])) == 2 for fold in split.folds)
        if whole < min(2, len(split.folds)):
            return task.metric("log_loss")
    return task.default_metric()


def _plan(work: Work, layout: Layout, request: Request) -> Plan:
    """The trials; without a limit they follow from the data alone, whatever the machine."""
    timed = request.limit is not None
    n = len(work.dataset)
    facts = facts_of(work, layout)
    if not timed:
        facts = replace(facts, threads=1, jobs=1)
    tiny = n < TINY
    if request.limit is not None:
        seconds = (1 - CHOICE_SHARE) * 0.9 * request.limit  # estimates are rough: a tenth is for their error
    else:
        seconds = math.inf if request.families else nominal_seconds(n)
    settings = TINY_SETTINGS if tiny else None
    bagging = kind_of(request.ensemble) == BAGGING
    seconds *= BAG_SHARE if bagging else 1.0
    seconds -= seconds_of_selection(facts) if timed and work.selector is not None else 0.0
    plan = make_plan(facts, seconds, chosen=request.families, family_settings=settings, optional=timed and not bagging)
    if request.families:
        named = {"baseline", *request.families}
        return replace(plan, steps=tuple(step for step in plan.steps if step.family in named))
    if tiny:
        steps = tuple(step for step in plan.steps if step.role == "baseline")
        return Plan(steps, (f"No booster: {n} rows are fewer than {TINY}.",))
    return plan


def nominal_seconds(n_rows: int) -> float:
    """Seconds of work, on one core, that a plan without a time limit is sized to: a function of the rows alone.

    Example:
        >>> nominal_seconds(200), nominal_seconds(10_000), nominal_seconds(1_000_000)
        (2.0, 100.0, 600.0)
    """
    return min(max(0.01 * n_rows, 1.0), 600.0)


def _check_any_finished(trials: list[Trial], work: Work) -> None:
    if any(trial.finished(work) for trial in trials):
        return
    why = "; ".join(f"{trial.name}: {trial.failure or 'cut short'}" for trial in trials)
    raise TrainwrightError(f"no trial could be finished ({why})")
