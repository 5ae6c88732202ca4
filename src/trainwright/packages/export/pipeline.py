"""A whole package as steps: columns, members, how they are combined, the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.data.columns import Layout
from trainwright.data.schema import Schema, Target
from trainwright.errors import UserError
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.bounds import bounds_of
from trainwright.packages.export.calibrating import calibrated
from trainwright.packages.export.deciding import Deciding, own_threshold
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.table import member
from trainwright.packages.export.steps import Steps
from trainwright.packages.manifest import MemberEntry
from trainwright.packages.outputs import typed_labels
from trainwright.packages.second_level import SecondLevel
from trainwright.packages.verify import Checked


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
        bounds: for a number, what its low and high are made of (see `bounds.bounds_of`), or None.
        band: from and to below which probability a person decides, or None.
        costs: of more than two classes, (k, k): the class of the least expected cost is decided; or None.
        review_above: the least expected cost above which a person decides, or None.
        left_out: what of the version the export does not hold, in sentences.
    """

    steps: Steps
    output: str
    target: Target
    threshold: float
    layout: Layout
    schema: Schema
    families: tuple[str, ...]
    bounds: dict[str, Any] | None = None
    band: tuple[float, float] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    review_above: float | None = None
    left_out: tuple[str, ...] = ()

    def answers(self) -> dict[str, Any]:
        """How answers are told: labels, names of probabilities, and by what is decided."""
        target = self.target
        return {
            "labels": typed_labels(target) if target.task == "classes" else [],
            "outputs": [f"probability_{name}" for name in target.classes],
            "positive": target.positive_index if target.n_outputs == 2 else None,
            "threshold": self.threshold,
            "costs": self.costs,
        }


def pipeline(checked: Checked, ensemble: Ensemble, deciding: Deciding | None = None) -> Pipeline:
    """The steps of a package that was checked and loaded.

    Args:
        checked: the package.
        ensemble: its members.
        deciding: how is decided; None: by the package's own threshold.

    Raises:
        UserError: a member or the calibration cannot be exported; it is named.
    """
    manifest = checked.manifest
    steps = Steps()
    inputs = Inputs(steps, checked.layout, manifest.schema)
    if not checked.layout.names:
        raise UserError("the version looks at no column, so there is nothing to export", remedy="train on more columns")
    parts: list[str] = []
    for entry, (_, estimator) in zip(manifest.members, ensemble.members):
        fold = "" if entry.fold is None else f", fold {entry.fold}"
        steps.member = f"the member {entry.name!r} (family {entry.family}{fold})"
        parts.append(member(entry.family, estimator, inputs))
    steps.member = ""
    if manifest.combine is None:
        output = _mean(steps, parts, [weight for weight, _ in ensemble.members])
    else:
        output = _stacked(steps, manifest.combine, manifest.members, parts)
    deciding = deciding or own_threshold(manifest)
    output = calibrated(steps, output, manifest.calibration, len(manifest.target.classes))
    return Pipeline(
        steps,
        deciding.written(steps, output),
        manifest.target,
        deciding.threshold,
        checked.layout,
        manifest.schema,
        tuple(dict.fromkeys(entry.family for entry in manifest.members)),
        bounds_of(manifest, parts, deciding.review),
        deciding.band,
        deciding.costs,
        deciding.review_above,
    )


def _mean(steps: Steps, parts: list[str], weights: list[float]) -> str:
    """The weighted mean; `weights` add up to 1."""
    return parts[0] if len(parts) == 1 else steps.add("weighted_sum", *parts, weights=tuple(weights))


def _stacked(steps: Steps, level: SecondLevel, members: Sequence[MemberEntry], parts: list[str]) -> str:
    """What a second level makes of the members: see `packages.second_level`."""
    logs = []
    for name, weight in level.weights.items():
        own = [at for at, entry in enumerate(members) if entry.name == name]
        total = sum(members[at].weight for at in own)
        mean = _mean(steps, [parts[at] for at in own], [members[at].weight / total for at in own])
        logs.append(steps.affine(steps.add("logs", mean, smallest=level.floor), weight))
    return steps.add("softmax", steps.affine(steps.add("sum", *logs), shift=level.bias))
