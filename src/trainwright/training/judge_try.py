"""Whether a try is kept: decided on out-of-fold predictions, before the sealed test is opened.

Each further try from the same version is one more chance for luck to look like progress, so the level of the k-th
comparison is 1 - 0.05/k (Bonferroni), as the ledger does with openings of the sealed test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.acceptance import judge_rule, parse_rule
from trainwright.evaluate.compare import BETTER, SAME
from trainwright.evaluate.curve_choice import shown_curve
from trainwright.evaluate.paired_runs import HeldOut, compare_runs
from trainwright.evaluate.run_differences import plan_differences
from trainwright.evaluate.try_words import comparison_words, cut_words, rule_words, same_words
from trainwright.store.evaluations import evaluations_of
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.held_out import held_out_of, truth_of
from trainwright.training.iterate import base_of
from trainwright.training.outcome import Outcome
from trainwright.training.try_log import iteration_of

if TYPE_CHECKING:
    from trainwright.training.material import Material


@dataclass(frozen=True)
class Judged:
    """A try and what became of it.

    Args:
        kept: it becomes a version.
        iteration: the entry of the log: what was changed and why, the comparison, the reason.
        base: the result document of the run it was compared with.
        per_class: of that run, on its held-out rows.
    """

    kept: bool
    iteration: dict[str, Any]
    base: Mapping[str, Any]
    per_class: list[dict[str, Any]]


def judge_try(
    workspace: Workspace,
    material: Material,
    outcome: Outcome,
    held: HeldOut,
    validation: Mapping[str, Any],
    plan: Mapping[str, Any],
) -> Judged | None:
    """Compares a try with the run it starts from; None for a run that tries nothing.

    Args:
        workspace: where both are stored.
        material, outcome: of the new run.
        held: what the new run predicted for its held-out rows.
        validation: its evaluation document on them.
        plan: its plan document as executed.

    Raises:
        UserError, EnvironmentProblem: the other run no longer holds what it predicted.
    """
    iteration = iteration_of(material.run)
    if iteration is None or material.repeats:
        return None
    base = base_of(workspace, material.run)
    result, before = base.result or {}, held_out_of(workspace, base)
    metric, label = str(result["metric"]), str(iteration["base"]["version"])
    level = 1 - 0.05 / max(1, int(iteration["try"]))
    found = compare_runs(
        held,
        before,
        truth_of(material.work),
        metric,
        names=("try", label),
        level=level,
        seed=material.options.seed,
    )
    same = np.array_equal(held.prediction, before.prediction)
    old, new = (result.get("validation") or {}).get(metric), validation["metrics"].get(metric)
    if same and found.verdict == SAME:
        words = same_words(label, moved=not np.array_equal(held.cut, before.cut))
    else:
        words = comparison_words(found, label)
    lost = _unmet(outcome, result)
    conditions: list[dict[str, Any]] = []
    if iteration.get("accept"):
        conditions = judge_rule(parse_rule(str(iteration["accept"])), validation)
        kept = all(one["kept"] for one in conditions)
        reason = "; ".join([*(one["text"] for one in conditions), words])
    else:
        kept, reason = found.verdict == BETTER, words
    cut = _cut(base.plan or {}, plan, outcome)
    if cut and not kept:
        reason = f"{cut_words(cut, label)}; {reason}"
    if kept and lost:
        kept, reason = False, f"{reason}; but {lost[0]}, which {label} keeps"
    return Judged(
        kept,
        {
            **iteration,
            "kept": kept,
            "reason": reason,
            "rule": rule_words(iteration, metric, level),
            "metric": metric,
            "old": old,
            "new": new,
            "comparison": found.to_json(),
            "conditions": conditions,
            "cut": cut,
            "also": plan_differences(base.plan or {}, plan, iteration["changes"]),
            "base_curve": shown_curve(result),
        },
        result,
        _per_class(workspace, base),
    )


def _cut(before: Mapping[str, Any], plan: Mapping[str, Any], outcome: Outcome) -> list[str]:
    """Candidates that the run it starts from has, and that were planned and not finished here."""
    planned = {step["name"] for step in plan.get("steps") or []}
    return [name for name in before.get("completed") or [] if name in planned and name in outcome.unfinished]


def _unmet(outcome: Outcome, base: Mapping[str, Any]) -> list[str]:
    """Requirements that the new candidate does not keep and the old one did."""
    before = {words.partition(":")[0] for words in (base.get("requirements") or {}).get("unmet") or []}
    return [words for words in outcome.choice.unmet if words.partition(":")[0] not in before]


def _per_class(workspace: Workspace, base: Run) -> list[dict[str, Any]]:
    """What the run that a try starts from does for each class; empty for a number."""
    with read(workspace) as connection:
        rows = evaluations_of(connection, run_id=base.id, part="validation")
    return list(rows[-1].document.get("per_class") or []) if rows else []
