"""A whole package as steps: columns, members, their weighted mean, the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainwright.data.columns import Layout
from trainwright.data.schema import Schema, Target
from trainwright.errors import UserError
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.calibrating import calibrated
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.table import member
from trainwright.packages.export.steps import Steps
from trainwright.packages.outputs import check_threshold
from trainwright.packages.verify import Checked

# Keys of the manifest that say how predictions come about; whatever else changes them is refused below.
_COMBINE = "combine"


@dataclass(frozen=True)
class Pipeline:
    """A package ready to be written in another form.

    Args:
        steps: everything from the columns to the prediction.
        output: the value that holds it: (n, k) probabilities, or (n, 1) numbers.
        target: what is predicted.
        threshold: for two classes, the probability of the positive class from which it is predicted.
        layout, schema: the columns that go in.
        families: the families of the members, without repetition.
    """

    steps: Steps
    output: str
    target: Target
    threshold: float
    layout: Layout
    schema: Schema
    families: tuple[str, ...]


def pipeline(checked: Checked, ensemble: Ensemble) -> Pipeline:
    """The steps of a package that was checked and loaded.

    Raises:
        UserError: a member, the way members are combined or the calibration cannot be exported; it is named.
    """
    manifest = checked.manifest
    _check_combination(manifest)
    steps = Steps()
    inputs = Inputs(steps, checked.layout, manifest.schema)
    if not checked.layout.names:
        raise UserError("the version looks at no column, so there is nothing to export", remedy="train on more columns")
    parts, weights = [], []
    for entry, (weight, estimator) in zip(manifest.members, ensemble.members):
        fold = "" if entry.fold is None else f", fold {entry.fold}"
        steps.member = f"the member {entry.name!r} (family {entry.family}{fold})"
        parts.append(member(entry.family, estimator, inputs))
        weights.append(weight)
    steps.member = ""
    output = parts[0] if len(parts) == 1 else steps.add("weighted_sum", *parts, weights=tuple(weights))
    return Pipeline(
        steps,
        calibrated(steps, output, manifest.calibration, len(manifest.target.classes)),
        manifest.target,
        check_threshold(manifest.target, manifest.threshold),
        checked.layout,
        manifest.schema,
        tuple(dict.fromkeys(entry.family for entry in manifest.members)),
    )


def _check_combination(manifest: Any) -> None:
    combine = getattr(manifest, _COMBINE, None)
    kind = combine.get("kind") if isinstance(combine, dict) else combine
    if kind not in (None, "average", "mean", "weights"):
        raise UserError(
            f"the members of this version are combined by {kind!r}, which no export expresses yet",
            remedy="train without stacking: the greedy weights, which are the default, can be exported",
        )
