"""The `incremental` part of the result document: what learned on, how it compares, what was forgotten, what it took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from trainwright.training.guarded import guarded
from trainwright.training.incremental_judge import forgetting_text, judge_held_out

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome

SEALED_WORDS, HELD_OUT_WORDS = "old sealed rows", "old held-out rows"
FULL_COMMAND = "trainwright train {table} --target {target} --project {project}"


def measured(material: Material, outcome: Outcome) -> dict[str, Any] | None:
    """Candidate and base on held-out rows; None for a training in full, and for a repetition, which only packages."""
    if material.work.continuing is None or material.repeats:
        return None
    return dict(guarded(lambda: judge_held_out(material, outcome)))


def incremental_document(
    material: Material,
    outcome: Outcome,
    held_out: dict[str, Any] | None,
    test: dict[str, Any] | None,
    *,
    project: str,
    started: float,
) -> dict[str, Any] | None:
    """The part of the result document; None for a training in full.

    Args:
        material, outcome: of the run.
        held_out: what `measured` gave.
        test: the sealed test's document.
        project: its name.
        started: `time.time()` when the command began.
    """
    continuing = material.work.continuing
    if continuing is None:
        return None
    grown = (material.split_row.summary or {})["incremental"]
    sealed = (test or {}).get("incremental")
    members = []
    for trial in outcome.trials:
        if trial.name not in continuing.steps:
            continue
        route, why = continuing.route(trial.step)
        first = trial.fits[min(trial.fits)].estimator
        before = [continuing.rounds.get((trial.name, at)) for at in continuing.folds]
        after = [fit.estimator.iterations for _, fit in sorted(trial.fits.items())]
        members.append(
            {
                "name": trial.name,
                "family": trial.step.family,
                "route": route,
                "reason": why,
                "weight": outcome.weights.get(trial.name, 0.0),
                "base_weight": continuing.weights[trial.name],
                "rounds_before": _median(before),
                "rounds": _median(after),
                "learned_on": sum("learned_on_from" in fit.estimator.derived for fit in trial.fits.values()),
                "folds": len(trial.fits),
                "seconds": sum(fit.fit_s for fit in trial.fits.values()),
                "derived": first.derived,
            }
        )
    parts = {name: document for name, document in (("held_out", held_out), ("sealed", sealed)) if document}
    texts = {
        name: forgetting_text(document, SEALED_WORDS if name == "sealed" else HELD_OUT_WORDS)
        for name, document in parts.items()
    }
    best = sealed if sealed and "skipped" not in sealed["old"] else held_out
    forgotten = sorted(
        {one["class"] for document in parts.values() for one in document.get("forgetting") or [] if _lost(one)}
    )
    # What is warned of is what is told: the part of the rows on which a class was lost, else the sealed ones.
    lossy = [name for name, document in parts.items() if any(map(_lost, document.get("forgetting") or []))]
    told = next((texts[name] for name in ("sealed", "held_out") if name in (lossy or texts) and texts[name]), "")
    return {
        **{key: grown[key] for key in _KEPT},
        "new_rows": grown["new"],
        "members": members,
        "old": (best or {}).get("old"),
        "new": _better(sealed, held_out, "new"),
        "forgetting": (best or {}).get("forgetting") or [],
        "forgetting_text": told,
        "forgotten": forgotten,
        **parts,
        "full_command": FULL_COMMAND.format(
            table=material.data.source if grown["whole_table"] and material.data.source else "ALL_ROWS.csv",
            target=material.target.column,
            project=project,
        ),
        "seconds": time.time() - started,
    }


_KEPT = (
    *("base", "version", "run", "replayed", "earlier_rows", "new_sealed", "old_sealed", "known_rows", "corrected"),
    *("classes_added", "unknown_values", "base_on_new_rows", "recommendation"),
)


def _lost(one: dict[str, Any]) -> bool:
    return one["verdict"] == "forgotten"


def _better(sealed: dict[str, Any] | None, held_out: dict[str, Any] | None, part: str) -> dict[str, Any] | None:
    """The comparison on more trusted rows: sealed ones where there are enough."""
    for document in (sealed, held_out):
        found = (document or {}).get(part)
        if found and "skipped" not in found:
            return dict(found)
    return (held_out or {}).get(part)


def _median(counts: list[int | None]) -> int | None:
    there = sorted(count for count in counts if count)
    return there[len(there) // 2] if there else None
