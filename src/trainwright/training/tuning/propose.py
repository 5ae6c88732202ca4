"""What a search tries next: the families' defaults first, then what its method says about the families that were kept.

A proposal is a pure function of the search and its trials so far; it is made under the database's write lock, so that
two processes never try the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from trainwright.evaluate.screening import keep_families
from trainwright.models.space import Space
from trainwright.store.search_trials import Proposal, SearchTrial, Wait
from trainwright.store.searches import Search
from trainwright.training.tuning.step import as_read

# Draws before a small space counts as exhausted.
TRIES = 50


def propose(search: Search, trials: list[SearchTrial], *, greater_is_better: bool) -> Proposal | Wait | None:
    """The next new trial; None when the number asked for is reached or the space is exhausted.

    Args:
        search: with its space, method and what was decided so far.
        trials: all of them so far.
        greater_is_better: direction of the metric.
    """
    names: list[str] = search.settings["families"]
    if len(trials) >= search.settings["trials"]:
        return None
    number = search.next_trial
    if number < len(names):
        return Proposal(names[number], {}, "the family's defaults, against which the others are measured")
    decided: dict[str, Any] | None = None
    kept: list[str] | None = search.settings.get("kept")
    if kept is None:
        defaults = trials[: len(names)]
        if any(trial.state in ("running", "released") for trial in defaults):
            return Wait()
        kept, decided = _keep(search, defaults, greater_is_better)
    if not kept:
        return None
    spaces = {name: Space.from_json(name, search.space[name]) for name in kept}
    found = _by_method(search, spaces, kept, trials, number, greater_is_better)
    if found is None:
        return None
    family, settings, reason = found
    return Proposal(family, settings, reason, decided)


def _keep(search: Search, defaults: list[SearchTrial], greater: bool) -> tuple[list[str], dict[str, Any]]:
    """The families that are searched further, with the reason."""
    done = {trial.family: trial.scores or [] for trial in defaults if trial.state == "completed"}
    if search.settings["named"]:
        kept, reason = [t.family for t in defaults if t.state == "completed"], ""
    else:
        names, reason = keep_families(done, greater_is_better=greater) if done else ((), "")
        kept = list(names)
    failed = [
        f"the defaults of {t.family} failed: {(t.details or {}).get('stopped')}"
        for t in defaults
        if t.state == "failed"
    ]
    reasons = [*search.settings["reasons"], *([reason] if reason else []), *failed]
    return kept, {"kept": kept, "reasons": reasons}


def _by_method(
    search: Search, spaces: dict[str, Space], kept: list[str], trials: list[SearchTrial], number: int, greater: bool
) -> tuple[str, dict[str, Any], str] | None:
    position = number - len(search.settings["families"])
    if search.method == "grid":
        found = next(islice(_grid(spaces, kept), position, None), None)
        return None if found is None else (*found, "the next combination of the grid")
    for turn in range(len(kept)):  # a family whose space is exhausted leaves its turn to the next
        family = kept[(position + turn) % len(kept)]
        own = [trial for trial in trials if trial.family == family]
        settings, reason = None, "drawn from the space"
        if search.method == "bayesian":
            from trainwright.training.tuning.bayesian import suggest

            settings = suggest(spaces[family], own, seed=search.seed, number=number, greater_is_better=greater)
            reason = "proposed from the trials before it"
            if settings is not None and _known(family, settings, own):
                settings, reason = None, "drawn from the space: the proposal was tried already"
        settings = settings or drawn(spaces[family], own, np.random.default_rng([search.seed, number, 11]))
        if settings is not None:
            return family, settings, reason
    return None


def _grid(spaces: dict[str, Space], kept: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every combination, the families in turn; those that fit as the defaults, or as one before them, are left out."""

    def own(family: str) -> Iterator[tuple[str, dict[str, Any]]]:
        seen = {frozenset(as_read(family, {}).items())}
        for settings in spaces[family].grid():
            found = frozenset(as_read(family, settings).items())
            if found not in seen:
                seen.add(found)
                yield family, settings

    waiting = [own(family) for family in kept]
    while waiting:
        for one in list(waiting):
            item = next(one, None)
            if item is None:
                waiting.remove(one)
            else:
                yield item


def drawn(space: Space, trials: list[SearchTrial], rng: np.random.Generator) -> dict[str, Any] | None:
    """Settings by chance that no trial has; None when none were found."""
    if len(trials) >= space.size + 1:
        return None
    for _ in range(TRIES):
        settings = space.draw(rng)
        if not _known(space.family, settings, trials):
            return settings
    rest = (s for s in space.grid() if not _known(space.family, s, trials))
    return next(rest, None) if space.size == space.combinations else None


def _known(family: str, settings: dict[str, Any], trials: list[SearchTrial]) -> bool:
    wanted = as_read(family, settings)
    return any(as_read(family, trial.settings) == wanted for trial in trials)
