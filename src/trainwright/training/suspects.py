"""After the choice: labels of development rows that the run's own held-out predictions contradict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.checks import Findings, label_errors
from trainwright.data.checks.finding import SEVERITIES
from trainwright.data.checks.policy import silence
from trainwright.data.label_quality.confident import suspect_classes
from trainwright.data.label_quality.residuals import suspect_numbers
from trainwright.store.evaluations import findings_of, outcomes_of, save_findings
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.budget import Budget
from trainwright.training.outcome import Outcome
from trainwright.training.shown_values import columns_to_show, shown_values

if TYPE_CHECKING:
    from trainwright.training.material import Material

# Seconds for each prediction looked at, generously; and rows too few to tell an odd label from chance.
SECONDS_EACH = 5e-7
LEAST_ROWS = 30
# Rows whose values stand in the report, and how many of their columns.
SHOWN, COLUMNS = 50, 6


def suspected_labels(
    material: Material, outcome: Outcome, importance: dict[str, Any] | None, budget: Budget
) -> dict[str, Any]:
    """The result document's `suspected_labels`: `Suspects.to_json`, or {"skipped": reason}.

    Args:
        material: the run's development rows.
        outcome: the chosen candidate with its out-of-fold predictions; no row was judged by a model that saw it.
        importance: which columns matter, so that the values that are shown say something.
        budget: of the run; nothing is looked at when its time is up.
    """
    oof, target = outcome.oof, material.target
    if len(oof.y) < LEAST_ROWS:
        return {"skipped": f"there are fewer than {LEAST_ROWS} rows to judge"}
    needed = SECONDS_EACH * outcome.prediction.size
    if budget.limit is not None and budget.limit - budget.elapsed() < needed + 1.0:
        return {"skipped": "the time limit is near"}
    before = time.perf_counter()
    if target.task == "classes":
        by, found = outcome.choice.selected, suspect_classes(oof.y, np.asarray(outcome.prediction, dtype=np.float64))
    else:
        by = _steadiest(outcome)
        found = suspect_numbers(oof.y, np.asarray(_numbers(outcome, by), dtype=np.float64), oof.fold)
    rows = material.work.dataset.rows[oof.positions]
    document = found.to_json(rows, tuple(target.classes) if target.task == "classes" else ())
    document["by"] = by
    names = columns_to_show(material, importance, COLUMNS)
    positions = np.searchsorted(material.work.dataset.rows, [item["row"] for item in document["rows"][:SHOWN]])
    document["examples"] = {"columns": names, "rows": shown_values(material, names, positions)}
    document["seconds"] = round(time.perf_counter() - before, 3)
    return document


def _steadiest(outcome: Outcome) -> str:
    """Whose predictions are nearest to most numbers: a few wrong ones may decide which candidate was chosen."""
    names = [outcome.choice.selected, *outcome.oof.predictions]
    return min(names, key=lambda name: float(np.median(np.abs(outcome.oof.y - _numbers(outcome, name)))))


def _numbers(outcome: Outcome, name: str) -> np.ndarray:
    return outcome.prediction if name == outcome.choice.selected else outcome.oof.predictions[name]


def findings_and_checks(
    workspace: Workspace, material: Material, suspected: dict[str, Any], project: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The findings, and how each check ended; about labels the run's own models have the last word.

    Args:
        workspace: where the quick model's word was kept while the run was prepared.
        material: of the run.
        suspected: what `suspected_labels` gave.
        project: its name, for the commands that a finding proposes.
    """
    run = material.run
    with read(workspace) as connection:
        findings = [f for f in findings_of(connection, run.id) if f["code"] != label_errors.CODE]
        checks = outcomes_of(connection, run.id)
    state = "skipped"
    if "skipped" not in suspected:
        found = label_errors.findings_of(suspected, material.target.column, project=project)
        told = silence(Findings(tuple(found), ()), material.options.settings.data.ignore_findings).findings
        state = "found" if told else "passed"
        findings = [*findings, *(finding.to_json() for finding in told)]
        findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
        with write(workspace) as connection:
            save_findings(connection, run.id, findings)
    for check in checks:
        if check["code"] == label_errors.CODE:
            check.update(state=state, reason=suspected.get("skipped", ""))
    return findings, checks
