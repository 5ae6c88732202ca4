"""What follows the choice: package, evaluation, sealed test, report, and the version in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.diagnosis import Diagnosis, diagnose
from trainwright.evaluate.importance import permutation_importance
from trainwright.models.spec import Report
from trainwright.store.deployments import active_deployment
from trainwright.store.evaluations import add_evaluation
from trainwright.store.files import name_artifact
from trainwright.store.projects import project_of
from trainwright.store.runs import save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.versions import create_version, list_versions
from trainwright.store.workspace import Workspace
from trainwright.training import incremental_result as incremental
from trainwright.training import result as results
from trainwright.training.budget import Budget
from trainwright.training.combine import blend_training
from trainwright.training.decided import decide_run
from trainwright.training.deployed import decided_elsewhere, record_decision
from trainwright.training.explanations import explain_run
from trainwright.training.guarded import guarded
from trainwright.training.held_out import held_out, publish_held_out
from trainwright.training.judge_try import judge_try
from trainwright.training.number_intervals import interval_document, intervals_of_run
from trainwright.training.outcome import Outcome
from trainwright.training.pages import publish_pages
from trainwright.training.plan_document import completed_plan
from trainwright.training.present import present_process
from trainwright.training.run_package import publish_package
from trainwright.training.run_record import run_record
from trainwright.training.suspects import findings_and_checks, suspected_labels
from trainwright.training.try_log import iterations
from trainwright.training.understand import understand
from trainwright.training.validation import validation_document

if TYPE_CHECKING:
    from trainwright.training.material import Material

OpenSealed = Callable[[Path, str], dict[str, Any] | None]


def finish(
    workspace: Workspace,
    material: Material,
    outcome: Outcome,
    attempt: int,
    budget: Budget,
    clock: dict[str, float],
    report: Report,
    open_sealed: OpenSealed,
) -> dict[str, Any]:
    """Carries a choice to its end and returns the result document; see `run.train_run`."""
    run_id = material.run.id
    versioned = material.options.settings.training.sample is None and not material.repeats
    report({"kind": "stage", "stage": "validation"})
    validation = validation_document(material, outcome)
    report({"kind": "stage", "stage": "package"})
    learned = intervals_of_run(material, outcome)
    package, manifest, shaped = publish_package(workspace, material, outcome, validation, learned, budget, report)
    plan = completed_plan(material, outcome, shaped)
    with write(workspace) as connection:
        save_document(connection, run_id, attempt, "plan", plan)
    held = held_out(outcome, material.work)
    kept = publish_held_out(workspace, held)
    judged = judge_try(workspace, material, outcome, held, validation, plan)
    compared = incremental.measured(material, outcome)
    versioned = versioned and (judged is None or judged.kept)
    clock["understanding"] = time.time()
    understood = understand(material, outcome, budget, report)
    clock["package"] = time.time()
    report({"kind": "stage", "stage": "sealed test and importance"})
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The fresh process judges the finished package while importance is measured here, on out-of-fold rows.
        opening = pool.submit(open_sealed, package.path, manifest.sha) if versioned else None
        importance = _importance(material, outcome, budget)
        present = present_process(material, outcome, budget)
        decided = guarded(lambda: decide_run(material, outcome, budget, present))
        suspected = guarded(lambda: suspected_labels(material, outcome, importance, budget))
        explained = explain_run(material, outcome, importance, budget)
        test = None if opening is None else opening.result()
    clock["report"] = time.time()
    with read(workspace) as connection:
        project = project_of(connection, material.run.project_id).name
    findings, checks = findings_and_checks(workspace, material, suspected, project)
    facts = results.Facts(
        material=material,
        outcome=outcome,
        validation=validation,
        test=test,
        package=package,
        manifest=manifest,
        shaped=shaped,
        diagnosis=_diagnose(material, outcome),
        importance=importance,
        present=present,
        decided=_told(workspace, material, decided),
        suspected=suspected,
        explained=explained,
        understood=understood,
        held_out=kept,
        judged=judged,
        compared=compared,
        log=_tries(workspace, material),
        interval=interval_document(learned, manifest.interval, test),
        findings=findings,
        checks=checks,
        project=project,
        clock=clock,
        started=budget.started,
    )
    report({"kind": "stage", "stage": "report"})
    return _commit(workspace, facts, attempt, versioned)


def _importance(material: Material, outcome: Outcome, budget: Budget) -> dict[str, Any] | None:
    """Permutation importance on out-of-fold rows with the models that did not see them."""
    oof, work = outcome.oof, material.work
    members = outcome.members

    def predict(positions: np.ndarray, columns: Any) -> np.ndarray:
        index = int(oof.fold[positions[0]])
        parts = {trial.name: trial.fits[index].estimator.predict(columns) for trial in members}
        return outcome.mix(parts)

    seconds = 20.0
    if budget.limit is not None:
        seconds = max(0.3, min(20.0, 0.5 * (budget.limit - budget.elapsed() - 1.0)))
    found = permutation_importance(
        work.dataset.columns.take(oof.positions),
        oof.y,
        oof.fold,
        predict,
        material.metric,
        weight=oof.weight,
        max_rows=4_000,
        seconds=seconds,
        seed=material.options.seed,
    )
    return found.to_json()


def _diagnose(material: Material, outcome: Outcome) -> Diagnosis:
    """The diagnosis of the chosen candidate against the majority or mean."""
    name, metric = outcome.choice.selected, material.metric
    held_out = outcome.scores[name].validation[metric.name]
    if outcome.blended is not None:
        learned = blend_training(outcome.trials, outcome.blended, material.work, metric)
    else:
        learned = outcome.scores[name].training[metric.name]
    floor = next((t.name for t in outcome.trials if t.step.family == "baseline"), name)
    return diagnose(metric, learned[: len(held_out)], held_out, outcome.scores[floor].mean(metric.name))


def _tries(workspace: Workspace, material: Material) -> list[dict[str, Any]]:
    """What was tried in the project before this run."""
    with read(workspace) as connection:
        return iterations(connection, material.run.project_id, before=material.run.id)


def _told(workspace: Workspace, material: Material, decided: dict[str, Any] | None) -> dict[str, Any] | None:
    """The decision of this training; where it makes none, that of the active version, which does not hold here."""
    if decided is not None:
        return decided
    found = decided_elsewhere(workspace, material.run.project_id)
    return None if found is None else {"elsewhere": found}


def _commit(workspace: Workspace, facts: results.Facts, attempt: int, versioned: bool) -> dict[str, Any]:
    """Publishes the report, then writes version, evaluations, result and final state in one transaction."""
    run = facts.material.run
    label = None
    if versioned:
        with read(workspace) as connection:
            numbers = [v.number for v in list_versions(connection, run.project_id, deleted=True)]
        label = f"v{max(numbers, default=0) + 1}"
    documents = {"validation": facts.validation, **({"test": facts.test} if facts.test else {})}
    recorded = "policy" in (facts.decided or {})
    for _ in range(5):
        result = results.result_document(facts, label)
        page = publish_pages(workspace, result, documents)
        with write(workspace) as connection:
            name_artifact(connection, page, f"run {run.id} report", now=time.time())
            if facts.held_out is not None:
                name_artifact(connection, facts.held_out, f"run {run.id} held-out predictions", now=time.time())
            if versioned:
                version = create_version(
                    connection,
                    run.project_id,
                    facts.package,
                    manifest_sha=facts.manifest.sha,
                    run_id=run.id,
                    attempt=attempt,
                    dataset_version_id=run.dataset_version_id,
                    metrics=results.headline(facts),
                    details=results.version_details(facts),
                    comments=run.comments,
                    activate_if_first=not recorded,
                )
                if version.label != label:
                    label = version.label  # another training took the number: the page must say the right one
                    connection.rollback()
                    continue
                if recorded:
                    called = f"{facts.project}@{version.label}"
                    record_decision(connection, run.project_id, version, {**(facts.decided or {}), "version": called})
                active = active_deployment(connection, run.project_id)
                held = {v.id: v.label for v in list_versions(connection, run.project_id)}
                result["active"] = None if active is None else held.get(active.version_id)
            else:
                name_artifact(connection, facts.package, f"run {run.id} package", now=time.time())
            for part, document in documents.items():
                add_evaluation(connection, part, document, run_id=run.id, attempt=attempt)
            save_document(connection, run.id, attempt, "record", run_record(facts))
            save_document(connection, run.id, attempt, "result", result)
            set_state(connection, run.id, attempt, "completed", results.verdict_sentence(result))
        return result
    raise AssertionError("version numbers kept changing")
