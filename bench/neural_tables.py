"""The network for tables: alone, and what it adds to the ensemble of trees and lines, on test rows.

    python bench/neural_tables.py --data DATA [--tables adult,california_housing,credit_default]

The same rows and folds for all: the single models of `ensembles.py` (linear, forest, LightGBM, CatBoost), and
`tabular_net` with its default settings. A quarter of each table is the test part, which nothing is chosen by; what
predicts it are the fold models, averaged. The ensemble is the greedy average, once from the trees and the line alone
and once with the network among them. About 25 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import holdout
import markdown
import numpy as np
import results
import scores
import tables

TABLES = ("adult", "california_housing", "credit_default")
MOST_ROWS, FOLDS = 20_000, 4
NET = "tabular_net"


def main() -> None:
    options = _options()
    result = results.Result("neural_tables", options)
    for name in options.tables:
        result.measured(name, measure, name, options)


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """The figures on test rows of the best other model, the network, and the ensembles without and with it."""
    from trainwright.models.extras import is_installed
    from trainwright.models.families import families
    from trainwright.tasks import task_for

    if NET not in families() or not is_installed(families()[NET]):
        raise results.NotMeasured(f"the family {NET} cannot be trained here")
    frame = holdout.sample(name, options.data, options.rows)
    dataset, target = holdout.understood(frame, tables.TABLES[name].target, tables.TABLES[name].task)
    learn, test = holdout.cut(dataset, holdout.by_chance(len(dataset)))
    work = holdout.folded(learn, target, folds=options.folds, jobs=options.jobs)
    task = task_for(target)
    metric, metric_name = task.default_metric(), scores.name_of(target.task, len(target.classes))
    positive = target.positive_index if metric_name == "ROC-AUC" else 1
    trials = _fitted(work, options.light)
    for trial in trials:
        if trial.failure is not None:
            raise RuntimeError(f"{trial.name} failed on {name}: {trial.failure}")

    said = {trial.name: holdout.averaged(trial, test.columns) for trial in trials}
    without = _mixed([trial for trial in trials if trial.name != NET], work, task, metric, said)
    with_net = _mixed(trials, work, task, metric, said)
    others = {key: value for key, value in said.items() if key not in (NET, "baseline")}
    best = _best_of([t for t in trials if t.name in others], work, metric)

    def figure(prediction: np.ndarray) -> float:
        return scores.score(metric_name, test.y, prediction, positive)

    gain, low, high = scores.gain(metric_name, test.y, with_net["said"], without["said"], positive)
    alone, alone_low, alone_high = scores.gain(metric_name, test.y, said[NET], others[best], positive)
    seconds = {trial.name: sum(fit.fit_s for fit in trial.fits.values()) for trial in trials}
    return {
        "table": name, "metric": metric_name, "n_rows": len(learn), "n_test": len(test), "best": best,
        "best_test": figure(others[best]), "net_test": figure(said[NET]),
        **{"alone": alone, "alone_low": alone_low, "alone_high": alone_high},
        "without_test": figure(without["said"]), "with_test": figure(with_net["said"]),
        **{"gain": gain, "gain_low": low, "gain_high": high}, "weight": with_net["weights"].get(NET, 0.0),
        "net_s": seconds[NET], "others_s": sum(value for key, value in seconds.items() if key != NET),
        "net_ms": 1e3 * _row_seconds(trials, NET, test),
    }  # fmt: skip


def _fitted(work: Any, light: bool) -> list[Any]:
    import threading

    from ensembles import _steps

    from trainwright.training.budget import Budget
    from trainwright.training.portfolio import INNER
    from trainwright.training.run_steps import run_steps
    from trainwright.training.steps import Step

    net = Step(NET, NET, {"epochs": 2} if light else {}, inner=INNER)
    return run_steps(
        (*_steps(light), net), work, Budget(None, time.time()), finished={}, on_fold=lambda step, fit: None,
        report=lambda event: None, stop=threading.Event(),
    )  # fmt: skip


def _mixed(trials: list[Any], work: Any, task: Any, metric: Any, said: dict[str, np.ndarray]) -> dict[str, Any]:
    """The greedy average of some trials: its weights, and what it says of the test rows."""
    from trainwright.training.outcome import conclude
    from trainwright.training.select import Requirements

    outcome = conclude(trials, work, task, metric, Requirements(), use_ensemble="greedy")
    if outcome.combined is None:  # no average beats the best single model
        best = _best_of([trial for trial in trials if trial.name != "baseline"], work, metric)
        return {"weights": {best: 1.0}, "said": said[best]}
    weights = dict(outcome.combined.weights)
    return {"weights": weights, "said": outcome.combined.mix({name: said[name] for name in weights})}


def _best_of(trials: list[Any], work: Any, metric: Any) -> str:
    """The trial with the best out-of-fold figure."""

    def figure(trial: Any) -> float:
        rows = np.concatenate([work.folds[fold].validation for fold in trial.fits])
        value = work.score(metric, rows, np.concatenate([fit.prediction for fit in trial.fits.values()]))
        return float(value if metric.greater_is_better else -value)

    return str(max(trials, key=figure).name)


def _row_seconds(trials: list[Any], name: str, test: Any) -> float:
    """Seconds of one fold model for one row, the median of 50."""
    trial = next(trial for trial in trials if trial.name == name)
    estimator = next(iter(trial.fits.values())).estimator
    rows = [test.columns.take(np.array([at])) for at in range(min(50, len(test)))]
    estimator.predict(rows[0])
    found = []
    for row in rows:
        before = time.perf_counter()
        estimator.predict(row)
        found.append(time.perf_counter() - before)
    return float(np.median(found))


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    shown = markdown.table(
        ["table", "metric", "best other", "its figure", "net alone", "net against it (95 %)", "ensemble without",
         "with the net", "gain (95 %)", "its weight", "fits, s", "one row, ms"],
        [
            [
                row["table"], row["metric"], row["best"], f"{row['best_test']:.5g}", f"{row['net_test']:.5g}",
                f"{row['alone']:+.4g} ({row['alone_low']:+.4g} to {row['alone_high']:+.4g})",
                f"{row['without_test']:.5g}", f"{row['with_test']:.5g}",
                f"{row['gain']:+.4g} ({row['gain_low']:+.4g} to {row['gain_high']:+.4g})",
                f"{row['weight']:.2f}", f"{row['net_s']:.0f}", f"{row['net_ms']:.2f}",
            ]
            for row in rows
        ],
    )  # fmt: skip
    return f"""## The network for tables

Figures on test rows that nothing was chosen by; positive gains are better for every metric.

{shown}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="rows of a table at most")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--jobs", type=int, default=2, help="fits side by side")
    parser.add_argument("--light", action="store_true", help="few rounds and epochs, for a try")
    return parser.parse_args()


if __name__ == "__main__":
    main()
