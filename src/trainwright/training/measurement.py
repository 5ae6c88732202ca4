"""A version measured further by a job of its own, for a worker: would more rows help, how much is luck?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from trainwright.errors import UserError
from trainwright.models.spec import Report
from trainwright.store.names import resolve_run
from trainwright.store.runs import Run, get_run, repeating_run, save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

# The kind of such a run, and the key of its record that says what it measures.
KIND, MEASURES = "measurement", "measures"


@dataclass(frozen=True)
class Measure:
    """Something that can be measured of a finished run.

    Args:
        title: what the job is called.
        key: of the result document that holds it.
    """

    title: str
    key: str


KINDS = {
    "learning_curve": Measure("learning curve", "size_curve"),
    "stability": Measure("stability over seeds", "seed_stability"),
}


def new_measurement(workspace: Workspace, name: str, kind: str, **limits: Any) -> Run:
    """Writes the run that will measure a version; nothing is measured yet.

    Args:
        workspace: where.
        name: `PROJECT` for the active version, or `PROJECT@vN`.
        kind: one of `KINDS`.
        limits: what its function in `training.reopen` takes, such as `seconds`.

    Raises:
        UserError: there is no such version.
    """
    project, version, first = resolve_run(workspace, name)
    called = f"{project.name}@{version.label}"
    asked = {"kind": kind, "of": called, **limits}
    with write(workspace) as connection:
        title = f"{KINDS[kind].title} of {called}"
        return repeating_run(connection, first, name=title, kind=KIND, record={MEASURES: asked})


def measured(run: Run) -> dict[str, Any] | None:
    """What a run measures, as `new_measurement` was asked; None for a training."""
    found: dict[str, Any] | None = (run.record or {}).get(MEASURES)
    return found


def refuse_measurement(run: Run) -> None:
    """Refuses a run that trained nothing of its own, where a training is meant.

    Raises:
        UserError: it measures a version.
    """
    asked = measured(run)
    if asked is not None:
        raise UserError(f"run {run.id} measures {asked['of']} and is no training", remedy=f"name {asked['of']} itself")


def measure_run(workspace: Workspace, run: Run, attempt: int, report: Report) -> dict[str, Any]:
    """Measures a version as its run asks, and puts what was found into the results of both, and into the report.

    Returns:
        The result document of the version's training with what was measured, as that of this run.

    Raises:
        UserError: the version is gone, or cannot be fitted again.
    """
    from trainwright.training.reopen import size_curve_of, stability_of

    started = time.time()
    limits = dict(measured(run) or {})
    measure = {"learning_curve": size_curve_of, "stability": stability_of}[limits["kind"]]
    kind, name = KINDS[limits.pop("kind")], limits.pop("of")
    with write(workspace) as connection:
        set_state(connection, run.id, attempt, "training", f"the {kind.title} of {name}")
    found = measure(workspace, name, **limits, report=report)
    with write(workspace) as connection:
        set_state(connection, run.id, attempt, "evaluating", f"{name} is measured")
    with read(workspace) as connection:
        first = get_run(connection, int((run.record or {})["repeats"]))
    words = found.get("text") or f"not measured: {found.get('skipped')}"
    own = {"run": run.id, "version": None, "verdict": words, "wall_s": round(time.time() - started, 2)}
    result = {**(first.result or {}), **own, kind.key: found}
    with write(workspace) as connection:
        save_document(connection, run.id, attempt, "result", result)
        set_state(connection, run.id, attempt, "completed", words)
    return result
