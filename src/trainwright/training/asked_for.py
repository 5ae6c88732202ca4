"""What becomes of families that the user asked for by name: they never end silently as another model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.training.steps import ASKED

if TYPE_CHECKING:
    from trainwright.training.trials import Trial


def check_asked(trials: Iterable[Trial], named: Collection[str]) -> None:
    """Ends a run in which every family that was asked for by name failed, before the sealed test is opened.

    One that the clock cut short did not fail: it is said beside the result.

    Args:
        trials: of the run, each with what it failed with.
        named: families that were asked for by name; empty where the plan chose them.

    Raises:
        TrainwrightError: of the kind that the first of them failed with: a mistake of the user, of the surroundings,
            or one of ours.
    """
    asked = [trial for trial in trials if trial.step.family in named]
    if not asked or any(trial.failure is None for trial in asked):
        return
    why = "; ".join(f"{trial.name}: {trial.failure}" for trial in asked)
    kinds = (UserError, EnvironmentProblem)
    kind = next((kind for kind in kinds if isinstance(asked[0].error, kind)), TrainwrightError)
    what = "what was asked for by name" if len(asked) > 1 else "the family that was asked for by name"
    raise kind(f"{what} could not be trained ({why})")


def lacking(document: Mapping[str, Any]) -> list[str]:
    """For each family that was asked for by name and is not among the models: a sentence that says so, and why.

    Args:
        document: the result of a run.

    Example:
        >>> trial = {"name": "svm", "state": "1 of 5 folds were done", "reason": ASKED}
        >>> print(*lacking({"plan": {"trials": [trial]}}))
        svm was asked for by name and is not among the models: 1 of 5 folds were done; give more time (--time-limit)
    """
    told = []
    for trial in (document.get("plan") or {}).get("trials") or []:
        if trial.get("reason") == ASKED and trial["state"] != "finished":
            more = "" if trial["state"].startswith("failed") else "; give more time (--time-limit)"
            told.append(f"{trial['name']} was asked for by name and is not among the models: {trial['state']}{more}")
    return told
