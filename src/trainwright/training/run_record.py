"""What the reproducibility record of a run holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainwright.training.iteration_view import record_of_predictions
from trainwright.training.record import metric_definitions, peak_memory_mb

if TYPE_CHECKING:
    from trainwright.training.result import Facts


def run_record(facts: Facts) -> dict[str, Any]:
    """The reproducibility record (code, data, split, seed, settings, metrics, hardware, packages, time, artifact)."""
    m = facts.material
    return {
        **(m.run.record or {}),
        "data": {
            "version": m.data.sha,
            "number": m.data.number,
            "split": m.split.summary()["rule"],
            "split_sha": ((m.split_row.artifacts or {}).get("split") or {}).get("sha"),
            "trained_on": facts.manifest.data_version,
        },
        "seed": m.options.seed,
        "settings": m.options.settings.to_json(),
        "metric": m.metric.name,
        "metrics": metric_definitions(m.task.metrics),
        "environment": facts.environment,
        "peak_memory_mb": peak_memory_mb(),
        "times": {name: value - facts.started for name, value in facts.clock.items()},
        "package": facts.manifest.sha,
        **record_of_predictions(facts.held_out, facts.judged),
        "trials": {
            trial.name: [
                {
                    "fold": i,
                    "iterations": fit.estimator.iterations,
                    "derived": fit.estimator.derived,
                    "rows": fit.n_train,
                    "rebalanced": fit.rebalanced,
                }
                for i, fit in sorted(trial.fits.items())
            ]
            for trial in facts.outcome.trials
        },
    }
