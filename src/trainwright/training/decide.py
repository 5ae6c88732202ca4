"""A decision for a version: made on its stored out-of-fold rows, kept beside it, and shown in its report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.question import ask
from trainwright.models.spec import Report
from trainwright.store.decisions import (
    NONE,
    add_decision,
    check_active,
    decision_in_force,
    get_decision,
    use_decision,
)
from trainwright.store.names import resolve_version
from trainwright.store.projects import Project
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace
from trainwright.training.decide_numbers import decide_numbers
from trainwright.training.decided import check_segment_column, decision_document, rows_of, with_label
from trainwright.training.decision_goal import complete
from trainwright.training.deployed import decisions_in_short, in_short
from trainwright.training.reopen import reopen
from trainwright.training.report_again import refresh_report
from trainwright.training.whole_decision import whole


def decide_version(
    workspace: Workspace,
    name: str,
    *,
    use: bool = False,
    who: str | None = None,
    report: Report = lambda event: None,
    **asked: Any,
) -> dict[str, Any]:
    """Makes a decision for a version and keeps it as d1, d2, ... beside it.

    Nothing is trained, the sealed test is not opened and the package does not change.

    Args:
        workspace: where the version is kept.
        name: such as `adult` or `adult@v2`.
        use: let the version answer by it from now on; it must be the active one.
        who: asks for it; the user of this process when not given.
        report: told what happens.
        asked: what `evaluate.deciding.question.ask` takes. Without a goal that of the training's settings counts.

    Returns:
        The decision's document, with "label", "version", "run", "used" and "report".

    Raises:
        UserError: there is no such version, it has no run, the question cannot be answered.
    """
    started = time.time()
    project, version = resolve_version(workspace, name)
    called = f"{project.name}@{version.label}"
    if version.run_id is None:
        raise UserError(
            f"{called} was not trained here, so there are no held-out rows to decide by",
            remedy="name a version that this workspace trained",
        )
    with read(workspace) as connection:
        run = get_run(connection, version.run_id)
        if use:
            check_active(connection, project.id, version.id, version.label)
    width = asked.pop("max_width", None)
    known = (run.result or {}).get("target")
    if known is not None and known.get("task") == "number":
        report({"kind": "stage", "stage": f"reading the held-out predictions of {called}"})
        found = decide_numbers(workspace, called, max_width=width, **asked)
        return _keep(workspace, project, version, {**found, "run": run.id, "used": use}, called, who)
    if width is not None:
        raise UserError(
            "--max-width is for numbers, which have a low and a high; this target has classes",
            remedy="give --cost, --capacity, --min-precision or --min-recall",
        )
    notes: list[str] = []
    if known is not None:  # a wrong question is refused before anything is read
        target, settings = Target.from_json(known), Settings.from_json(run.settings or {}, run.origins or {})
        asked, notes = complete(asked, settings, target)
        unit = settings.problem.costs.unit
        ask(target, unit=unit, n_rows=_held_out(run.result or {}), **asked)
    report({"kind": "stage", "stage": f"reading the held-out predictions of {called}"})
    opened = reopen(workspace, called, started=started)
    material, outcome = opened.material, opened.outcome
    if known is None:
        asked, notes = complete(asked, material.options.settings, material.target)
    unit = material.options.settings.problem.costs.unit
    question = ask(material.target, unit=unit, n_rows=len(outcome.oof.y), **asked)
    if notes:
        question = replace(question, assumed=(*(f"taken: {words}" for words in notes), *question.assumed))
    if question.by is not None:
        check_segment_column(question.by, material.target, list(material.frame.columns))
    report({"kind": "stage", "stage": "choosing, and choosing again on resamples"})
    document = decision_document(
        question,
        rows_of(material, outcome, question.by),
        threshold=None if outcome.threshold is None else outcome.threshold.value,
        result={**(run.result or {}), "target": material.target.to_json()},
        seed=material.options.seed,
    )
    return _keep(workspace, project, version, {**document, "run": run.id, "used": use}, called, who)


def _held_out(result: Mapping[str, Any]) -> int | None:
    """The rows with a held-out prediction: those of all folds of one round, None where it is not known."""
    folds = (result.get("split") or {}).get("folds") or []
    return sum(fold["validation"] for fold in folds if fold["repeat"] == 0) or None


def _keep(
    workspace: Workspace,
    project: Project,
    version: Version,
    document: dict[str, Any],
    called: str,
    who: str | None,
) -> dict[str, Any]:
    """Numbers and stores a decision, lets the version answer by it where asked, and writes the report anew."""
    with write(workspace) as connection:
        made = add_decision(
            connection,
            version.id,
            {**document, "version": called, "origin": "decide"},
            project_id=project.id,
            version_label=version.label,
            who=who,
        )
        if document["used"]:
            use_decision(connection, project.id, version.id, version.label, made, who=who)
    document = with_label(document, made.label, called, "decide")
    document["report"] = refresh_report(workspace, version)
    return document


def use(workspace: Workspace, name: str, label: str) -> dict[str, Any]:
    """Lets the active version answer by one of its decisions from now on, or by its own threshold ("none").

    Raises:
        UserError: there is no such decision, or the version is not the active one.
    """
    project, version = resolve_version(workspace, name)
    called = f"{project.name}@{version.label}"
    with write(workspace) as connection:
        chosen = None if label == NONE else whole(get_decision(connection, version.id, label, name=called), called)
        use_decision(connection, project.id, version.id, version.label, chosen)
    refresh_report(workspace, version)
    return {"version": called, "decision": None if chosen is None else chosen.label}


def list_decisions(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """The decisions of a version in short, oldest first."""
    project, version = resolve_version(workspace, name)
    called = f"{project.name}@{version.label}"
    return [{**found, "version": called} for found in decisions_in_short(workspace, version)]


def show_decision(workspace: Workspace, name: str, label: str) -> dict[str, Any]:
    """The whole document of one decision."""
    project, version = resolve_version(workspace, name)
    called = f"{project.name}@{version.label}"
    with read(workspace) as connection:
        current = decision_in_force(connection, version.id)
        found = whole(get_decision(connection, version.id, label, name=called), called)
    return {**found.document, **in_short(found, current), "version": called}
