"""The plan of a try: what the run that it starts from really fitted, so that no clock changes a second thing.

A plan made anew would follow the time there is now: a calmer machine would give a booster more rounds, and the gain
would be put down to the setting that was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.config.known import NEURAL
from trainwright.config.neural import network_setting
from trainwright.training.change import FAMILY_SETTINGS, Change
from trainwright.training.combine import BAGGING, kind_of

# What decides which candidates there are, and with how many rounds: with it changed, a new plan is what is tried.
PLANNED = (
    "training.families", "training.model_type", "training.time_limit", "training.preset", "training.seeds",
    "training.threads", "training.jobs", "search.winner_of",
)  # fmt: skip


def same_plan(plan: Mapping[str, Any], changes: Sequence[Change], run: int) -> dict[str, Any] | None:
    """The plan document for a try; None where the change asks for another plan.

    Args:
        plan: of the run that the try starts from, as executed.
        changes: what the try changes.
        run: the number of that run, for the reason.
    """
    if any(_plans_anew(change) for change in changes) or "completed" not in plan:
        return None
    given: dict[str, dict[str, Any]] = {}
    back: set[tuple[str, str]] = set()
    for change in changes:
        if change.key.startswith(f"{FAMILY_SETTINGS}."):
            family, _, setting = change.key.removeprefix(f"{FAMILY_SETTINGS}.").partition(".")
            if change.new is None:
                back.add((family, setting))
            else:
                given.setdefault(family, {})[setting] = change.new
        elif change.key.startswith("training."):
            setting = change.key.removeprefix("training.")
            if change.new is None:
                back.add((NEURAL, setting))
            given.setdefault(NEURAL, {}).update(network_setting(setting, change.new))
    steps = []
    for step in plan["steps"]:
        if step["name"] not in plan["completed"]:
            continue
        family = step["family"]
        settings = {key: value for key, value in step["settings"].items() if (family, key) not in back}
        # What fitted into the time of that run is begun in any case; the clock may still cut it, and that is told.
        steps.append({**step, "settings": settings | given.get(family, {}), "optional": False})
    reason = f"the candidates of run {run} with at most its rounds, so that nothing but what is tried is planned anew"
    kept = {key: plan[key] for key in ("threads", "jobs", "search") if key in plan}
    return {**kept, "steps": steps, "reasons": [reason]}


def _plans_anew(change: Change) -> bool:
    if change.key == "training.ensemble":
        return BAGGING in (kind_of(change.old), kind_of(change.new))
    return change.key in PLANNED
