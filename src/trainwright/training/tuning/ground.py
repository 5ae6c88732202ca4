"""What a search stands on: the development rows, folds and metric of a run; the sealed test stays out of reach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.store.names import split_name
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run, list_runs
from trainwright.store.transaction import read
from trainwright.store.versions import get_version
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric, Task
from trainwright.training.plan import facts_of
from trainwright.training.scores import OutOfFold, gather
from trainwright.training.steps import Facts
from trainwright.training.trials import Work
from trainwright.training.try_log import stands


@dataclass(frozen=True)
class Ground:
    """What every trial of a search shares.

    Args:
        run: the run whose dataset version, split and settings the search follows.
        work: its development rows and folds.
        task, metric, target: how predictions are judged.
        facts: size of the data, for estimates of time.
    """

    run: Run
    work: Work
    task: Task
    metric: Metric
    target: Target
    facts: Facts

    @cached_property
    def rows(self) -> OutOfFold:
        """The out-of-fold rows, without predictions."""
        return gather([], self.work)


def fingerprint_of(work: Work) -> str:
    """SHA-256 of which rows are judged, in which folds, with which truth: predictions of two searches with equal ones
    stand on the same rows."""
    rows = gather([], work)
    digest = hashlib.sha256()
    for array in (rows.positions, rows.fold, np.ascontiguousarray(rows.y)):
        digest.update(array.tobytes())
    return digest.hexdigest()


def base_run(workspace: Workspace, name: str) -> tuple[Project, Run]:
    """The run that a search of PROJECT or PROJECT@vN follows: the version's, or the project's newest completed one that
    is no dropped try.

    Raises:
        UserError: no such project or version, or nothing was trained in it yet.
    """
    project_name, number = split_name(name)
    with read(workspace) as connection:
        project = get_project(connection, project_name)
        if number is not None:
            version = get_version(connection, project, number)
            if version.run_id is None:
                raise UserError(f"{name} was not trained here", remedy="name a version that this workspace trained")
            run = get_run(connection, version.run_id)
            if _learned_on(run):
                raise UserError(
                    f"{name} learned on from an earlier version: its settings are that version's",
                    remedy="search on a version that was trained in full",
                )
            return project, run
        runs = list_runs(connection, project.id)
    rehearsal = False
    for run in runs:  # the newest first
        if run.state != "completed" or not stands(run) or run.split_id is None or _learned_on(run):
            continue
        if ((run.settings or {}).get("training") or {}).get("sample") is not None:
            rehearsal = True
            continue
        return project, run
    why = "only rehearsals on a sample" if rehearsal else "no completed training yet"
    raise UserError(
        f"project {project.name!r} has {why}: a search needs its dataset version and split",
        remedy=f"train first: trainwright train TABLE --target COLUMN --project {project.name}",
    )


def _learned_on(run: Run) -> bool:
    """Whether the run was incremental: its models began as another version's."""
    return run.kind == "incremental" or bool(((run.settings or {}).get("training") or {}).get("incremental"))


def stand_on(workspace: Workspace, run: Run, started: float) -> Ground:
    """Reads the rows and folds of a run.

    Args:
        workspace: where it is stored.
        run: the run.
        started: `time.time()` when the command began.
    """
    from trainwright.training.material import Custom, load_material

    material = load_material(workspace, run.id, started, Custom())
    facts = facts_of(material.work, material.layout)
    return Ground(run, material.work, material.task, material.metric, material.target, facts)
