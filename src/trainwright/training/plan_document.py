"""The plan of a run as it is stored: before the first fit, and as it was executed, which a repetition obeys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainwright.training.plan import Plan
from trainwright.training.steps import CUSTOM

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome
    from trainwright.training.shape import Shaped


def plan_document(material: Material) -> dict[str, Any]:
    """The plan as it stands, with what a repetition must obey."""
    mine = {**material.plan.to_json(), "threads": material.work.threads, "jobs": material.work.jobs}
    searched = {} if material.search is None else {"search": material.search}
    return {**material.recorded, **mine, **searched}


def completed_plan(material: Material, outcome: Outcome, shaped: Shaped) -> dict[str, Any]:
    """The plan as it was executed: what a repetition obeys."""
    fitted = {trial.name: trial.step for trial in outcome.trials}
    steps = tuple(fitted.get(step.name, step) for step in material.plan.steps)
    return {
        **plan_document(material),
        "steps": Plan(steps).to_json()["steps"],
        "completed": [trial.name for trial in outcome.trials],
        "unfinished": outcome.unfinished,
        "selected": outcome.choice.selected,
        "weights": outcome.weights,
        "ensemble": outcome.kind,
        "calibration": outcome.calibration.kind,
        "shape": shaped.name,
        **({"copies": shaped.copies} if shaped.copies > 1 else {}),
    }


def own_estimators(plan: Mapping[str, Any] | None) -> list[str]:
    """The names of the estimators in a stored plan that were handed over in Python, which are not kept."""
    steps = (plan or {}).get("steps") or []
    return [str(step["name"]) for step in steps if str(step.get("family")).startswith(CUSTOM)]
