"""What a search found, judged from its stored trials: the winner, its corrected gain, what mattered, what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.evaluate.figures_search import settings_words
from trainwright.evaluate.formats import duration, plural
from trainwright.evaluate.pareto import pareto_front
from trainwright.evaluate.search_edges import edges
from trainwright.evaluate.setting_importance import METHOD, setting_importance
from trainwright.models.families import families
from trainwright.models.space import Space
from trainwright.models.storage import read_arrays
from trainwright.store.files import open_artifact
from trainwright.store.search_trials import SearchTrial
from trainwright.store.searches import Search
from trainwright.store.workspace import Workspace
from trainwright.training.optimism import selection_optimism
from trainwright.training.scores import compared
from trainwright.training.tuning.ground import Ground
from trainwright.training.tuning.over_base import gain_over_base
from trainwright.training.tuning.search import KIND, PREDICTIONS
from trainwright.training.tuning.standing import mean_score, ranked
from trainwright.training.tuning.step import effective

# Trials that take part in the correction, best first: those far behind are never chosen on any sample of the rows.
MOST_COMPARED = 20


def judge(
    workspace: Workspace, search: Search, trials: list[SearchTrial], ground: Ground, *, ended: str, wall_s: float
) -> dict[str, Any]:
    """The result document of a search; plain values.

    Args:
        workspace: where the predictions of the trials lie.
        search, trials: as they are now.
        ground: what the search stands on.
        ended: why it ended.
        wall_s: seconds that this process worked on it.
    """
    greater = ground.metric.greater_is_better
    order = ranked(trials, greater_is_better=greater)
    settings = search.settings
    document: dict[str, Any] = {
        "search": search.number,
        "name": f"s{search.number}",
        "run": search.run_id,
        "split": search.split_id,
        "method": search.method,
        "asked": settings["asked"],
        "reason": settings["reason"],
        "reasons": settings["reasons"],
        "warnings": settings["warnings"],
        "metric": search.metric,
        "greater_is_better": greater,
        "seed": search.seed,
        "families": settings["families"],
        "kept": settings.get("kept") or settings["families"],
        "space": search.space,
        "wanted": settings["trials"],
        "ended": ended,
        "wall_s": wall_s,
        "counts": {state: sum(t.state == state for t in trials) for state in dict.fromkeys(t.state for t in trials)},
        "trials": [trial_row(trial) for trial in trials],
        "best": None,
    }
    if not order:
        return {**document, "text": "no trial could be completed"}
    best = order[0]
    document["best"] = {**trial_row(best), "all_settings": effective(best.family, best.settings)}
    default = default_trial(order)
    document["default"] = None if default is None else trial_row(default)
    predictions = predictions_of(workspace, compared_trials(order))
    document["gain"] = _gain(search, order, default, predictions, ground)
    winner = predictions.get(f"trial {best.number}")
    document["over_base"] = (
        None
        if winner is None
        else gain_over_base(workspace, ground, winner, document["gain"]["bias"], seed=search.seed)
    )
    document["edges"] = _edges(search, best)
    document["importance"] = _importance(search, best.family, trials)
    document["pareto"] = {
        key: [
            order[i].number
            for i in pareto_front(
                [mean_score(t.scores) or 0.0 for t in order],
                [getattr(t, key) for t in order],
                greater_is_better=greater,
            )
        ]
        for key in ("fit_seconds", "predict_ms_per_row", "size_mb")
    }
    document["patience"] = _patience(order, greater)
    document["text"] = _text(document, ground)
    return document


def trial_row(trial: SearchTrial) -> dict[str, Any]:
    """A trial as the documents show it."""
    details = trial.details or {}
    return {
        "number": trial.number,
        "family": trial.family,
        "settings": trial.settings,
        "state": trial.state,
        "score": mean_score(trial.scores) if trial.state == "completed" else None,
        "folds": trial.scores or [],
        "fit_seconds": trial.fit_seconds,
        "predict_ms_per_row": trial.predict_ms_per_row,
        "size_mb": trial.size_mb,
        "wall_s": details.get("wall_s"),
        "iterations": details.get("iterations") or [],
        "reason": details.get("reason", ""),
        "stopped": details.get("stopped", ""),
    }


def predictions_of(workspace: Workspace, trials: list[SearchTrial]) -> dict[str, np.ndarray]:
    """Out-of-fold predictions of completed trials, by "trial N"."""
    found = {}
    for trial in trials:
        if trial.artifact is not None:
            folder = open_artifact(workspace, KIND, trial.artifact)
            found[f"trial {trial.number}"] = read_arrays(folder / PREDICTIONS, "prediction")["prediction"].astype(float)
    return found


def default_trial(order: list[SearchTrial]) -> SearchTrial | None:
    """The best one with the defaults of its family; None where none of them was completed."""
    return next((trial for trial in order if not trial.settings), None)


def compared_trials(order: list[SearchTrial]) -> list[SearchTrial]:
    """The trials whose predictions correct the winner's figure: the best ones, and the default."""
    chosen, default = order[:MOST_COMPARED], default_trial(order)
    return chosen if default is None or default in chosen else [*chosen, default]


