"""Begins a search: every choice that it makes is written down with its reason."""

from __future__ import annotations

from statistics import median

from trainwright.config.durations import format_duration
from trainwright.models.space import Space
from trainwright.store.searches import Search, create_search
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.training.steps import wall
from trainwright.training.tuning.ground import Ground, fingerprint_of
from trainwright.training.tuning.method import choose_method
from trainwright.training.tuning.request import Request
from trainwright.training.tuning.step import step_of

# Of the time, what the defaults of one family may take before it is left out of a search that names none.
SCREEN_SHARE = 0.15
DEFAULTS_ALONE = "with --trials {trials} the defaults alone are measured and nothing is searched; give more trials"


def begin(workspace: Workspace, ground: Ground, request: Request, *, own: bool = False) -> Search:
    """Writes a new search, with every choice that was made for it and the reason.

    Args:
        workspace: where.
        ground: what it stands on.
        request: what was asked for, checked.
        own: it belongs to the run itself, which trains afterwards.
    """
    spaces, named = request.spaces(ground.task.name)
    cost = {space.family: wall(step_of(space.family, {}, ground.facts), ground.facts) for space in spaces}
    reasons: list[str] = []
    if not named:
        spaces, reasons = _screened(spaces, cost, request)
    seconds = median(cost[space.family] for space in spaces)
    method = choose_method(request, spaces, seconds)
    only_defaults = [] if request.trials > len(spaces) else [DEFAULTS_ALONE.format(trials=request.trials)]
    settings = {
        "asked": request.method,
        "reason": method.reason,
        "warnings": [*only_defaults, *method.warnings],
        "reasons": reasons,
        "trials": request.trials,
        "seconds": request.seconds,
        "families": [space.family for space in spaces],
        "named": named,
        "kept": None,
        "prune": request.prune,
        "fingerprint": fingerprint_of(ground.work),
        "own": own,
        "greater_is_better": ground.metric.greater_is_better,
        "alone": list(request.families),
    }
    run = ground.run
    assert run.dataset_version_id is not None and run.split_id is not None
    with write(workspace) as connection:
        return create_search(
            connection,
            run.project_id,
            dataset_version_id=run.dataset_version_id,
            split_id=run.split_id,
            run_id=run.id,
            method=method.name,
            metric=ground.metric.name,
            seed=request.seed,
            space={space.family: space.to_json() for space in spaces},
            settings=settings,
        )


def _screened(
    spaces: tuple[Space, ...], cost: dict[str, float], request: Request
) -> tuple[tuple[Space, ...], list[str]]:
    """The families whose defaults are looked at first, the quickest first, as far as trials and time allow; and why."""
    limit = SCREEN_SHARE * request.seconds
    quick = sorted((s for s in spaces if cost[s.family] <= limit), key=lambda space: cost[space.family])
    quick = quick or [min(spaces, key=lambda space: cost[space.family])]
    slow = [space.family for space in spaces if space not in quick]
    reasons = []
    if slow:
        about = ", ".join(f"{name} (about {format_duration(cost[name])})" for name in slow)
        reasons.append(f"left out, because one trial takes too much of the time: {about}; name it to search it")
    most = max(1, request.trials // 2)
    if len(quick) > most:
        left = ", ".join(space.family for space in quick[most:])
        reasons.append(f"with {request.trials} trials only {most} families are looked at; left out: {left}")
    found = tuple(quick[:most])
    names = ", ".join(space.family for space in found)
    if len(found) > 1:
        reasons.append(f"no family was named: the defaults of {names} come first, the most promising are searched")
    return found, reasons
