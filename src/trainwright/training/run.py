"""The whole story of a run, from stored development rows to a version, on one page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.parts import read_development
from trainwright.data.schema import Schema, Target
from trainwright.data.split import DEVELOPMENT, Split
from trainwright.errors import TrainwrightError, UserError
from trainwright.models.spec import Report
from trainwright.store.datasets import DatasetVersion, SplitRow, get_dataset_version, get_split
from trainwright.store.runs import Run, get_run, save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric, Task, metric_from, task_for
from trainwright.training import finish, folds_on_disk, rebalance_plan
from trainwright.training.bagging import REASON as BAG_REASON
from trainwright.training.bagging import SHARE as BAG_SHARE
from trainwright.training.bagging import with_bag
from trainwright.training.budget import Budget
from trainwright.training.calibrate import kinds
from trainwright.training.combine import BAGGING, kind_of
from trainwright.training.custom import factories
from trainwright.training.ignored import without
from trainwright.training.incremental import layout_of, open_continuing
from trainwright.training.learnable import learnable
from trainwright.training.options import RunOptions
from trainwright.training.outcome import Outcome, conclude
from trainwright.training.plan import FITS_SHARE, Facts, Plan, Step, make_plan
from trainwright.training.rebalance import Rebalance
from trainwright.training.recalibrate import recalibrated
from trainwright.training.shape import Shaped
from trainwright.training.trials import Trial, Work, run_steps
from trainwright.training.tuning.before import search_first
from trainwright.training.tuning.contender import search_result, searched_predictions, tuned_for
from trainwright.training.understand import SEEDS_REASON, SEEDS_SHARE
from trainwright.training.weak_columns import Selector, seconds_of_selection

OpenSealed = Callable[[Path, str], dict[str, Any] | None]


@dataclass(frozen=True)
class Custom:
    """What only Python can hand over: such a run is executed in the calling process.

    Args:
        families: (name, scikit-learn estimator) pairs.
        metrics: callables `metric(y_true, y_pred) -> float`.
        chooses: name of the one among `metrics` by which the run chooses; None for the settings' metric.
    """

    families: tuple[tuple[str, Any], ...] = ()
    metrics: tuple[Callable[..., float], ...] = ()
    chooses: str | None = None


@dataclass(frozen=True)
class Material:
    """What a run works on, read from the workspace.

    Args:
        run, data, split_row: the rows.
        notes: what was found out or assumed about the table.
        options: what the settings mean.
        schema, target, layout: what the columns are.
        split: the split; `work` holds its development rows.
        frame: the development rows as a table, for the report's examples.
        task, metric, extra_metrics: how predictions are judged.
        work: development rows and folds.
        plan: the ordered trials.
        recorded: the plan document that must be obeyed: of the run that this one repeats, or this run's own when an
            earlier attempt had already made the package; empty otherwise.
        repeats: it repeats another run.
        search: which search the plan's tuned contender comes from, and which of its trials correct the figures.
        searched: what that search found.
    """

    run: Run
    data: DatasetVersion
    split_row: SplitRow
    options: RunOptions
    schema: Schema
    target: Target
    layout: Layout
    split: Split
    frame: Any
    task: Task
    metric: Metric
    extra_metrics: tuple[Metric, ...]
    work: Work
    plan: Plan
    recorded: dict[str, Any] = field(default_factory=dict)
    repeats: bool = False
    search: dict[str, Any] | None = None
    searched: dict[str, Any] | None = None


def train_run(
    workspace: Workspace,
    run_id: int,
    attempt: int,
    started: float,
    *,
    report: Report,
    stop: threading.Event,
    open_sealed: OpenSealed,
    custom: Custom | None = None,
) -> dict[str, Any]:
    """Plans, fits, chooses, packages, opens the sealed test, reports, and makes a version.

    Args:
        workspace: where the run is stored.
        run_id, attempt: which.
        started: `time.time()` when the command began.
        report: told what happens.
        stop: set to end early; what is finished is evaluated and kept.
        open_sealed: evaluates the finished package on the sealed test in a fresh process.
        custom: estimators and metrics handed over in Python.

    Returns:
        The result document (`train --json`).
    """
    clock = {"start": time.time()}
    search_first(workspace, run_id, started, report=report, stop=stop)
    material = load_material(workspace, run_id, started, custom or Custom())
    budget = Budget(None if material.recorded else material.options.limit, started)
    with write(workspace) as connection:
        save_document(connection, run_id, attempt, "plan", _plan_document(material))
        set_state(connection, run_id, attempt, "training", f"{len(material.plan.steps)} trials")
    report({"kind": "plan", **material.plan.to_json(), "folds": len(material.split.folds)})
    clock["training"] = time.time()
    steps = material.plan.steps
    if material.recorded:
        steps = tuple(step for step in steps if step.name in material.recorded["completed"])

    def fit(steps: tuple[Step, ...]) -> list[Trial]:
        return run_steps(
            steps,
            material.work,
            budget,
            finished=folds_on_disk.load(workspace, run_id, material.work, steps),
            on_fold=lambda step, fit: folds_on_disk.keep(
                workspace, run_id, attempt, step, fit, material.work, material.metric, report
            ),
            report=report,
            stop=stop,
        )

    trials = fit(steps)
    _check_finished(trials, material.work, stop)
    kind = material.recorded.get("ensemble") or kind_of(material.options.settings.training.ensemble)
    if kind == BAGGING and not material.recorded and material.work.continuing is None:
        plan, bag = with_bag(material.plan, trials, material.work, material.metric, budget)
        material = replace(material, plan=plan)
        with write(workspace) as connection:  # before it begins: a resumed run fits the same bag
            save_document(connection, run_id, attempt, "plan", _plan_document(material))
        trials += fit(bag)
    clock["choosing"] = time.time()
    trials = recalibrated(trials, material.work)
    outcome = conclude(
        trials,
        material.work,
        material.task,
        material.metric,
        material.options.requirements,
        rule=material.options.threshold_rule(material.target),
        recorded=material.recorded.get("selected"),
        use_ensemble=kind,
        calibration=material.options.settings.training.calibration,
        kinds=kinds(material.recorded),
        searched=searched_predictions(workspace, material.search),
    )
    if material.recorded:
        outcome = replace(outcome, unfinished={**material.recorded["unfinished"], **outcome.unfinished})
    with write(workspace) as connection:
        set_state(connection, run_id, attempt, "evaluating", f"{outcome.choice.selected} is chosen")
    return finish.finish(workspace, material, outcome, attempt, budget, clock, report, open_sealed)


def load_material(workspace: Workspace, run_id: int, started: float, custom: Custom) -> Material:
    """Reads what the run works on, and plans it, or takes the plan it already has."""
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        assert run.dataset_version_id is not None and run.split_id is not None
        data = get_dataset_version(connection, run.dataset_version_id)
        split_row = get_split(connection, run.split_id)
        repeats = (run.record or {}).get("repeats")
        recorded = (get_run(connection, repeats).plan if repeats else run.plan) or {}
    known = recorded
    if "completed" not in recorded:
        recorded = {}
    options = RunOptions.of(run)
    understood = (split_row.summary or {})["understood"]
    schema = without(Schema.from_json(understood["schema"]), options.settings.data.ignore)
    target = Target.from_json(understood["target"])
    frame, split, rows = read_development(workspace, split_row)
    taught = learnable(frame, schema, target, split, options.settings.data.filter_low_quality)
    split = taught.split
    grown = (split_row.summary or {}).get("incremental") if options.settings.training.incremental else None
    layout = Layout.learn(frame, schema) if grown is None else layout_of(workspace, grown)
    dataset = build_dataset(
        frame, schema, target, layout, rows=rows, row_order=options.settings.data.time == "row-order"
    )
    assert len(dataset) == int((split.part == DEVELOPMENT).sum())
    task = task_for(target)
    extra = tuple(metric_from(function, task) for function in custom.metrics)
    metric = _metric(task, custom.chooses or options.metric_name, extra)
    n_train = len(split.folds[0].train)
    threads, jobs, why = options.threads_and_jobs(n_train, len(split.folds))
    if known:
        threads, jobs = known["threads"], known["jobs"]
    work = Work(
        dataset,
        target,
        split.folds,
        options.seed,
        threads,
        jobs,
        split.rule.gap,
        factories(list(custom.families), target),
        Rebalance.from_settings(options.settings.training, target),
        taught.rows,
        Selector.of(options.settings.training.select_features),
    )
    if grown is not None:
        work = replace(work, continuing=open_continuing(workspace, grown, work))
    filtered = (taught.reason,) if taught.reason else ()
    uneven = rebalance_plan.reasons(work.rebalance, work.dataset.y, work.folds)
    search: dict[str, Any] | None = known.get("search")
    if known:
        plan = Plan.from_json(known)
    elif work.continuing is not None:
        plan = work.continuing.plan(work)
        plan = Plan(plan.steps, (why, *filtered, *uneven, *plan.reasons))
    else:
        facts = facts_of(work, layout, target)
        budget = Budget(options.limit, started)
        tuned = tuned_for(workspace, run, options, work, facts)
        share = FITS_SHARE * (1.0 if options.settings.training.seeds == 1 else SEEDS_SHARE)
        bagging = kind_of(options.settings.training.ensemble) == BAGGING
        share *= BAG_SHARE if bagging else 1.0
        selecting = 0.0 if work.selector is None else seconds_of_selection(facts)
        plan = make_plan(
            facts,
            budget.remaining() * share - selecting - (0.0 if tuned is None else tuned.seconds),
            chosen=options.families,
            family_settings=options.family_settings,
            custom=tuple(name for name, _ in custom.families),
            optional=not bagging,
        )
        kept: tuple[str, ...] = () if options.settings.training.seeds == 1 else (SEEDS_REASON,)
        kept += (BAG_REASON,) if bagging else ()
        plan = Plan(plan.steps, (why, *filtered, *uneven, *kept, *plan.reasons))
        if tuned is not None:
            plan, search = tuned.join(plan), tuned.document
    return Material(
        run,
        data,
        split_row,
        options,
        schema,
        target,
        layout,
        split,
        frame,
        task,
        metric,
        extra,
        work,
        plan,
        recorded,
        bool(repeats),
        search,
        search_result(workspace, search),
    )


def _check_finished(trials: list[Trial], work: Work, stop: threading.Event) -> None:
    """Goes on only with something to choose from.

    Raises:
        KeyboardInterrupt: the run was asked to stop before any candidate was finished.
        TrainwrightError: every candidate failed.
    """
    done = [t for t in trials if len(t.fits) == len(work.folds) and t.failure is None]
    if stop.is_set() and all(trial.step.family == "baseline" for trial in done):
        raise KeyboardInterrupt("stopped before any model was finished")
    if work.continuing is not None and all(trial.step.family == "baseline" for trial in done):
        cut = [trial for trial in trials if trial.failure or len(trial.fits) < len(work.folds)]
        ended = [f"{trial.name}: {trial.failure or 'the time was up'}" for trial in cut]
        raise UserError(
            f"no member of {work.continuing.label} learned on ({'; '.join(ended)})",
            remedy="give more time (--time-limit); the version stays as it is",
        )
    if done:
        return
    causes = "; ".join(f"{trial.name}: {trial.failure}" for trial in trials if trial.failure)
    raise TrainwrightError(f"no candidate could be trained ({causes or 'none was planned'})")


def _metric(task: Task, name: str | None, extra: tuple[Metric, ...]) -> Metric:
    """The run's metric: the one asked for, the user's own by its name, or the task's default."""
    own = {metric.name: metric for metric in extra}
    if name is None:
        return task.default_metric()
    return own.get(name) or task.metric(name)


