"""What follows the choice: package, evaluation, sealed test, report, and the version in one transaction."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.checks import Findings, label_errors
from trainwright.data.checks.finding import SEVERITIES
from trainwright.data.checks.policy import silence
from trainwright.data.snapshot import content_hash
from trainwright.evaluate.diagnosis import Diagnosis, diagnose
from trainwright.evaluate.document import evaluate
from trainwright.evaluate.expected import expect
from trainwright.evaluate.importance import permutation_importance
from trainwright.evaluate.scores import make_resampler
from trainwright.models.spec import Report
from trainwright.packages.manifest import Manifest
from trainwright.packages.reference import reference_values
from trainwright.packages.second_level import SecondLevel
from trainwright.packages.write import Member, write_package
from trainwright.store.deployments import active_deployment
from trainwright.store.evaluations import add_evaluation, findings_of, outcomes_of, save_findings
from trainwright.store.files import Published, name_artifact, publish
from trainwright.store.process import current_owner
from trainwright.store.projects import list_projects
from trainwright.store.runs import save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.versions import create_version, list_versions
from trainwright.store.workspace import Workspace
from trainwright.training import incremental_result as incremental
from trainwright.training import result as results
from trainwright.training.budget import Budget
from trainwright.training.calibrate import reliability_document
from trainwright.training.combine import blend_training
from trainwright.training.decided import decide_run
from trainwright.training.deployed import decided_elsewhere, record_decision
from trainwright.training.explanations import explain_run
from trainwright.training.guarded import guarded
from trainwright.training.held_out import held_out, publish_held_out
from trainwright.training.judge_try import judge_try
from trainwright.training.number_intervals import Learned, interval_document, intervals_of_run
from trainwright.training.outcome import Outcome
from trainwright.training.pages import publish_pages
from trainwright.training.present import present_process
from trainwright.training.shape import (
    MAX_LATENCY_MS,
    MAX_SIZE_MB,
    Shaped,
    choose_shape,
)
from trainwright.training.suspects import suspected_labels
from trainwright.training.try_log import iterations
from trainwright.training.understand import understand

if TYPE_CHECKING:
    from trainwright.training.run import Material, OpenSealed


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
    from trainwright.training.run import completed_plan

    run_id = material.run.id
    versioned = material.options.settings.training.sample is None and not material.repeats
    report({"kind": "stage", "stage": "validation"})
    validation = validation_document(material, outcome)
    report({"kind": "stage", "stage": "package"})
    learned = intervals_of_run(material, outcome)
    package, manifest, shaped = _package(workspace, material, outcome, validation, learned, budget, report)
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
        findings=_findings(workspace, material, suspected),
        checks=_checks(workspace, material, suspected),
        project=_project_name(workspace, material),
        clock=clock,
        started=budget.started,
    )
    report({"kind": "stage", "stage": "report"})
    return _commit(workspace, facts, attempt, versioned)


def validation_document(material: Material, outcome: Outcome) -> dict[str, Any]:
    """The evaluation document of the out-of-fold predictions; the figure that was chosen by is corrected for that."""
    oof, data = outcome.oof, material.work.dataset
    document = evaluate(
        material.target,
        oof.y,
        outcome.prediction,
        part="validation",
        rows=data.rows[oof.positions],
        metric=material.metric.name if material.metric.kind != "user" else None,
        fold=oof.fold,
        group=oof.of(data.group),
        time=oof.of(data.time),
        cluster=oof.of(data.cluster),
        weight=oof.weight,
        threshold=outcome.cut,
        seed=material.options.seed,
        seconds=material.options.evaluation_seconds,
        extra=material.extra_metrics,
    )
    document["reliability"] = guarded(lambda: reliability_document(material, outcome))
    chosen = next(c for c in outcome.candidates if c.name == outcome.choice.selected)
    if outcome.optimism is not None and chosen.family != "baseline":  # a constant answer flatters nobody
        outcome.optimism.correct(document["metrics"].get(material.metric.name), material.metric)
    figure, sealed = document["metrics"].get(material.metric.name), _sealed_rows(material)
    if figure is not None and sealed and material.work.continuing is None:  # earlier rows are another mix there
        task = material.task.at(0.5 if outcome.threshold is None else outcome.threshold.value)
        units = make_resampler(
            task,
            oof.y,
            outcome.prediction,
            group=oof.of(data.group),
            cluster=oof.of(data.cluster),
            time=oof.of(data.time),
            seed=material.options.seed,
        ).units
        document["expected"] = expect(
            material.metric if material.metric.kind == "user" else task.metric(material.metric.name),
            figure,
            oof.y,
            outcome.prediction,
            units,
            sealed,
            fold=oof.fold,
            weight=oof.weight,
            seed=material.options.seed,
        ).to_json()
    return document


def _sealed_rows(material: Material) -> int:
    """Rows of the sealed test, as the split's summary counts them."""
    summary = material.split_row.summary or material.split.summary()
    return int((summary.get("n_rows") or {}).get("test") or 0)


