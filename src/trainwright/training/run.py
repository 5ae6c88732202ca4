"""The whole story of a run, from stored development rows to a version, on one page."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainwright.config.resolve import named_families
from trainwright.errors import TrainwrightError, UserError
from trainwright.models.spec import Report
from trainwright.store.runs import save_document, set_state
from trainwright.store.sweep import SCRATCH
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.training import finish, folds_on_disk
from trainwright.training.asked_for import check_asked
from trainwright.training.bagging import with_bag
from trainwright.training.budget import Budget
from trainwright.training.calibrate import kinds
from trainwright.training.combine import BAGGING, kind_of
from trainwright.training.material import Custom, load_material
from trainwright.training.outcome import conclude
from trainwright.training.plan_document import plan_document
from trainwright.training.recalibrate import recalibrated
from trainwright.training.run_steps import run_steps
from trainwright.training.scores import shown_metrics
from trainwright.training.steps import Step
from trainwright.training.trials import Trial, Work
from trainwright.training.tuning.before import search_first
from trainwright.training.tuning.contender import searched_predictions


def train_run(
    workspace: Workspace,
    run_id: int,
    attempt: int,
    started: float,
    *,
    report: Report,
    stop: threading.Event,
    open_sealed: finish.OpenSealed,
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
    # States within fits, from which a resumed run goes on; the folder is gone when its fits are done.
    scratch = workspace.path / SCRATCH / f"run-{run_id}"
    material = replace(material, work=replace(material.work, scratch=scratch))
    budget = Budget(None if material.recorded else material.options.limit, started)
    with write(workspace) as connection:
        save_document(connection, run_id, attempt, "plan", plan_document(material))
        set_state(connection, run_id, attempt, "training", f"{len(material.plan.steps)} trials")
    report({"kind": "plan", **material.plan.to_json(), "folds": len(material.split.folds)})
    clock["training"] = time.time()
    steps = material.plan.steps
    if material.recorded:
        steps = tuple(step for step in steps if step.name in material.recorded["completed"])

    metrics = shown_metrics(material.task, material.metric)

    def fit(steps: tuple[Step, ...]) -> list[Trial]:
        return run_steps(
            steps,
            material.work,
            budget,
            finished=folds_on_disk.load(workspace, run_id, material.work, steps),
            on_fold=lambda step, fit: folds_on_disk.keep(
                workspace, run_id, attempt, step, fit, material.work, metrics, report
            ),
            report=report,
            stop=stop,
        )

    trials = fit(steps)
    _clear(scratch, stop)
    check_asked(trials, named_families(material.options.settings))
    _check_finished(trials, material.work, stop)
    kind = material.recorded.get("ensemble") or kind_of(material.options.settings.training.ensemble)
    if kind == BAGGING and not material.recorded and material.work.continuing is None:
        plan, bag = with_bag(material.plan, trials, material.work, material.metric, budget)
        material = replace(material, plan=plan)
        with write(workspace) as connection:  # before it begins: a resumed run fits the same bag
            save_document(connection, run_id, attempt, "plan", plan_document(material))
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
    result = finish.finish(workspace, material, outcome, attempt, budget, clock, report, open_sealed)
    _clear(scratch, stop)
    return result


def _clear(scratch: Path, stop: threading.Event) -> None:
    """Removes the states within the fits that are done; a run that was stopped may go on from them."""
    if not stop.is_set():
        shutil.rmtree(scratch, ignore_errors=True)
        with suppress(OSError):  # another run's states may be beside it
            scratch.parent.rmdir()


def _check_finished(trials: list[Trial], work: Work, stop: threading.Event) -> None:
    """Goes on only with something to choose from.

    Raises:
        KeyboardInterrupt: the run was asked to stop before any candidate was finished.
        TrainwrightError: every candidate failed.
    """
    done = [t for t in trials if t.finished(work)]
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
