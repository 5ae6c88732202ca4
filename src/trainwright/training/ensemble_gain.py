"""What an ensemble gains over the best single model, and what it costs: time, size, clarity.

Both are judged on the same out-of-fold rows, the ensemble by weights that each row's own fold had no part in; the best
single model was picked by its figure on these rows, which flatters it a little and not the ensemble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.compare import Comparison
from trainwright.evaluate.ensemble_words import sentence
from trainwright.evaluate.intervals import json_number
from trainwright.tasks import Metric, Task
from trainwright.training.combine import BAGGING, GREEDY, NONE, STACKING, TITLES, combine
from trainwright.training.scores import compared, ensemble_loss, finite_mean
from trainwright.training.select import ENSEMBLES, Candidate

if TYPE_CHECKING:
    from trainwright.training.outcome import Outcome
    from trainwright.training.trials import Work

NOT_ASKED = "not asked for: training.ensemble is false"


def ensemble_document(outcome: Outcome, work: Work, task: Task, reasons: tuple[str, ...] = ()) -> dict[str, Any]:
    """The result document's `ensemble`.

    Args:
        outcome: what was compared and chosen.
        work: development rows, with their groups and times.
        task: for stacking, what the plain average would have minimised.
        reasons: of the plan, which say why there is no bag.

    Returns:
        "kind", "name", "selected" (whether it was chosen), "single" (the best single model), "metric", "members",
        "gain" (a `Comparison`), "cost" {measure: {"single", "ensemble"}}, "sentence", for stacking "second_level" and
        "average" (against the greedy average); or {"kind", "skipped": why}.
    """
    kind = outcome.kind
    if kind == NONE:
        return {"kind": kind, "skipped": NOT_ASKED}
    made = next((c for c in outcome.candidates if c.family in ENSEMBLES), None)
    single = best_single(outcome.candidates, outcome.metric)
    if made is None or single is None:
        return {"kind": kind, "skipped": _why_none(outcome, single, reasons)}
    predictions = {single.name: outcome.oof.predictions[single.name], made.name: _said(outcome, made)}
    gain = _against(outcome, work, predictions, single.name)
    document: dict[str, Any] = {
        "kind": kind,
        "title": TITLES[kind],
        "name": made.name,
        "selected": outcome.choice.selected == made.name,
        "single": single.name,
        "of": made.settings.get("of", single.name),
        "metric": outcome.metric.name,
        "members": _members(outcome, made),
        "gain": gain.to_json(),
        "cost": _cost(single, made, len(work.folds)),
    }
    if kind == STACKING and outcome.combined is not None and outcome.combined.level is not None:
        document["second_level"] = outcome.combined.level.to_json()
        document["average"] = _average(outcome, work, task, made)
    document["sentence"] = sentence(document)
    return document


def best_single(candidates: list[Candidate], metric: Metric) -> Candidate | None:
    """The candidate of one model with the best mean figure; None where every one is constant or cannot be packaged."""
    single = [c for c in candidates if c.packageable and c.family not in (*ENSEMBLES, "baseline")]
    single = [c for c in single if np.isfinite(c.folds).any()]
    sign = 1.0 if metric.greater_is_better else -1.0
    return max(single, key=lambda c: sign * float(np.nanmean(c.folds)), default=None)


def _said(outcome: Outcome, made: Candidate) -> np.ndarray:
    """(m, k) or (m,) what may be scored of the ensemble."""
    if outcome.combined is not None and outcome.combined.name == made.name:
        return outcome.combined.honest
    return outcome.oof.predictions[made.name]


def _against(outcome: Outcome, work: Work, predictions: dict[str, np.ndarray], other: str) -> Comparison:
    return compared(outcome.oof, work.dataset, predictions, other, outcome.metric, seed=work.seed)[0]


def _members(outcome: Outcome, made: Candidate) -> list[dict[str, Any]]:
    """What it is made of, heaviest first, each with its own figure."""
    known = {c.name: c for c in outcome.candidates}
    if outcome.combined is None or outcome.combined.name != made.name:
        source = known.get(str(made.settings.get("of")))
        count = int(made.settings.get("models", 1))
        return [] if source is None else [_member(source, 1.0, count)]
    pull = outcome.combined.pull
    rows = [_member(known[name], weight, 1) for name, weight in pull.items() if name in known]
    return sorted(rows, key=lambda row: -float(row["weight"]))


def _member(candidate: Candidate, weight: float, models: int) -> dict[str, Any]:
    value = json_number(finite_mean(candidate.folds))
    return {
        "name": candidate.name,
        "family": candidate.family,
        "weight": weight,
        "models": models,
        "value": value,
    }


def _cost(single: Candidate, made: Candidate, folds: int) -> dict[str, dict[str, Any]]:
    """Both side by side; times and sizes are those of one model of each member, as a fold has them."""
    count = int(made.settings.get("models", 0)) or len(made.settings.get("weights", {}))
    pairs: dict[str, tuple[Any, Any]] = {
        "fit_s": (single.fit_s, made.fit_s),
        "row_ms": (single.row_ms, made.row_ms),
        "predict_ms_per_row": (single.predict_ms_per_row, made.predict_ms_per_row),
        "size_mb": (single.size_mb, made.size_mb),
        "models": (1, count),
        "explainability": (single.explainability, made.explainability),
    }
    return {name: {"single": one, "ensemble": several} for name, (one, several) in pairs.items()}


def _average(outcome: Outcome, work: Work, task: Task, made: Candidate) -> dict[str, Any] | None:
    """Stacking against the weighted average of the same candidates; None where that takes one model alone."""
    names = [c.name for c in outcome.candidates if _may_join(outcome, c)]
    found = combine(GREEDY, names, outcome.oof, ensemble_loss(task, outcome.metric), seed=work.seed)
    if found is None:
        return None
    predictions = {"average": found.honest, made.name: _said(outcome, made)}
    return {"weights": found.weights, **_against(outcome, work, predictions, "average").to_json()}


def _may_join(outcome: Outcome, candidate: Candidate) -> bool:
    single = candidate.packageable and candidate.family not in (*ENSEMBLES, "baseline")
    return single and candidate.name in outcome.oof.predictions


def _why_none(outcome: Outcome, single: Candidate | None, reasons: tuple[str, ...]) -> str:
    if single is None:
        return "no model was finished that could be combined"
    if outcome.kind == BAGGING:
        told = next((reason for reason in reasons if reason.startswith("no bagging: ")), None)
        late = outcome.unfinished.get(BAGGING)
        return told.removeprefix("no bagging: ") if told else f"no time was left for it ({late})" if late else "no bag"
    several = sum(_may_join(outcome, c) for c in outcome.candidates)
    if several < 2:
        return "there was only one model to combine"
    return f"{single.name} alone is best: no weight for another model lowers the loss"


def with_gain(rows: list[dict[str, Any]], document: dict[str, Any]) -> list[dict[str, Any]]:
    """The leaderboard, in which the ensemble's row says what it gains over which single model.

    Example:
        >>> gain = {"difference": 0.1, "low": 0.0, "high": 0.2, "verdict": "better", "p": 0.01}
        >>> document = {"name": "stacking", "single": "linear", "gain": gain}
        >>> with_gain([{"name": "stacking"}, {"name": "linear"}], document)[0]["gain"]
        {'over': 'linear', 'difference': 0.1, 'low': 0.0, 'high': 0.2, 'verdict': 'better'}
    """
    if "gain" not in document:
        return rows
    gain = {"over": document["single"], **{k: document["gain"][k] for k in ("difference", "low", "high", "verdict")}}
    return [{**row, "gain": gain} if row["name"] == document["name"] else row for row in rows]
