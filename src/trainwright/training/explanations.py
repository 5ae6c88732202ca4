"""After the choice: where the model is weak, which rows it gets most wrong, what pushes it, what its shapes are.

Everything here looks at out-of-fold predictions of development rows. Each part says why when it is left out, and takes
its time from the run's limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.attributions import Account, summary
from trainwright.evaluate.interval_coverage import booleans_of
from trainwright.evaluate.segments import weak_segments
from trainwright.evaluate.shapes import shapes
from trainwright.evaluate.worst import told_rows, worst_rows
from trainwright.training.accounts import account_of, additive_terms, seconds_per_row
from trainwright.training.budget import Budget
from trainwright.training.guarded import guarded
from trainwright.training.outcome import Outcome
from trainwright.training.shown_values import columns_to_show, shown_values

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.trials import Trial

# Seconds kept for the report and the last transaction, and the most that all parts together may take.
KEPT, MOST_SECONDS = 3.0, 20.0
ATTRIBUTED_ROWS = 1_000
# Fewer rows are accounted for when the account of a thousand would take longer than this; fewer than that say nothing.
ACCOUNT_SECONDS, FEWEST_ROWS = 8.0, 50
VALUES_SHOWN = 8
REASONS = 3
LATE = "the time limit left no time for it"


def explain_run(
    material: Material, outcome: Outcome, importance: dict[str, Any] | None, budget: Budget
) -> dict[str, Any]:
    """The result document's `segments`, `worst_errors`, `attributions` and `shapes`; each may be {"skipped": why}.

    Args:
        material: the run's development rows.
        outcome: the chosen candidate with its out-of-fold predictions.
        importance: which columns matter: those are paired, and shown.
        budget: of the run.
    """
    seconds = MOST_SECONDS
    if budget.limit is not None:
        seconds = min(MOST_SECONDS, 0.6 * (budget.limit - budget.elapsed() - KEPT))
    deadline = time.monotonic() + seconds
    ranked = [item["feature"] for item in (importance or {}).get("features", [])]
    if all(t.step.family == "baseline" for t in outcome.members):
        why = "one constant answers every row: there is nothing to explain"
        return {name: {"skipped": why} for name in ("segments", "worst_errors", "attributions", "shapes")}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "segments": lambda: segments_of(material, outcome, ranked),
        "worst_errors": lambda: worst_of(material, outcome, importance, deadline),
        "attributions": lambda: attributions_of(material, outcome, deadline),
        "shapes": lambda: shapes_of(material, outcome),
    }
    out: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        if time.monotonic() >= deadline:
            out[name] = {"skipped": LATE}
            continue
        before = time.perf_counter()
        out[name] = guarded(part)
        out[name]["seconds"] = round(time.perf_counter() - before, 3)
    return out


def segments_of(material: Material, outcome: Outcome, ranked: list[str]) -> dict[str, Any]:
    """Weak segments among the out-of-fold rows."""
    oof, data, target = outcome.oof, material.work.dataset, material.target
    if target.task == "classes":
        loss = (_decided(material, outcome) != oof.y).astype(np.float64)
        positive = target.positive_index if len(target.classes) == 2 else None
        truth = (oof.y == positive).astype(np.float64) if positive is not None else np.full(len(oof.y), np.nan)
        measure = "share decided wrongly"
    else:
        loss, truth, measure = np.abs(oof.y - outcome.prediction), oof.y.astype(np.float64), "mean absolute error"
    unit = data.cluster if data.group is None else data.group
    found = weak_segments(
        data.columns.take(oof.positions),
        loss,
        truth,
        ranked=ranked,
        booleans=booleans_of(material.schema),
        cluster=None if unit is None else unit[oof.positions],
        seed=material.options.seed,
    )
    return {"measure": measure, "overall": float(loss.mean()), **found.to_json()}


def worst_of(
    material: Material, outcome: Outcome, importance: dict[str, Any] | None, deadline: float
) -> dict[str, Any]:
    """The worst errors with their values and strongest pushes."""
    from trainwright.packages.ensemble import Pushes
    from trainwright.packages.reasons import strongest

    oof, data, target = outcome.oof, material.work.dataset, material.target
    decided = _decided(material, outcome)
    worst = worst_rows(oof.y, outcome.prediction, decided, target)
    if not len(worst.at):
        return {"skipped": "no out-of-fold row was predicted wrongly"}
    told = told_rows(worst, oof.y, outcome.prediction, decided, data.rows[oof.positions], target)
    names = columns_to_show(material, importance, VALUES_SHOWN)
    for row, values in zip(told, shown_values(material, names, oof.positions[worst.at])):
        row["values"], row["reasons"] = values, []
    account: Account | str = f"not measured: {LATE}"
    if seconds_per_row(outcome) * len(worst.at) < deadline - time.monotonic():
        account = account_of(material, outcome, np.sort(worst.at))
    if isinstance(account, Account):
        pushes = Pushes(account.names, account.values, account.towards, True)
        reasons = strongest(pushes, material.frame[oof.positions[account.at]], target, REASONS)
        place = {int(at): reason for at, reason in zip(account.at, reasons)}
        for row, at in zip(told, worst.at.tolist()):
            row["reasons"] = [{**reason.to_json(), "text": reason.text} for reason in place.get(at, ())]
    why = account if isinstance(account, str) else account.note
    errors = int((decided != oof.y).sum()) if target.task == "classes" else len(oof.y)
    document = {"measure": worst.measure, "columns": names, "rows": told, "n_errors": errors, "n_rows": len(oof.y)}
    return {**document, "reasons_note": why}


def attributions_of(material: Material, outcome: Outcome, deadline: float) -> dict[str, Any]:
    """Mean pushes and dependence of the strongest columns on a sample of out-of-fold rows."""
    n, each = len(outcome.oof.y), seconds_per_row(outcome)
    most = min(ATTRIBUTED_ROWS, int(ACCOUNT_SECONDS / each))  # what the plan allows, and below what the clock does
    most = min(most, int(0.8 * (deadline - time.monotonic()) / each))
    if most < min(FEWEST_ROWS, n):
        return {"skipped": f"the account of {FEWEST_ROWS} rows would take about {each * FEWEST_ROWS:.0f} s: {LATE}"}
    at = np.arange(n)
    if n > most:
        at = np.sort(np.random.default_rng([material.options.seed, 23]).choice(n, most, replace=False))
    account = account_of(material, outcome, at, deadline=deadline)
    if isinstance(account, str):
        return {"skipped": account}
    columns = material.work.dataset.columns.take(outcome.oof.positions[account.at])
    return {
        "of": outcome.choice.selected,
        "scale": _scale(material),
        **summary(account, columns, booleans_of(material.schema)),
    }


def shapes_of(material: Material, outcome: Outcome) -> dict[str, Any]:
    """The shapes of an additive model: of the chosen one, else of an explainable one that was compared with it."""
    target = material.target
    chosen = [trial for trial in outcome.trials if trial.name == outcome.choice.selected]
    beside = [trial for trial in outcome.trials if trial.step.family == "ebm" and trial not in chosen]
    for trial in (*chosen, *beside):
        models = [additive_terms(trial, fold, classes=len(target.classes)) for fold in sorted(trial.fits)]
        if any(model is None for model in models):
            continue
        outputs = list(target.classes) if target.n_outputs > 2 else [_scale(material)]
        found = shapes([m for m in models if m], material.work.dataset.columns, outputs, booleans_of(material.schema))
        if not found:
            continue
        is_chosen = trial.name == outcome.choice.selected
        return {"of": trial.name, "chosen": is_chosen, "folds": len(models), "scale": _scale(material), "terms": found}
    if "ebm" in outcome.unfinished:
        return {"skipped": f"ebm has no curves to show: {outcome.unfinished['ebm']}"}
    return {"skipped": _no_shapes(outcome.choice.selected, chosen)}


def _no_shapes(selected: str, chosen: list[Trial]) -> str:
    family = chosen[0].step.family if chosen else "a weighted average of several models"
    return (
        f"{selected} ({family}) is no sum of shapes; add the family ebm to the run (training.families) to read a "
        "strong model curve by curve"
    )


def mark_suspected(explained: dict[str, Any], suspected: dict[str, Any] | None) -> dict[str, Any]:
    """The explanations, where a worst error says `suspected: true` if the label itself is among the suspected ones.

    Example:
        >>> mark_suspected({"worst_errors": {"rows": [{"row": 4}, {"row": 7}]}}, {"rows": [{"row": 7}]})
        {'worst_errors': {'rows': [{'row': 4, 'suspected': False}, {'row': 7, 'suspected': True}]}}
    """
    worst, suspected = explained.get("worst_errors") or {}, suspected or {}
    if "rows" not in worst:
        return explained
    # Where the classes overlap, unlikely labels are named, but nothing says that they are wrong.
    doubtful = set() if suspected.get("overlap") else {item["row"] for item in suspected.get("rows", [])}
    marked = [{**row, "suspected": row["row"] in doubtful} for row in worst["rows"]]
    return {**explained, "worst_errors": {**worst, "rows": marked}}


def _decided(material: Material, outcome: Outcome) -> np.ndarray:
    """(m,) decided classes, each fold's threshold chosen without it; zeros for a number."""
    if material.target.task == "number":
        return np.zeros(len(outcome.oof.y), dtype=np.int64)
    return material.task.at(outcome.cut).decide(outcome.prediction)


def _scale(material: Material) -> str:
    """What pushes add to, in words."""
    target = material.target
    if target.task == "number":
        return target.column
    if len(target.classes) == 2:
        return f"log-odds of {target.classes[target.positive_index]}"
    return "score of the predicted class"
