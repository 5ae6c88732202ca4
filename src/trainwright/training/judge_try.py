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
from trainwright.evaluate.compare import BETTER, SAME, TOO_FEW, WORSE, Comparison
from trainwright.evaluate.curve_choice import shown_curve
from trainwright.evaluate.formats import interval, level_text, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.paired_runs import HeldOut, compare_runs
from trainwright.evaluate.run_differences import plan_differences
from trainwright.store.evaluations import evaluations_of
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.held_out import held_out_of, truth_of
from trainwright.training.iterate import base_of
from trainwright.training.outcome import Outcome
from trainwright.training.try_log import iteration_of

if TYPE_CHECKING:
    from trainwright.training.run import Material


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
    same = held.prediction.shape == before.prediction.shape and np.array_equal(held.prediction, before.prediction)
    old, new = (result.get("validation") or {}).get(metric), validation["metrics"].get(metric)
    words = difference_words(found, label, metric, old, new, same=same)
    lost = _unmet(outcome, result)
    conditions: list[dict[str, Any]] = []
    if iteration.get("accept"):
        conditions = judge_rule(parse_rule(str(iteration["accept"])), validation)
        kept = all(one["kept"] for one in conditions)
        reason = "; ".join([*(one["text"] for one in conditions), words])
    else:
        kept, reason = found.verdict == BETTER, words
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
            "also": plan_differences(base.plan or {}, plan, iteration["changes"]),
            "base_curve": shown_curve(result),
        },
        result,
        _per_class(workspace, base),
    )


def rule_words(iteration: Mapping[str, Any], metric: str, level: float) -> str:
    """The rule by which a try is kept, in words.

    Example:
        >>> rule_words({"try": 1, "base": {"version": "v1"}}, "roc_auc", 0.95).replace("\\u00a0", " ")
        'kept if ROC-AUC is better than that of v1 beyond noise (95 % interval, paired on the same rows)'
    """
    label = iteration["base"]["version"]
    if iteration.get("accept"):
        return f"kept if {iteration['accept']}, each held by the end of its 95 % interval that speaks against it"
    k = int(iteration["try"])
    nth = f"; try {k} from {label}, so the level is stricter than 95 %" if k > 1 else ""
    return (
        f"kept if {explain(metric).title} is better than that of {label} beyond noise "
        f"({level_text(level)} interval, paired on the same rows{nth})"
    )


def difference_words(found: Comparison, label: str, metric: str, old: Any, new: Any, *, same: bool = False) -> str:
    """What a comparison says, in words."""
    title = explain(metric).title
    if same:
        return f"every prediction is the same as that of {label}: the change made no difference"
    if found.verdict == TOO_FEW:
        return f"{found.n_rows} held-out rows are too few to compare with {label}"
    width = found.high - found.low
    both = f"{title} {score(metric, new, width)} against {score(metric, old, width)} of {label}"
    reach = interval(metric, {"low": found.low, "high": found.high}, width)
    gain = score(metric, found.difference, width)
    verdict = {BETTER: "better", WORSE: "worse", SAME: "not distinguishable"}[found.verdict]
    at_level = level_text(found.level)
    return f"{both}: {verdict}, a gain of {gain} ({reach}, {at_level} interval, {found.n_rows:,} rows)"


def _unmet(outcome: Outcome, base: Mapping[str, Any]) -> list[str]:
    """Requirements that the new candidate does not keep and the old one did."""
    before = {words.partition(":")[0] for words in (base.get("requirements") or {}).get("unmet") or []}
    return [words for words in outcome.choice.unmet if words.partition(":")[0] not in before]


def _per_class(workspace: Workspace, base: Run) -> list[dict[str, Any]]:
    """What the run that a try starts from does for each class; empty for a number."""
    with read(workspace) as connection:
        rows = evaluations_of(connection, run_id=base.id, part="validation")
    return list(rows[-1].document.get("per_class") or []) if rows else []
