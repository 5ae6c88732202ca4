"""What a run asks of its calibration, what its record says, and how far its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.calibration import KINDS
from trainwright.evaluate.calibration_choice import Rows
from trainwright.evaluate.reliability import compare

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome
    from trainwright.training.scores import OutOfFold
    from trainwright.training.trials import Work

# What runs chose between that recorded no kind: they were made before there were others.
BEFORE_KINDS = ("identity", "temperature")
# Of the seconds for one evaluation document, what the resamples before and after may cost.
SHARE = 0.3


def check(asked: str, target: Target) -> None:
    """Refuses a calibration that the target cannot have.

    Args:
        asked: the setting `training.calibration`.
        target: what is predicted.

    Raises:
        UserError: a kind is asked for, and the target is a number.
    """
    if target.task != "classes" and asked not in ("auto", "none"):
        raise UserError(
            f"calibration: {asked} is for classes, but the target {target.column!r} is a number",
            remedy="leave it out; numbers have no probabilities",
        )


def kinds(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds that a run may choose between: all, or what the plan that it repeats took.

    Args:
        recorded: the plan document that must be obeyed; empty for a new run.

    Example:
        >>> kinds({"calibration": "sigmoid"}), kinds({"selected": "linear"})
        (('sigmoid',), ('identity', 'temperature'))
    """
    if not recorded:
        return KINDS
    kind = recorded.get("calibration")
    return (str(kind),) if kind in KINDS else BEFORE_KINDS


def held_out(oof: OutOfFold, work: Work, prediction: np.ndarray) -> Rows:
    """The out-of-fold rows with this prediction; rows of one group, or cluster, count as one unit."""
    unit = work.dataset.group if work.dataset.group is not None else work.dataset.cluster
    return Rows(oof.y, prediction, oof.fold, oof.weight, oof.of(unit))


def reliability_document(material: Material, outcome: Outcome) -> dict[str, Any] | None:
    """How far the chosen candidate's probabilities can be believed, before and after calibration; None for numbers.

    Both are out-of-fold predictions; those after calibration come from what the other folds say.

    Returns:
        `evaluate.reliability.compare(...)` with "asked", "chosen", "reason", "compared" and "calibration".
    """
    if material.target.task != "classes" or outcome.calibrated is None or outcome.uncalibrated is None:
        return None
    oof, data = outcome.oof, material.work.dataset
    changed = outcome.calibration.kind != "identity"
    found = compare(
        material.target,
        oof.y,
        outcome.uncalibrated,
        outcome.prediction if changed else None,
        group=oof.of(data.group),
        cluster=oof.of(data.cluster),
        time=oof.of(data.time),
        weight=oof.weight,
        seed=material.options.seed,
        seconds=SHARE * material.options.evaluation_seconds,
    )
    return {**outcome.calibrated.to_json(), "calibration": outcome.calibration.to_json(), **found}