def _gain(
    search: Search,
    order: list[SearchTrial],
    default: SearchTrial | None,
    predictions: dict[str, np.ndarray],
    ground: Ground,
) -> dict[str, Any]:
    """The winner's gain over the best defaults, and how much of its figure is owed to having been chosen."""
    best, metric, rows = order[0], ground.metric, ground.rows
    name = f"trial {best.number}"
    optimism = selection_optimism(predictions, rows.y, metric, name, weight=rows.weight, seed=search.seed)
    bias = 0.0 if optimism is None else optimism.bias
    score = mean_score(best.scores) or 0.0
    shift = -bias if metric.greater_is_better else bias
    found: dict[str, Any] = {
        "bias": bias,
        "candidates": len(predictions),
        "score_as_chosen": score,
        "score_corrected": score + shift,
    }
    if default is None or default.number == best.number:
        return {**found, "against": None, "verdict": "defaults", "text": "no trial was better than the defaults"}
    against = f"trial {default.number}"
    comparisons = compared(rows, ground.work.dataset, predictions, against, metric, seed=search.seed)
    row = next(c for c in comparisons if c.name == name)
    value, low = row.difference - bias, row.low - bias
    verdict = row.verdict if row.verdict != "better" or value > 0 else "not distinguishable"
    return {
        **found,
        "against": default.number,
        "value": value,
        "low": low,
        "high": max(row.high, value),
        "as_chosen": row.difference,
        "p": row.p_corrected,
        "verdict": verdict,
        "method": f"{row.method}; {bias:.2g} taken off for having been chosen among {len(predictions)} trials, and the "
        "verdict corrected for all of them (Holm)",
    }


def _edges(search: Search, best: SearchTrial) -> list[dict[str, Any]]:
    if not best.settings or best.family not in search.space:
        return []
    space = Space.from_json(best.family, search.space[best.family])
    return edges(space, families()[best.family], effective(best.family, best.settings))


def _importance(search: Search, family: str, trials: list[SearchTrial]) -> dict[str, Any]:
    """Which settings of the winner's family mattered, or why that is not known."""
    own = [t for t in trials if t.family == family and t.state == "completed" and mean_score(t.scores) is not None]
    space = Space.from_json(family, search.space[family])
    scores = [mean_score(t.scores) or 0.0 for t in own]
    found = setting_importance(space, [effective(family, t.settings) for t in own], scores, seed=search.seed)
    if found is None:
        return {"family": family, "skipped": f"too few complete trials of {family} to tell: {len(own)}"}
    rows = [{"setting": name, "share": share} for name, share in found.items()]
    return {"family": family, "settings": rows, "method": METHOD, "trials": len(own)}


def _patience(order: list[SearchTrial], greater: bool) -> dict[str, Any] | None:
    """What the second half of the trials added: does twice the search pay?"""
    if len(order) < 6:
        return None
    by_number = sorted(order, key=lambda trial: trial.number)
    scores = [mean_score(trial.scores) or 0.0 for trial in by_number]
    pick = max if greater else min
    half = pick(scores[: len(scores) // 2])
    return {"trials": len(scores), "half": half, "all": pick(scores), "gain": abs(pick(scores) - half)}


def verdict_words(gain: dict[str, Any]) -> str:
    """The verdict; where the interval of this one trial says more than the verdict over all trials, why."""
    unsure = gain["verdict"] == "not distinguishable" and gain["low"] > 0
    return f"{gain['verdict']} once all {gain['candidates']} compared trials are counted" if unsure else gain["verdict"]


def _text(document: dict[str, Any], ground: Ground) -> str:
    """The search in one sentence."""
    best, gain = document["best"], document["gain"]
    words = settings_words(best["settings"])
    what = f"{best['family']} {words}" if not best["settings"] else f"{best['family']} with {words}"
    figure = f"{ground.metric.title} {gain['score_as_chosen']:.4f}"
    if gain["bias"] > 0:
        figure += f" as chosen, {gain['score_corrected']:.4f} corrected for having been chosen"
    text = f"{what} is the best of {plural(document['counts']['completed'], 'complete trial')}: {figure}"
    if gain.get("value") is not None:
        interval = f"{gain['low']:+.4f} to {gain['high']:+.4f}"
        text += f"; gain over the defaults {gain['value']:+.4f} ({interval}), {verdict_words(gain)}"
    elif gain["verdict"] == "defaults":
        text += "; nothing better than the defaults was found"
    if over := document["over_base"]:
        interval = f"{over['low']:+.4f} to {over['high']:+.4f}"
        text += (
            f"; over {over['selected']}, which run {over['run']} chose, {over['value']:+.4f} ({interval}), "
            f"{over['verdict']}"
        )
    took = sum(row["wall_s"] or 0.0 for row in document["trials"])
    return f"{text}; {duration(took)} of trials"
