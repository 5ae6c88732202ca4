"""The leaderboard: one row per candidate, best first."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.tasks import Metric
from trainwright.training.outcome import Outcome
from trainwright.training.scores import finite_mean


def leaderboard(outcome: Outcome) -> list[dict[str, Any]]:
    """One row per candidate, best first, as the result document has them."""
    rows = []
    for candidate in outcome.candidates:
        scores = outcome.scores[candidate.name]
        verdict = outcome.choice.verdicts.get(candidate.name, {})
        rows.append(
            {
                "name": candidate.name,
                "family": candidate.family,
                "role": candidate.role,
                "metrics": {name: finite_mean(values) for name, values in scores.validation.items()},
                "std": {name: scores.std(name) for name in scores.validation},
                "folds": {name: list(map(float, values)) for name, values in scores.validation.items()},
                "training": {name: finite_mean(values) for name, values in scores.training.items()},
                "training_folds": {n: list(map(float, v)) for n, v in scores.training.items()},
                "fit_s": candidate.fit_s,
                "predict_ms_per_row": candidate.predict_ms_per_row,
                "row_ms": candidate.row_ms,
                "size_mb": candidate.size_mb,
                "explainability": candidate.explainability,
                "upkeep": candidate.upkeep,
                "settings": candidate.settings,
                "weight": outcome.weights.get(candidate.name, 0.0),
                "packageable": candidate.packageable,
                **verdict,
            }
        )
    name, sign = outcome.metric.name, 1 if outcome.metric.greater_is_better else -1
    worst = -np.inf
    return sorted(
        rows, key=lambda r: -(sign * r["metrics"][name] if r["metrics"][name] == r["metrics"][name] else worst)
    )


def told_leaderboard(outcome: Outcome, metric: Metric) -> list[dict[str, Any]]:
    """The leaderboard of a result document: its spread and its fold scores are those of the run's metric."""
    name = metric.name
    rows = []
    for row in leaderboard(outcome):
        row = dict(row)
        folds, training = row.pop("folds"), row.pop("training_folds")
        row["std"] = row["std"][name]
        row["baseline"] = row["role"] == "baseline"
        row["fold_scores"] = folds[name]
        row["train_metrics"] = row.pop("training")
        row["train_fold_scores"] = training.get(name, [])
        rows.append(row)
    return rows
