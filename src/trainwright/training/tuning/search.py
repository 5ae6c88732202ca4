"""The loop of a search: claim a trial, fit it, keep it, until the trials, the time or the space are at their end.

Any number of processes may run it on the same search: each claims in one transaction of the database, and what a
killed one left is taken over. Whatever is finished stays, at whatever moment one of them dies.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from trainwright.evaluate.pruning import usual_spread
from trainwright.models.storage import write_arrays
from trainwright.store.files import publish
from trainwright.store.process import current_owner
from trainwright.store.search_trials import (
    Proposal,
    SearchTrial,
    Wait,
    claim,
    finish_search_trial,
    release,
    search_trials,
    works,
)
from trainwright.store.searches import Search, get_search
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.pace import MARGIN
from trainwright.training.steps import wall
from trainwright.training.tuning.fit import Fitted, fit_trial
from trainwright.training.tuning.ground import Ground
from trainwright.training.tuning.propose import propose
from trainwright.training.tuning.standing import best_trial, mean_score
from trainwright.training.tuning.step import step_of

Tell = Callable[[dict[str, Any]], None]
POLL = 0.3
# Seconds that a trial takes beside its fits: imports of the first, scores, writing.
OVERHEAD = 0.5
# A trial with which so many processes died (out of memory, most likely) is not begun again.
MOST_LOST = 5
# A trial that the time does not suffice for is given back, and another is looked for, so many times.
MOST_TOO_LONG = 10
PREDICTIONS = "predictions.npz"
KIND = "search"
EXHAUSTED, TIME, STOPPED = "all trials are done", "the time limit", "stopped by the user"


@dataclass(frozen=True)
class Ending:
    """How this process's part of a search ended.

    Args:
        why: one of the words above.
        others: another process still works on trials.
    """

    why: str
    others: bool


def go_on(
    workspace: Workspace,
    search: Search,
    ground: Ground,
    *,
    until: float,
    stop: threading.Event,
    tell: Tell = lambda event: None,
) -> Ending:
    """Works on a search until nothing is left to try, the time is up or `stop` is set.

    Args:
        workspace: where it is stored.
        search: the search.
        ground: what it stands on.
        until: `time.time()` by which it must end.
        stop: set to end; finished trials stay, the one at work is given back.
        tell: told {"kind": "search_trial", ...} for each trial that begins or ends.
    """
    owner = f"{current_owner()}-{secrets.token_hex(4)}"
    greater = ground.metric.greater_is_better

    def next_one(search: Search, trials: list[SearchTrial]) -> Proposal | Wait | None:
        return propose(search, trials, greater_is_better=greater)

    why = EXHAUSTED
    too_long: frozenset[int] = frozenset()
    while True:
        if stop.is_set() or time.time() >= until:
            why = STOPPED if stop.is_set() else TIME
            break
        with write(workspace) as connection:
            trial = claim(connection, search.id, owner, next_one, skip=too_long)
            trials = search_trials(connection, search.id)
        if trial is None:
            if not _others(trials, owner):
                why = TIME if too_long else EXHAUSTED
                break
            time.sleep(POLL)  # its last trials may yet be left behind
            continue
        if isinstance(trial, Wait):
            time.sleep(POLL)
            continue
        lost = int((trial.details or {}).get("lost", 0))
        if lost >= MOST_LOST:
            reason = (
                f"its process died {lost} times while it was fitted: out of memory, most likely; "
                "search a narrower space, or on a machine with more memory"
            )
            with write(workspace) as connection:
                finish_search_trial(connection, trial, "failed", details={"stopped": reason})
            continue
        try:
            fitted = _attempt(workspace, trial, trials, search, ground, until, stop, tell)
        except BaseException:
            with write(workspace) as connection:
                release(connection, trial)
            raise
        if fitted.state == "released":
            too_long |= {trial.number}
            over = stop.is_set() or time.time() >= until or trial.number < len(search.settings["families"])
            if over or len(too_long) == MOST_TOO_LONG:  # defaults come before all others; a shorter trial may follow
                why = STOPPED if stop.is_set() else TIME
                break
    with read(workspace) as connection:
        trials = search_trials(connection, search.id)
    return Ending(why, _others(trials, owner))


def _attempt(
    workspace: Workspace,
    trial: SearchTrial,
    trials: list[SearchTrial],
    search: Search,
    ground: Ground,
    until: float,
    stop: threading.Event,
    tell: Tell,
) -> Fitted:
    """Fits a claimed trial and writes what came out; given back where the time does not suffice."""
    step = step_of(trial.family, trial.settings, ground.facts, name=f"trial {trial.number}")
    done = [other for other in trials if other.state in ("completed", "pruned")]
    expected = (wall(step, ground.facts) + OVERHEAD) * _slowness(done, trial.family)
    left = until - time.time()
    event = {"kind": "search_trial", "search": search.number, "number": trial.number, "of": search.settings["trials"],
             "family": trial.family, "settings": trial.settings, "metric": ground.metric.name}  # fmt: skip
    if done and expected * MARGIN > left:
        fitted = Fitted("released", [], f"about {expected:.0f} s, {max(left, 0):.0f} s are left")
    else:
        tell({**event, "state": "running", "left": left})
        best, spread = _best(search, done, ground)
        began = time.time()
        fitted = fit_trial(
            step,
            ground,
            best=best,
            spread=spread,
            stop=stop,
            time_left=lambda: until - time.time(),
            report=lambda event: None,
        )
        wall_s = time.time() - began
    if fitted.state == "released":
        with write(workspace) as connection:
            release(connection, trial)
        tell({**event, "state": "released", "reason": fitted.reason, "left": until - time.time()})
        return fitted
    artifact = None
    if fitted.prediction is not None:
        values = fitted.prediction.astype(np.float32)

        def fill(folder: Path) -> None:
            write_arrays(folder / PREDICTIONS, prediction=values, number=np.array([search.id, trial.number]))

        artifact = publish(workspace, KIND, fill).sha
    details = {"stopped": fitted.reason, "wall_s": wall_s, "estimate_s": wall(step, ground.facts)}
    details["iterations"] = fitted.iterations
    with write(workspace) as connection:
        finish_search_trial(
            connection,
            trial,
            fitted.state,
            scores=fitted.scores,
            fit_seconds=fitted.fit_seconds,
            predict_ms_per_row=fitted.predict_ms_per_row,
            size_mb=fitted.size_mb,
            details=details,
            artifact=artifact,
        )
    score = mean_score(fitted.scores) if fitted.state == "completed" else None
    tell({**event, "state": fitted.state, "reason": fitted.reason, "score": score, "wall_s": wall_s,
          "left": until - time.time()})  # fmt: skip
    return fitted


def _best(search: Search, done: list[SearchTrial], ground: Ground) -> tuple[list[float | None], float | None]:
    """Scores of the best trial so far and the usual spread, where trials may be stopped for being worse."""
    greater = ground.metric.greater_is_better
    best = best_trial(done, greater_is_better=greater)
    if best is None or not search.settings["prune"] or ground.work.rebalance is not None:
        return [], None  # corrected probabilities are known only when all folds are
    reference = _whole(best)
    if reference is None:
        return [], None
    complete = [scores for t in done if t.state == "completed" and (scores := _whole(t)) is not None]
    return list(reference), usual_spread(complete, reference, greater_is_better=greater)


def _whole(trial: SearchTrial) -> list[float] | None:
    """The scores of a trial; None where the metric is not defined on one of its folds."""
    known = [score for score in trial.scores or [] if score is not None]
    return known if known and len(known) == len(trial.scores or []) else None


def _slowness(done: list[SearchTrial], family: str) -> float:
    """How many times longer than estimated completed trials took: those of the family, else all."""
    ratios = [
        (t.family, (t.details or {})["wall_s"] / ((t.details or {})["estimate_s"] + OVERHEAD))
        for t in done
        if t.state == "completed" and (t.details or {}).get("estimate_s")
    ]
    own = [ratio for name, ratio in ratios if name == family] or [ratio for _, ratio in ratios]
    return median(own) if own else 1.0


def _others(trials: list[SearchTrial], owner: str) -> bool:
    return any(trial.state == "running" and trial.owner != owner and works(trial) for trial in trials)


def reread(workspace: Workspace, search: Search) -> tuple[Search, list[SearchTrial]]:
    """The search and its trials as they are now."""
    with read(workspace) as connection:
        return get_search(connection, search.id), search_trials(connection, search.id)


def described(search: Search, seconds: float, ground: Ground) -> dict[str, Any]:
    """The event with which a search begins: what was decided for it and why."""
    settings = search.settings
    return {
        "kind": "search",
        "number": search.number,
        "method": search.method,
        "reason": settings["reason"],
        "reasons": settings["reasons"],
        "warnings": settings["warnings"],
        "trials": settings["trials"],
        "seconds": seconds,
        "space": search.space,
        "greater_is_better": ground.metric.greater_is_better,
    }
