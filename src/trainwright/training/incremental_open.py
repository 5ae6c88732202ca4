"""What an incremental training learns on from, read from the workspace: the base's package and its models by fold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.packages.verify import Checked, check_package
from trainwright.store.files import open_artifact
from trainwright.store.runs import get_run
from trainwright.store.transaction import read
from trainwright.store.trials import TrialRow, trials_of
from trainwright.store.versions import list_versions
from trainwright.store.workspace import Workspace
from trainwright.training.incremental import Continuing
from trainwright.training.kept_plan import kept_plan
from trainwright.training.plan import Step
from trainwright.training.trials import Work


def base_package(workspace: Workspace, grown: dict[str, Any]) -> Checked:
    """The package of the base, whose layout is kept: values outside its vocabularies stay unknown to its models.

    Args:
        workspace: where the base is.
        grown: the split's summary of the incremental training.

    Raises:
        UserError: the version was deleted.
    """
    with read(workspace) as connection:
        run = get_run(connection, grown["run"])
        versions = list_versions(connection, run.project_id, deleted=True)
    found = next((v for v in versions if v.number == grown["version"]), None)
    if found is None or found.state != "kept":
        raise UserError(f"{grown['base']} was deleted: nothing can learn on from it", remedy="train in full")
    return check_package(open_artifact(workspace, "package", found.artifact), found.manifest_sha)


def open_continuing(workspace: Workspace, grown: dict[str, Any], package: Checked, work: Work) -> Continuing:
    """What an incremental run learns on from, read from the workspace.

    Args:
        workspace: where the base is.
        grown: the split's summary of the incremental training.
        package: see `base_package`.
        work: the run's development rows; the replayed ones come first.

    Raises:
        UserError: its fold models are gone.
    """
    with read(workspace) as connection:
        run = get_run(connection, grown["run"])
        rows = trials_of(connection, run.id, state="completed")
    recorded = kept_plan(run)
    weights = {name: float(w) for name, w in (recorded.get("weights") or {}).items() if w > 0}
    planned = {step["name"]: Step(**step) for step in recorded.get("steps") or []}
    own: dict[str, list[TrialRow]] = {name: [row for row in rows if row.name == name] for name in weights}
    models: dict[tuple[str, int], Path] = {}
    for name, found in own.items():
        for row in found:
            if row.artifact is not None and row.fold >= 0:
                models[(name, row.fold)] = open_artifact(workspace, "trial", row.artifact) / "model"
    steps = {}
    for name in weights:
        if name not in planned or not own[name]:
            raise UserError(
                f"the fold models of {name} are not kept: {grown['base']} cannot learn on", remedy="train in full"
            )
        steps[name] = replace(planned[name], settings=dict(own[name][0].settings or planned[name].settings))
    old = np.arange(len(work.dataset)) < grown["replayed"]
    stands_for = np.where(old, grown["earlier_rows"] / max(grown["replayed"], 1), 1.0)
    return Continuing(
        label=grown["base"],
        base_target=package.manifest.target,
        package=package,
        steps=steps,
        weights=weights,
        models=models,
        rounds={(row.name, row.fold): row.iterations for found in own.values() for row in found},
        seconds={name: float(np.median([row.seconds or 0.0 for row in found])) for name, found in own.items()},
        rows={name: float(np.median([row.rows or 1 for row in found])) for name, found in own.items()},
        folds=tuple(grown["chain"][0]["folds"]),
        added=tuple(grown["classes_added"]),
        old=old,
        stands_for=stands_for,
    )
