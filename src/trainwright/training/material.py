"""What a run works on, read from the workspace: development rows, folds and metric, and the plan made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from trainwright.config.known import NEURAL
from trainwright.config.neural import network_reasons
from trainwright.data.columns import Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.parts import read_development
from trainwright.data.schema import Schema, Target
from trainwright.data.split import DEVELOPMENT, Split
from trainwright.store.datasets import DatasetVersion, SplitRow, get_dataset_version, get_split
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric, Task, metric_from, task_for
from trainwright.training import rebalance_plan
from trainwright.training.bagging import REASON as BAG_REASON
from trainwright.training.bagging import SHARE as BAG_SHARE
from trainwright.training.budget import Budget
from trainwright.training.combine import BAGGING, kind_of
from trainwright.training.custom import factories
from trainwright.training.ignored import without
from trainwright.training.incremental_open import base_package, open_continuing
from trainwright.training.kept_plan import kept_plan
from trainwright.training.learnable import learnable
from trainwright.training.options import RunOptions
from trainwright.training.plan import FITS_SHARE, Plan, facts_of, make_plan
from trainwright.training.rebalance import Rebalance
from trainwright.training.text_models import with_folders
from trainwright.training.trials import Work
from trainwright.training.tuning.contender import search_result, tuned_for
from trainwright.training.understand import SEEDS_REASON, SEEDS_SHARE
from trainwright.training.understood import schema_and_target
from trainwright.training.weak_columns import Selector, seconds_of_selection


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


def load_material(workspace: Workspace, run_id: int, started: float, custom: Custom) -> Material:
    """Reads what the run works on, and plans it, or takes the plan it already has."""
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        assert run.dataset_version_id is not None and run.split_id is not None
        data = get_dataset_version(connection, run.dataset_version_id)
        split_row = get_split(connection, run.split_id)
        repeats = (run.record or {}).get("repeats")
        known = kept_plan(get_run(connection, repeats) if repeats else run)
    options = RunOptions.of(run)
    schema, target = schema_and_target(split_row)
    schema = without(schema, options.settings.data.ignore)
    frame, split, rows = read_development(workspace, split_row)
    taught = learnable(frame, schema, target, split, options.settings.data.filter_low_quality)
    split = taught.split
    grown = (split_row.summary or {}).get("incremental") if options.settings.training.incremental else None
    base = None if grown is None else base_package(workspace, grown)
    layout = Layout.learn(frame, schema) if base is None else base.layout
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
    if grown is not None and base is not None:
        work = replace(work, continuing=open_continuing(workspace, grown, base, work))
    filtered = (taught.reason,) if taught.reason else ()
    reasons = (why, *filtered, *rebalance_plan.reasons(work.rebalance, work.dataset.y, work.folds))
    search: dict[str, Any] | None = known.get("search")
    if known:
        plan = Plan.from_json(known)
    elif work.continuing is not None:
        plan = work.continuing.plan(work)
        plan = replace(plan, reasons=(*reasons, *plan.reasons))
    else:
        plan, search = _planned(workspace, run, options, work, layout, custom, started, reasons)
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
        known if "completed" in known else {},
        bool(repeats),
        search,
        search_result(workspace, search),
    )


def _planned(
    workspace: Workspace,
    run: Run,
    options: RunOptions,
    work: Work,
    layout: Layout,
    custom: Custom,
    started: float,
    reasons: tuple[str, ...],
) -> tuple[Plan, dict[str, Any] | None]:
    """A new plan for the time that is left, and the search whose winner is among its contenders."""
    facts = facts_of(work, layout)
    tuned = tuned_for(workspace, run, options, work, facts)
    training = options.settings.training
    bagging = kind_of(training.ensemble) == BAGGING
    share = FITS_SHARE
    if training.seeds != 1:
        share, reasons = share * SEEDS_SHARE, (*reasons, SEEDS_REASON)
    if bagging:
        share, reasons = share * BAG_SHARE, (*reasons, BAG_REASON)
    selecting = 0.0 if work.selector is None else seconds_of_selection(facts)
    plan = make_plan(
        facts,
        Budget(options.limit, started).remaining() * share - selecting - (0.0 if tuned is None else tuned.seconds),
        chosen=options.families,
        family_settings=with_folders(workspace, options.family_settings),
        custom=tuple(name for name, _ in custom.families),
        optional=not bagging,
        also=options.also,
    )
    network = next((step for step in plan.steps if step.family == NEURAL), None)
    if network is not None:
        reasons = (*reasons, *network_reasons(options.settings, network.settings))
    plan = replace(plan, reasons=(*reasons, *plan.reasons))
    return (plan, None) if tuned is None else (tuned.join(plan), tuned.document)


def _metric(task: Task, name: str | None, extra: tuple[Metric, ...]) -> Metric:
    """The run's metric: the one asked for, the user's own by its name, or the task's default."""
    own = {metric.name: metric for metric in extra}
    if name is None:
        return task.default_metric()
    return own.get(name) or task.metric(name)
