"""Keeps every finished fold, model and predictions, before the next begins; a resumed run takes them from here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainwright.models.members import load_member
from trainwright.models.spec import Report
from trainwright.models.storage import read_arrays, write_arrays
from trainwright.store.files import open_artifact, publish
from trainwright.store.transaction import read, write
from trainwright.store.trials import finish_trial, trials_of
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric
from trainwright.training.fitting import new_estimator
from trainwright.training.plan import Step
from trainwright.training.trials import FoldFit, Work

PREDICTIONS = "predictions.npz"


def keep(
    workspace: Workspace,
    run_id: int,
    attempt: int,
    step: Step,
    fit: FoldFit,
    work: Work,
    metrics: list[Metric],
    report: Report,
) -> None:
    """Publishes a finished fold and commits its row, with its score by each metric; the run's own comes first."""
    artifact = None
    if not step.handed_over:

        def fill(folder: Path) -> None:
            write_arrays(
                folder / PREDICTIONS,
                prediction=fit.prediction,
                training_prediction=fit.training_prediction,
                training_rows=fit.training_rows,
            )
            (folder / "model").mkdir()
            fit.estimator.save(folder / "model")

        artifact = publish(workspace, "trial", fill).sha
    held_out = work.folds[fit.fold].validation
    scores = {metric.name: work.score(metric, held_out, fit.prediction) for metric in metrics}
    with write(workspace) as connection:
        finish_trial(
            connection,
            run_id,
            attempt,
            name=step.name,
            fold=fit.fold,
            family=step.family,
            settings=step.settings,
            derived=fit.estimator.derived,
            seed=work.seed * 1_000 + fit.fold,
            threads=work.threads,
            iterations=fit.estimator.iterations,
            rows=fit.n_train,
            seconds=fit.fit_s,
            scores=scores,
            details={
                "predict_ms_per_row": fit.predict_ms_per_row,
                "rebalanced": fit.rebalanced,
                "curve": fit.estimator.curve,
                "events": fit.estimator.events,
            },
            artifact=artifact,
        )
    if work.scratch is not None:
        for folder in work.scratch.glob(f"{step.name}.{fit.fold}.*"):
            shutil.rmtree(folder, ignore_errors=True)
    report(
        {
            "kind": "fold",
            "trial": step.name,
            "fold": fit.fold,
            "folds": len(work.folds),
            "metric": metrics[0].name,
            "score": scores[metrics[0].name],
            "seconds": fit.fit_s,
        }
    )


def load(workspace: Workspace, run_id: int, work: Work, steps: tuple[Step, ...]) -> dict[tuple[str, int], FoldFit]:
    """The folds that earlier attempts at the run finished, by step name and fold."""
    planned = {step.name: step for step in steps}
    out: dict[tuple[str, int], FoldFit] = {}
    with read(workspace) as connection:
        rows = trials_of(connection, run_id, state="completed")
    for row in rows:
        step = planned.get(row.name)
        if step is None or row.artifact is None or row.fold < 0:
            continue
        step = replace(step, settings=dict(row.settings or {}))  # the clock may have taken rounds from the plan's
        folder = open_artifact(workspace, "trial", row.artifact)
        arrays = read_arrays(folder / PREDICTIONS)
        kind = type(new_estimator(step, work.target, work.custom))
        estimator = load_member(kind, folder / "model", work.target)
        estimator.iterations = row.iterations
        estimator.derived = dict(row.derived or {})
        estimator.curve = (row.details or {}).get("curve")
        estimator.events = (row.details or {}).get("events") or []
        out[(row.name, row.fold)] = FoldFit(
            step=step,
            fold=row.fold,
            estimator=estimator,
            prediction=arrays["prediction"],
            training_prediction=arrays["training_prediction"],
            training_rows=arrays["training_rows"].astype(np.int64),
            fit_s=row.seconds or 0.0,
            predict_ms_per_row=float((row.details or {}).get("predict_ms_per_row", 0.0)),
            n_train=row.rows or 0,
            rebalanced=(row.details or {}).get("rebalanced"),
        )
    return out
