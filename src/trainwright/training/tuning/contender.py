"""The winner of a search as a contender of a training, whose figure is corrected for the search as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.store.projects import project_of
from trainwright.store.runs import Run
from trainwright.store.search_trials import search_trials
from trainwright.store.searches import Search, find_search, get_search, list_searches
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.options import RunOptions
from trainwright.training.plan import Plan
from trainwright.training.steps import Facts, Step, wall
from trainwright.training.trials import Work
from trainwright.training.tuning.ground import fingerprint_of
from trainwright.training.tuning.judge import compared_trials, predictions_of
from trainwright.training.tuning.standing import ranked
from trainwright.training.tuning.step import as_read, step_of

# Trials that the result of a training tells of.
MOST_TOLD = 200


@dataclass(frozen=True)
class Tuned:
    """What a search hands to a training.

    Args:
        document: stored in the plan, so that a repetition compares the same trials: {"search", "number", "trials",
            "step", "note"}.
        step: the winner, or None where nothing was completed.
        facts: size of the data.
    """

    document: dict[str, Any]
    step: Step | None
    facts: Facts

    @property
    def seconds(self) -> float:
        """What the winner's fits take, as measured where they were."""
        return 0.0 if self.step is None else wall(self.step, self.facts)

    def join(self, plan: Plan) -> Plan:
        """The plan with the winner as its first contender, unless the plan holds the same settings already."""
        if self.step is None:
            return replace(plan, reasons=(*plan.reasons, self.document["note"]))
        wanted = as_read(self.step.family, self.step.settings)
        for step in plan.steps:
            if step.family == self.step.family and as_read(step.family, step.settings) == wanted:
                note = f"the settings that won {self.document['name']} are those of {step.name}"
                self.document.update(step=step.name, note=note)
                return replace(plan, reasons=(*plan.reasons, note))
        first = next((i for i, step in enumerate(plan.steps) if step.role == "candidate"), len(plan.steps))
        steps = (*plan.steps[:first], self.step, *plan.steps[first:])
        return replace(plan, steps=steps, reasons=(*plan.reasons, self.document["note"]))


def tuned_for(workspace: Workspace, run: Run, options: RunOptions, work: Work, facts: Facts) -> Tuned | None:
    """The winner that a run's settings ask for, or that its own search found; None without either.

    Raises:
        UserError: the search named is not one of the project.
    """
    number = options.settings.search.winner_of
    with read(workspace) as connection:
        project = project_of(connection, run.project_id)
        if number is not None:
            search: Search | None = find_search(connection, project, number)
        else:
            own = [s for s in list_searches(connection, project.id) if s.run_id == run.id and s.settings.get("own")]
            search = own[-1] if own else None
        if search is None:
            return None
        trials = search_trials(connection, search.id)
    order = ranked(trials, greater_is_better=search.settings["greater_is_better"])
    name = f"s{search.number}"
    document: dict[str, Any] = {"search": search.id, "number": search.number, "name": name, "trials": [], "step": None}
    if not order:
        return Tuned({**document, "note": f"{name} completed no trial: no contender comes from it"}, None, facts)
    best = order[0]
    measured = (best.fit_seconds or 0.0) / max(1, len(best.scores or [None]))
    step = step_of(best.family, best.settings, facts, name=f"{best.family}_tuned")
    step = replace(step, seconds=measured or step.seconds, reason=f"the best of {len(trials)} trials of {name}")
    note = f"{step.name}: the best settings of search {name} join the contenders"
    if search.settings["fingerprint"] == fingerprint_of(work):
        compared = compared_trials(order)
        document["trials"] = [t.number for t in compared]
        note += f", and its {len(compared)} best trials take part in the correction for having been chosen"
    else:
        note += "; the rows differ from those of the search, so the figures are not corrected for its trials"
    return Tuned({**document, "step": step.name, "note": note}, step, facts)


def searched_predictions(workspace: Workspace, document: dict[str, Any] | None) -> dict[str, np.ndarray]:
    """Out-of-fold predictions of the trials that a plan names, by "s3 trial 7"; empty without a search."""
    if not document or not document["trials"]:
        return {}
    with read(workspace) as connection:
        trials = search_trials(connection, document["search"])
    wanted = set(document["trials"])
    found = predictions_of(workspace, [t for t in trials if t.number in wanted])
    return {f"{document['name']} {name}": prediction for name, prediction in found.items()}


def search_result(workspace: Workspace, document: dict[str, Any] | None) -> dict[str, Any] | None:
    """The result of the search that a plan names, for the run's own result; None without one.

    Of very many trials the best are told; the search itself keeps all of them.
    """
    if not document:
        return None
    with read(workspace) as connection:
        result = get_search(connection, document["search"]).result
    if result is None:
        return None
    sign = -1.0 if result["greater_is_better"] else 1.0
    told = sorted(result["trials"], key=lambda row: (row["score"] is None, sign * (row["score"] or 0.0)))[:MOST_TOLD]
    told.sort(key=lambda row: row["number"])
    return {**result, "trials": told, "step": document["step"], "note": document["note"]}
