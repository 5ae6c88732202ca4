"""What the trainings of a run's networks settled and what happened in them, for the result document and its advice."""

from __future__ import annotations

from typing import Any

from trainwright.training.outcome import Outcome
from trainwright.training.steps import ASKED
from trainwright.training.trials import Trial


def networks(outcome: Outcome) -> list[dict[str, Any]]:
    """The networks that were trained, those asked for by name first, chosen or not.

    Args:
        outcome: of the run, with its fold models.

    Returns:
        For each: {"name", "family", "asked" (by name), "learning_rate", "batch_size" (of the first fold, as settled),
        "stopped_because", "events"}; an event is {"kind", "text", "advice", "folds": how many told it}.
    """
    found = [_network(trial) for trial in outcome.trials if _is_network(trial)]
    return sorted(found, key=lambda one: not one["asked"])


def _is_network(trial: Trial) -> bool:
    """Whether the training loop trained it."""
    return any("stopped_because" in fit.estimator.derived for fit in trial.fits.values())


def _network(trial: Trial) -> dict[str, Any]:
    fits = [fit.estimator for _, fit in sorted(trial.fits.items()) if "stopped_because" in fit.estimator.derived]
    settled = fits[0].derived
    events: dict[str, dict[str, Any]] = {}
    for fit in fits:
        for kind in dict.fromkeys(event["kind"] for event in fit.events):
            first = next(event for event in fit.events if event["kind"] == kind)
            told = {"kind": kind, "text": first["text"], "advice": list(first["advice"]), "folds": 0}
            events.setdefault(kind, told)["folds"] += 1
    return {
        "name": trial.name,
        "family": trial.step.family,
        "asked": trial.step.reason == ASKED,
        "learning_rate": settled["learning_rate"],
        "batch_size": settled["batch_size"],
        "stopped_because": settled["stopped_because"],
        "events": list(events.values()),
    }
