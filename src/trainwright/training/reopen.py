"""A finished run taken up again from what it kept: its models are measured further, and its report says so.

Nothing is chosen again and no package changes; the sealed test is not opened.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from trainwright.errors import UserError
from trainwright.models.spec import Report
from trainwright.store.evaluations import evaluations_of
from trainwright.store.files import name_artifact
from trainwright.store.names import resolve_run
from trainwright.store.runs import Run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training import folds_on_disk
from trainwright.training.calibrate import kinds
from trainwright.training.material import Custom, Material, load_material
from trainwright.training.outcome import Outcome, conclude
from trainwright.training.pages import publish_pages
from trainwright.training.recalibrate import recalibrated
from trainwright.training.seeds import measure_seeds
from trainwright.training.size_curve import MORE_SHARES, SHARES, measure_size_curve
from trainwright.training.steps import done_after
from trainwright.training.trials import Trial

SECONDS = 120.0
# With fewer seconds than this times one more fit of every fold, the few usual sizes are measured on all folds first.
ROOM = 3.0


@dataclass(frozen=True)
class Reopened:
    """A finished run, ready to be measured further."""

    name: str
    run: Run
    material: Material
    outcome: Outcome


def size_curve_of(
    workspace: Workspace, name: str, *, seconds: float = SECONDS, report: Report = lambda event: None
) -> dict[str, Any]:
    """Measures how the figure of a version grows with the number of rows, and puts it into its result and report.

    Args:
        workspace: where the version is kept.
        name: such as `adult` or `adult@v2`.
        seconds: for the fits; more give more sizes on more folds.
        report: told what happens.

    Returns:
        The `size_curve` of the result document, with "version" and "run".

    Raises:
        UserError: there is no such version, or it cannot be fitted again.
    """
    opened = reopen(workspace, name, started=time.time())
    outcome, work = opened.outcome, opened.material.work
    once = sum(done_after(t.step, [fit.fit_s for fit in t.fits.values()], work.jobs) for t in outcome.members)
    shares = MORE_SHARES if seconds > ROOM * once else SHARES
    found = measure_size_curve(outcome, work, opened.material.metric, seconds, report, shares=shares)
    return _kept(workspace, opened, "size_curve", found)


def stability_of(
    workspace: Workspace,
    name: str,
    *,
    seeds: int = 5,
    seconds: float = 10 * SECONDS,
    report: Report = lambda event: None,
) -> dict[str, Any]:
    """Fits a version's candidate again with other seeds, and on folds drawn anew, and says what changes.

    Args:
        workspace: where the version is kept.
        name: such as `adult` or `adult@v2`.
        seeds: how many in all, its own among them.
        seconds: after which no further seed begins.
        report: told what happens.

    Returns:
        The `seed_stability` of the result document, with "version" and "run".

    Raises:
        UserError: there is no such version, it cannot be fitted again, or `seeds` is below 2.
    """
    if seeds < 2:
        raise UserError(f"{seeds} seed shows no spread", remedy="ask for at least 2, such as --seeds 5")
    opened = reopen(workspace, name, started=time.time())
    material = opened.material
    found = measure_seeds(
        opened.outcome, material.work, material.task, material.metric, seeds, seconds, report, splits=True
    )
    return _kept(workspace, opened, "seed_stability", found)


def reopen(workspace: Workspace, name: str, *, started: float) -> Reopened:
    """The run of a version with its fold models and its choice.

    Raises:
        UserError: the run has an estimator of the user's own, or its folds are gone.
    """
    project, version, run = resolve_run(workspace, name)
    return reopen_run(workspace, run, f"{project.name}@{version.label}", started=started)


def reopen_run(workspace: Workspace, run: Run, name: str | None = None, *, started: float | None = None) -> Reopened:
    """A completed run, a version's or another, with its fold models and its choice.

    Args:
        workspace: where it is kept.
        run: which.
        name: what messages call it; "run 7" by default.
        started: `time.time()` when the command began.

    Raises:
        UserError: the run has an estimator of the user's own, or its folds are gone.
    """
    name = name or f"run {run.id}"
    material = load_material(workspace, run.id, time.time() if started is None else started, Custom())
    wanted = set(material.recorded.get("completed") or [])
    steps = tuple(step for step in material.plan.steps if step.name in wanted and not step.handed_over)
    fits = folds_on_disk.load(workspace, run.id, material.work, steps)
    trials = [Trial(step) for step in steps]
    for trial in trials:
        own = {index: fit for (at, index), fit in fits.items() if at == trial.name}
        trial.fits = own
        trial.step = next((fit.step for fit in own.values()), trial.step)
    selected, weights = material.recorded["selected"], material.recorded.get("weights") or {}
    lacking = [t.name for t in trials if weights.get(t.name, 0) > 0 and len(t.fits) < len(material.work.folds)]
    missing = sorted({*weights} - {t.name for t in trials}) + lacking
    if missing:
        raise UserError(
            f"the fold models of {', '.join(missing)} are not kept: {name} cannot be measured",
            remedy="train again",
        )
    outcome = conclude(
        recalibrated(trials, material.work),
        material.work,
        material.task,
        material.metric,
        material.options.requirements,
        rule=material.options.threshold_rule(material.target),
        recorded=selected,
        use_ensemble=material.recorded.get("ensemble") or material.options.settings.training.ensemble,
        calibration=material.options.settings.training.calibration,
        kinds=kinds(material.recorded),
    )
    return Reopened(name, run, replace(material, repeats=False), outcome)


def _kept(workspace: Workspace, opened: Reopened, key: str, found: dict[str, Any]) -> dict[str, Any]:
    """Puts what was measured into the run's result and writes its report anew."""
    document = {**found, "version": opened.name, "run": opened.run.id}
    if "skipped" in found:
        return document
    result = {**(opened.run.result or {}), key: found}
    with read(workspace) as connection:
        rows = evaluations_of(connection, run_id=opened.run.id)
    evaluations = {row.part: row.document for row in rows if row.part in ("validation", "test")}
    page = publish_pages(workspace, result, evaluations)
    with write(workspace) as connection:
        name_artifact(connection, page, f"run {opened.run.id} report", now=time.time())
        save_document(connection, opened.run.id, opened.run.attempt, "result", result)
    return {**document, "report": result["report"]}
