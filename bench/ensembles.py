"""One model or several: greedy average, bagging and stacking against the best single model, on test rows.

    python bench/ensembles.py --data DATA [--tables adult,concrete]

The same rows and the same folds each time, and four models: linear, forest, LightGBM, CatBoost. The single model is the
one with the best out-of-fold figure. A quarter of the rows is the test part, which nothing is chosen by; what predicts
it are the fold models, averaged. The gain on out-of-fold rows is what a training says of its ensemble; the gain on test
rows, with its interval over resampled rows, is what became of it. "Fold models" sets the average of the single model's
fold models against one refit on all development rows. Bagging fits the single model eight times in each
fold. About 15 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import holdout
import markdown
import numpy as np
import results
import scores
import tables

TABLES = (
    "adult", "credit_default", "bank_marketing", "steel_plates", "telco_churn", "ai4i2020", "concrete", "energy",
    "wine_quality", "california_housing", "bike",
)  # fmt: skip
KINDS = {
    "folds": "fold models instead of one refit",
    "greedy": "greedy average",
    "bagging": "bagging",
    "stacking": "stacking",
}
MOST_ROWS, FOLDS, BAGS = 10_000, 5, 8


def main() -> None:
    options = _options()
    result = results.Result("ensembles", options)
    for name in options.tables:
        wanted = [kind for kind in options.kinds if not result.has(f"{name}, {kind}")]
        if not wanted:
            continue
        try:
            rows = Rows(name, options)
        except tables.MissingTable as error:
            results.say(f"{name}: not measured, {error}")
            continue
        for kind in wanted:
            result.add(f"{name}, {kind}", {"table": name, "kind": kind, **rows.facts, **rows.measure(kind)})


class Rows:
    """A table cut into development and test rows, with folds and the fitted single models.

    Args:
        name: of the table.
        options: the parsed options.
    """

    def __init__(self, name: str, options: argparse.Namespace):
        from trainwright.tasks import task_for

        frame = holdout.sample(name, options.data, options.rows)
        dataset, target = holdout.understood(frame, tables.TABLES[name].target, tables.TABLES[name].task)
        learn, self.test = holdout.cut(dataset, holdout.by_chance(len(dataset)))
        self.work = holdout.folded(learn, target, folds=options.folds, jobs=options.jobs)
        self.task = task_for(target)
        self.metric = self.task.default_metric()
        self.name = scores.name_of(target.task, len(target.classes))
        self.trials = self._fit(_steps(options.light))
        self.bags = options.bags
        self.facts = {"n_rows": len(learn), "n_test": len(self.test), "metric": self.name}

    def measure(self, kind: str) -> dict[str, Any]:
        """The gain of one kind on out-of-fold rows and on test rows, and its cost."""
        from trainwright.training.bagging import plan_bag
        from trainwright.training.budget import Budget
        from trainwright.training.ensemble_gain import ensemble_document
        from trainwright.training.outcome import conclude
        from trainwright.training.select import Requirements

        if kind == "folds":
            return self._folds_against_refit()
        trials = list(self.trials)
        if kind == "bagging":
            step = plan_bag(trials, self.work, self.metric, Budget(None, time.time()))
            assert not isinstance(step, str), step
            trials += self._fit([replace(step, bags=self.bags)])
        outcome = conclude(trials, self.work, self.task, self.metric, Requirements(), use_ensemble=kind)
        document = ensemble_document(outcome, self.work, self.task)
        if "skipped" in document:
            return {"skipped": document["skipped"]}
        single = self._said(document["single"])
        if kind == "bagging":
            several = self._said("bagging", trials)
        else:
            combined = outcome.combined
            assert combined is not None
            several = combined.mix({name: self._said(name) for name in combined.weights})
        said, cost = document["gain"], document["cost"]
        return {
            "single": document["single"],
            "members": len(document["members"]),
            "models": cost["models"]["ensemble"],
            **self._on_test(single, several),
            "said": said["difference"],
            "said_low": said["low"],
            "said_high": said["high"],
            "verdict": said["verdict"],
            "chosen": outcome.choice.selected in ("ensemble", "stacking", "bagging"),
            **{f"{k}_times": cost[k]["ensemble"] / cost[k]["single"] for k in ("fit_s", "row_ms", "size_mb")},
        }

    def _folds_against_refit(self) -> dict[str, Any]:
        """The average of the single model's fold models against one refit on all development rows."""
        from trainwright.training.bagging import plan_bag
        from trainwright.training.budget import Budget
        from trainwright.training.shape import refitted_members

        best = plan_bag(self.trials, self.work, self.metric, Budget(None, time.time()))  # names the best single model
        assert not isinstance(best, str), best
        alike = ("family", "settings", "inner")
        trial = next(t for t in self.trials if all(getattr(t.step, k) == getattr(best, k) for k in alike))
        before = time.perf_counter()
        [refit] = refitted_members([trial], {trial.name: 1.0}, self.work, lambda event: None)
        seconds = time.perf_counter() - before
        single, several = np.asarray(refit.estimator.predict(self.test.columns)), self._said(trial.name)
        return {
            "single": f"{trial.name}, one refit",
            "members": 1,
            "models": len(trial.fits),
            **self._on_test(single, several),
            **{"said": None, "said_low": None, "said_high": None, "verdict": "not compared", "chosen": False},
            "fit_s_times": sum(fit.fit_s for fit in trial.fits.values()) / max(seconds, 1e-9),
            "row_ms_times": float(len(trial.fits)),
            "size_mb_times": float(len(trial.fits)),
        }

    def _on_test(self, single: np.ndarray, several: np.ndarray) -> dict[str, float]:
        """The figures of both on the test rows, and the gain with its interval."""
        y, positive = self.test.y, self.work.target.positive_index if self.name == "ROC-AUC" else 1
        gain, low, high = scores.gain(self.name, y, several, single, positive)
        return {
            "single_test": scores.score(self.name, y, single, positive),
            "several_test": scores.score(self.name, y, several, positive),
            **{"gain": gain, "gain_low": low, "gain_high": high},
        }

    def _fit(self, steps: list[Any]) -> list[Any]:
        """Every fold of every step."""
        import threading

        from trainwright.training.budget import Budget
        from trainwright.training.run_steps import run_steps

        return run_steps(
            tuple(steps),
            self.work,
            Budget(None, time.time()),
            finished={},
            on_fold=lambda step, fit: None,
            report=lambda event: None,
            stop=threading.Event(),
        )

    def _said(self, name: str, trials: list[Any] | None = None) -> np.ndarray:
        """What the fold models of a candidate say of the test rows, averaged."""
        trial = next(t for t in trials or self.trials if t.name == name)
        return holdout.averaged(trial, self.test.columns)


