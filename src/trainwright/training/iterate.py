"""One step of improvement: a version's run again with one setting changed, kept only where it proves better.

The new run learns from the same rows of the same dataset version, on the same folds, with the same seed. Whether it is
kept is decided on out-of-fold predictions, paired row by row, before the sealed test would be opened: a dropped step
never opens it and makes no version.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.evaluate.acceptance import check_rule, parse_rule
from trainwright.store.evaluations import evaluations_of, findings_of, outcomes_of, save_findings, save_outcomes
from trainwright.store.names import resolve_version, split_name
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, create_run, get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, get_version, list_versions
from trainwright.store.workspace import Workspace
from trainwright.training import calibrate
from trainwright.training.change import Change, changed
from trainwright.training.ignored import check_ignored, understood_schema, without
from trainwright.training.kept_plan import kept_plan
from trainwright.training.kept_rows import rows_are_there
from trainwright.training.options import RunOptions
from trainwright.training.plan_document import own_estimators
from trainwright.training.rebalance import Rebalance
from trainwright.training.same_plan import same_plan
from trainwright.training.setting_values import shown
from trainwright.training.try_log import iteration_of, iterations
from trainwright.training.weak_columns import check_most

# Settings that mean nothing with classes.
FOR_NUMBERS = ("training.interval",)


@dataclass(frozen=True)
class Trying:
    """A try that is ready to be executed.

    Args:
        project: its project.
        run: the queued run.
        base: the run it is compared with.
        version: the version that this run made.
        chosen: why this version, where the user named none.
        changes: what differs.
    """

    project: Project
    run: Run
    base: Run
    version: Version
    chosen: str
    changes: tuple[Change, ...]


def prepare_try(
    workspace: Workspace,
    name: str,
    given: Mapping[str, Any],
    *,
    note: str | None = None,
    accept: str | None = None,
    together: bool = False,
) -> Trying:
    """Writes the run that tries something, with what it will be compared with; nothing when anything is wrong.

    Args:
        workspace: where the version is kept.
        name: `PROJECT` or `PROJECT@vN`.
        given: new values by key.
        note: why it is tried, in the user's words.
        accept: a rule by which it is kept instead of being better beyond noise; see `evaluate.acceptance`.
        together: let several settings change at once.

    Raises:
        UserError: no such version, key or value, nothing changes, a rule that cannot be read.
        EnvironmentProblem: its rows are not in the workspace any more.
    """
    project, version, chosen = _start(workspace, name)
    base = _base(workspace, project, version)
    before = _with_winner(Settings.from_json(base.settings or {}, base.origins or {}), base)
    target = Target.from_json((base.result or {})["target"])
    settings, changes = changed(before, given, base.plan or {}, target.task, together=together)
    RunOptions.from_settings(settings)  # a family whose library is not installed is refused here
    Rebalance.from_settings(settings.training, target)  # class weights of a number are refused here
    calibrate.check(settings.training.calibration, target)
    if target.task == "classes" and any(change.key in FOR_NUMBERS for change in changes):
        key = next(change.key for change in changes if change.key in FOR_NUMBERS)
        raise UserError(f"{key} changes nothing: it is for targets that are numbers", remedy="try another setting")
    check_ignored(workspace, base, before, settings)
    features = without(understood_schema(workspace, base), settings.data.ignore).features
    check_most(settings.training.select_features, len(features), "training.select_features")
    if accept is not None:
        with read(workspace) as connection:
            rows = evaluations_of(connection, run_id=base.id, part="validation")
        check_rule(parse_rule(accept), rows[-1].document if rows else {})
    rows_are_there(workspace, base)
    # Words about the run it starts from do not describe this one.
    settings = settings.model_copy(update={"training": settings.training.model_copy(update={"comments": note})})
    origins = {key: origin for key, origin in settings.origins.items() if key != "training.comments"}
    origins |= {"training.comments": "--note"} if note else {}
    with write(workspace) as connection:
        earlier = [one for one in iterations(connection, project.id) if one["base"]["run"] == base.id]
        label = ", ".join(change.key.rpartition(".")[2] + "=" + shown(change.new) for change in changes)
        run = create_run(
            connection,
            project.id,
            name=f"{project.name} try {label}"[:200],
            settings=settings.to_json(),
            origins=origins,
            dataset_version_id=base.dataset_version_id,
            split_id=base.split_id,
            comments=note,
        )
        iteration = {
            "base": {"run": base.id, "version": version.label},
            "changes": [change.to_json() for change in changes],
            "note": note,
            "accept": accept,
            "together": together,
            "try": len(earlier) + 1,
            "at": time.time(),
        }
        save_document(connection, run.id, run.attempt, "record", {"iteration": iteration})
        plan = same_plan(base.plan or {}, changes, base.id)
        if plan is not None:
            save_document(connection, run.id, run.attempt, "plan", plan)
        _findings_of(connection, base, run, settings)
        run = get_run(connection, run.id)
    return Trying(project, run, base, version, chosen, changes)


def _start(workspace: Workspace, name: str) -> tuple[Project, Version, str]:
    """The version a try starts from: the one named, else the last one that a try kept since the active one."""
    if split_name(name)[1] is not None:
        project, version = resolve_version(workspace, name)
        return project, version, ""
    with read(workspace) as connection:
        project = get_project(connection, name)
        versions = {one.run_id: one for one in list_versions(connection, project.id)}
        try:
            active = get_version(connection, project)
        except UserError:
            if not versions:
                raise
            newest = list(versions.values())[-1]
            return project, newest, f"{newest.label} is the newest version, and none is active"
        log = iterations(connection, project.id)
    at = active
    while True:
        onward = [one for one in log if one["base"]["run"] == at.run_id and one.get("kept") and one["run"] in versions]
        if not onward:
            break
        at = versions[onward[-1]["run"]]
    if at.id == active.id:
        return project, at, f"{at.label} is active"
    return project, at, f"{at.label} was kept by the last try since {active.label}, which is active"


def _base(workspace: Workspace, project: Project, version: Version) -> Run:
    """The run that made a version.

    Raises:
        UserError: it was not made by a training that can be done again with another setting.
    """
    name = f"{project.name}@{version.label}"
    if version.run_id is None:
        raise UserError(f"{name} was not trained here", remedy="name a version that this workspace trained")
    with read(workspace) as connection:
        base = get_run(connection, version.run_id)
    own = own_estimators(kept_plan(base))
    if own:
        raise UserError(
            f"{name} was compared with estimators handed over in Python ({', '.join(own)}), which are not kept",
            remedy="train without them first, and try from that version",
        )
    if base.kind != "full":
        raise UserError(
            f"{name} was made by {base.kind} training from an earlier version",
            remedy="a try needs a full training to compare with: `trainwright train` without --incremental",
        )
    metric = (base.result or {}).get("metric")
    if metric not in ((base.result or {}).get("validation") or {}):
        raise UserError(
            f"{name} was chosen by {metric}, a function handed over in Python, which is not kept",
            remedy="train by a metric of ours first, and try from that version",
        )
    return base


def _with_winner(before: Settings, base: Run) -> Settings:
    """The settings of a run that searched first, with what its search found in place of searching again."""
    found = (base.plan or {}).get("search") or {}
    if not before.search.asked or not found.get("number"):
        return before
    origins = {key: origin for key, origin in before.origins.items() if not key.startswith("search.")}
    document = {**before.to_json(), "search": {"winner_of": found["number"]}}
    return Settings.from_json(document, {**origins, "search.winner_of": f"the search of run {base.id}"})


def _findings_of(connection: Any, base: Run, run: Run, settings: Settings) -> None:
    """What the checks said about these rows is known: they are not run again, and the fits get their time."""
    ignored = set(settings.data.ignore)
    found = [
        finding
        for finding in findings_of(connection, base.id)
        if not finding["columns"] or not ignored.issuperset(finding["columns"])
    ]
    save_findings(connection, run.id, found)
    save_outcomes(connection, run.id, run.attempt, outcomes_of(connection, base.id))


def base_of(workspace: Workspace, run: Run) -> Run:
    """The run that a try is compared with.

    Raises:
        EnvironmentProblem: it is gone.
    """
    iteration = iteration_of(run)
    assert iteration is not None
    try:
        with read(workspace) as connection:
            return get_run(connection, int(iteration["base"]["run"]))
    except UserError as error:
        raise EnvironmentProblem(f"run {run.id} is compared with a run that is not there: {error.problem}") from error