def _package(
    workspace: Workspace,
    material: Material,
    outcome: Outcome,
    validation: dict[str, Any],
    learned: Learned,
    budget: Budget,
    report: Report,
) -> tuple[Published, Manifest, Shaped]:
    """Writes the package in its shape and publishes it."""
    figures = {name: {**figure, "n_rows": validation["n_rows"]} for name, figure in validation["metrics"].items()}
    threshold = None if outcome.threshold is None else outcome.threshold.value
    manifests: dict[Path, Manifest] = {}
    reference = reference_values(material.work.dataset.columns)
    # The hash of what was trained on, not of the whole dataset version: the package knows nothing of sealed rows.
    trained_on = content_hash(material.frame, material.schema)
    rule = material.split.summary()
    split = {"rule": rule["rule"], "folds": len(material.split.folds), "development": len(material.work.dataset)}

    with TemporaryDirectory(prefix=f"{current_owner()}-package-", dir=_scratch(workspace)) as scratch:

        def write_into_scratch(members: list[Member]) -> Path:
            folder = Path(scratch) / str(len(manifests))
            folder.mkdir()
            manifests[folder] = write_package(
                folder,
                target=material.target,
                schema=material.schema,
                layout=material.layout,
                members=members,
                calibration=outcome.calibration.to_json(),
                threshold=threshold,
                data_version=trained_on,
                split=split,
                seed=material.options.seed,
                metrics=figures,
                reference=reference,
                interval=learned.for_members(members),
                combine=_second_level(outcome),
            )
            return folder

        needs = material.options.requirements
        names = [column.name for column in material.schema.features]
        recorded = material.recorded.get("shape")
        shaped = choose_shape(
            write_into_scratch,
            outcome.trials,
            outcome.weights,
            material.work,
            material.frame.select(names).head(20).to_dicts(),
            limits=(needs.max_latency_ms or MAX_LATENCY_MS, needs.max_size_mb or MAX_SIZE_MB),
            remaining=budget.remaining,
            recorded=(recorded, material.recorded.get("copies", 1)) if recorded else None,
            in_time=material.split.rule.time is not None,
            report=report,
        )

        def copy(place: Path) -> None:
            shutil.copytree(shaped.folder, place, dirs_exist_ok=True)

        package = publish(workspace, "package", copy)
    return package, manifests[shaped.folder], shaped


def _second_level(outcome: Outcome) -> SecondLevel | None:
    """What the package keeps of a stacked second level; the weights of a number stand beside its members."""
    level = None if outcome.blended is None else outcome.blended.level
    return level if level is not None and level.bias else None


def _scratch(workspace: Workspace) -> Path:
    """Temporary folders lie in the workspace, so that a full disk is noticed where it matters.

    Their names say which process owns them: what a killed one left is swept.
    """
    folder = workspace.path / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


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


def _findings(workspace: Workspace, material: Material, suspected: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of the checks, and what the run's own models say about labels in place of the quick model's word."""
    run = material.run
    with read(workspace) as connection:
        findings = [f for f in findings_of(connection, run.id) if f["code"] != label_errors.CODE]
    if "skipped" in suspected:
        return findings
    project = _project_name(workspace, material)
    found = label_errors.findings_of(suspected, material.target.column, project=project)
    told = silence(Findings(tuple(found), ()), material.options.settings.data.ignore_findings).findings
    findings += [finding.to_json() for finding in told]
    findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    with write(workspace) as connection:
        save_findings(connection, run.id, findings)
    return findings


def _checks(workspace: Workspace, material: Material, suspected: dict[str, Any]) -> list[dict[str, Any]]:
    """How each check ended; that of labels by what the run's own models say, which looked last."""
    with read(workspace) as connection:
        outcomes = outcomes_of(connection, material.run.id)
        codes = {finding["code"] for finding in findings_of(connection, material.run.id)}
    for outcome in outcomes:
        if outcome["code"] == label_errors.CODE:
            found = "found" if label_errors.CODE in codes else "passed"
            outcome["state"] = "skipped" if "skipped" in suspected else found
            outcome["reason"] = suspected.get("skipped", "")
    return outcomes


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


def _project_name(workspace: Workspace, material: Material) -> str:
    with read(workspace) as connection:
        return next(p.name for p in list_projects(connection) if p.id == material.run.project_id)


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
            save_document(connection, run.id, attempt, "record", results.record(facts))
            save_document(connection, run.id, attempt, "result", result)
            set_state(connection, run.id, attempt, "completed", results.verdict_sentence(result))
        return result
    raise AssertionError("version numbers kept changing")