def _steps(light: bool) -> list[Any]:
    """The single models, smaller for a try."""
    from trainwright.training.plan import Step

    rounds = 20 if light else 600
    return [
        Step("baseline", "baseline", role="baseline"),
        Step("linear", "linear", role="baseline"),
        Step("forest", "forest", {"n_estimators": 10 if light else 100}, role="baseline"),
        Step("lightgbm", "lightgbm", {"features": "plain", "n_estimators": rounds}, inner=0.125),
        Step("catboost", "catboost", {"iterations": rounds}),
    ]


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = [r for r in result["rows"].values() if "skipped" not in r]
    skipped = [f"{r['table']}, {r['kind']} ({r['skipped']})" for r in result["rows"].values() if "skipped" in r]
    head = ["table", "metric", "kind", "best single", "its figure", "gain said", "gain on test rows (95 %)", "chosen"]
    head += ["models", "training", "one row", "size"]
    shown = markdown.table(
        head,
        [
            [
                *(
                    r["table"],
                    r["metric"],
                    KINDS[r["kind"]],
                    r["single"],
                    r["single_test"],
                    "–" if r["said"] is None else f"{r['said']:+.4g}",
                ),
                f"{r['gain']:+.4g} ({r['gain_low']:+.4g} to {r['gain_high']:+.4g})",
                *("–" if r["said"] is None else "yes" if r["chosen"] else "no", r["models"]),
                *(f"{r[k]:.1f}x" for k in ("fit_s_times", "row_ms_times", "size_mb_times")),
            ]
            for r in rows
        ],
    )
    lines = []
    for kind, title in KINDS.items():
        own = [r for r in rows if r["kind"] == kind]
        if own:
            better, worse = sum(r["gain_low"] > 0 for r in own), sum(r["gain_high"] < 0 for r in own)
            lines.append(
                f"- **{title}**: better on {better} of {len(own)} tables beyond chance, worse on {worse}; "
                f"{markdown.mean([r['fit_s_times'] for r in own]):.1f} times the training time and "
                f"{markdown.mean([r['row_ms_times'] for r in own]):.1f} times as long for a row, on average."
            )
    left = f"\nNo ensemble was made of: {'; '.join(skipped)}.\n" if skipped else ""
    summary = "\n".join(lines)
    return f"""## One model or several

What several models gain over the best single one on test rows that nothing was chosen by, and what they cost. "Gain
said" is the difference on out-of-fold rows that the training reports; positive is better for every metric.

{summary}

{shown}
{left}
{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--kinds", type=results.names, default=list(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="rows of a table at most")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--bags", type=int, default=BAGS, help="models of a bag in each fold")
    parser.add_argument("--jobs", type=int, default=2, help="fits side by side")
    parser.add_argument("--light", action="store_true", help="few rounds, for a try")
    return parser.parse_args()


if __name__ == "__main__":
    main()