def facts_of(work: Work, layout: Layout, target: Target) -> Facts:
    """What plans and estimates of time depend on."""
    n_train = int(np.median([len(fold.train) for fold in work.folds]))
    return Facts(
        task=target.task,
        n_rows=len(work.dataset),
        n_train=rebalance_plan.rows_learned(work.rebalance, work.dataset.y, n_train),
        n_folds=len(work.folds),
        n_numbers=len(layout.numbers) + len(layout.times),
        n_categories=len(layout.categories),
        n_texts=len(layout.texts),
        n_outputs=target.n_outputs,
        threads=work.threads,
        jobs=work.jobs,
    )


def _plan_document(material: Material) -> dict[str, Any]:
    mine = {**material.plan.to_json(), "threads": material.work.threads, "jobs": material.work.jobs}
    searched = {} if material.search is None else {"search": material.search}
    return {**material.recorded, **mine, **searched}


def completed_plan(material: Material, outcome: Outcome, shaped: Shaped) -> dict[str, Any]:
    """The plan as it was executed: what a repetition obeys."""
    fitted = {trial.name: trial.step for trial in outcome.trials}
    steps = tuple(fitted.get(step.name, step) for step in material.plan.steps)
    return {
        **_plan_document(material),
        "steps": Plan(steps).to_json()["steps"],
        "completed": [trial.name for trial in outcome.trials],
        "unfinished": outcome.unfinished,
        "selected": outcome.choice.selected,
        "weights": outcome.weights,
        "ensemble": outcome.kind,
        "calibration": outcome.calibration.kind,
        "shape": shaped.name,
        **({"copies": shaped.copies} if shaped.copies > 1 else {}),
    }
