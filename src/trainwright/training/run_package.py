"""The package of a run: written in the shape that keeps the limits, and published."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from trainwright.data.snapshot import content_hash
from trainwright.models.spec import Report
from trainwright.packages.manifest import Manifest
from trainwright.packages.reference import reference_values
from trainwright.packages.second_level import SecondLevel
from trainwright.packages.write import Member, write_package
from trainwright.store.files import Published, publish
from trainwright.store.process import current_owner
from trainwright.store.workspace import Workspace
from trainwright.training.budget import Budget
from trainwright.training.number_intervals import Learned
from trainwright.training.outcome import Outcome
from trainwright.training.shape import MAX_LATENCY_MS, MAX_SIZE_MB, Shaped, choose_shape

if TYPE_CHECKING:
    from trainwright.training.material import Material


def publish_package(
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
