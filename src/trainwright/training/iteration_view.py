"""What a run's result and record say about tries: its own, those before it, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.next_try import next_tries
from trainwright.store.files import Published
from trainwright.training.guarded import guarded
from trainwright.training.judge_try import Judged
from trainwright.training.try_log import LONG


def iteration_documents(
    document: Mapping[str, Any],
    judged: Judged | None,
    log: Sequence[Mapping[str, Any]],
    validation: Mapping[str, Any],
) -> dict[str, Any]:
    """The result document's `iteration`, `iterations` and `next_tries`.

    Args:
        document: the rest of the result document, its advice included.
        judged: what became of this run, if it tries something.
        log: the tries of the project before it.
        validation: the evaluation document on out-of-fold rows.
    """
    own = None if judged is None else {**judged.iteration, "run": document["run"], "version": document["version"]}
    entries = [dict(entry) for entry in log]
    if own is not None:
        entries.append({key: value for key, value in own.items() if key not in LONG})
    # After a dropped try the version it started from stands, and is what the next try improves.
    if judged is None or judged.kept:
        found = guarded(lambda: next_tries(document, entries, validation.get("per_class") or []))
    else:
        found = guarded(lambda: next_tries(judged.base, entries, judged.per_class))
    return {"iteration": own, "iterations": entries, "next_tries": found if isinstance(found, list) else []}


def record_of_predictions(held_out: Published | None, judged: Judged | None) -> dict[str, Any]:
    """The parts of a reproducibility record that name the held-out predictions, and what a try came to."""
    out: dict[str, Any] = {} if held_out is None else {"held_out": held_out.sha}
    return out if judged is None else {**out, "iteration": judged.iteration}
