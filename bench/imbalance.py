"""Rare classes: class weights, over-sampling, under-sampling and SMOTE against nothing but a tuned threshold.

    python bench/imbalance.py --data DATA [--tables generated_rare,adult]

The same rows, the same three folds, the same LightGBM of 300 trees each time. A quarter of the rows, stratified, is the
test part, which nothing is chosen by. "As learned" are the probabilities that the fold models give on average;
"calibrated" what Trainwright makes of them on held-out rows. The tuned threshold has the best F1 on held-out rows of
the folds; the interval is of the difference in F1 to doing nothing but tuning, over resampled test rows.
About 4 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import holdout
import markdown
import numpy as np
import results
import tables

TABLES = ("generated_rare", "adult", "ai4i2020", "credit_default", "bank_marketing")
WAYS = {
    "nothing": "nothing",
    "weights": "class weights",
    "over": "over-sampling",
    "under": "under-sampling",
    "smote": "SMOTE",
}
SETTINGS = {"features": "plain", "n_estimators": 300, "num_leaves": 15}
MOST_ROWS, RESAMPLES = 20_000, 400


def main() -> None:
    options = _options()
    result = results.Result("imbalance", options)
    for name in options.tables:
        wanted = [way for way in options.ways if f"{name}, {way}" not in result.document["rows"]]
        if not wanted:
            continue
        try:
            rows = Rows(name, options)
        except tables.MissingTable as error:
            results.say(f"{name}: not measured, {error}")
            continue
        reference = rows.measure("nothing")  # what the others are compared with, on the same test rows
        for way in wanted:
            found = dict(reference if way == "nothing" else rows.measure(way))
            low, high = rows.interval(found["flagged"], reference["flagged"])
            found |= {"gain": found["f1"] - reference["f1"], "gain_low": low, "gain_high": high}
            del found["flagged"]
            result.add(f"{name}, {way}", {"table": name, "way": way, **rows.facts, **found})


class Rows:
    """A table cut into development and test rows, with folds.

    Args:
        name: of the table.
        options: the parsed options.
    """

    def __init__(self, name: str, options: argparse.Namespace):
        frame = holdout.sample(name, options.data, options.rows)
        dataset, target = holdout.understood(frame, tables.TABLES[name].target)
        self.positive = int(np.bincount(dataset.y, minlength=2).argmin())
        learn, self.test = holdout.cut(dataset, holdout.stratified(dataset.y))
        self.work = holdout.folded(learn, target)
        self.label = self.test.y == self.positive
        self.facts = {"n_rows": len(learn), "n_test": len(self.test), "share": float(self.label.mean())}

    def measure(self, way: str) -> dict[str, Any]:
        """The figures of one way on the test rows, and (n,) which of them the tuned threshold flags."""
        from dataclasses import replace

        from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

        from trainwright.evaluate.thresholds import ThresholdRule, choose_threshold
        from trainwright.training.plan import Step
        from trainwright.training.rebalance import Rebalance
        from trainwright.training.recalibrate import recalibrated
        from trainwright.training.scores import gather

        work = self.work
        if way != "nothing":
            work = replace(work, rebalance=Rebalance(way, work.target))
        before = time.perf_counter()
        as_learned = holdout.fitted(Step("lightgbm", "lightgbm", SETTINGS, inner=0.125), work)
        seconds = time.perf_counter() - before
        [trial] = recalibrated([as_learned], work)
        oof = gather([trial], work)
        held_out = oof.predictions["lightgbm"]
        target = replace(work.target, positive=work.target.classes[self.positive])
        tuned = choose_threshold(target, oof.y, held_out, rule=ThresholdRule(maximise="f1"))
        assert tuned is not None
        raw, p = (holdout.averaged(t, self.test.columns)[:, self.positive] for t in (as_learned, trial))
        flagged = p >= tuned.value
        return {
            "auc": float(roc_auc_score(self.label, p)),
            "ap": float(average_precision_score(self.label, p)),
            "f1_half": float(f1_score(self.label, raw >= 0.5)),
            "f1": float(f1_score(self.label, flagged)),
            "threshold": tuned.value,
            "loss_raw": float(log_loss(self.label, np.clip(raw, 1e-15, 1 - 1e-15))),
            "loss": float(log_loss(self.label, np.clip(p, 1e-15, 1 - 1e-15))),
            "mean_raw": float(raw.mean()),
            "mean": float(p.mean()),
            "seconds": seconds,
            "flagged": flagged,
        }

    def interval(self, ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
        """A 95 % interval of the difference in F1 on the same test rows, by resampling them."""
        rng = np.random.default_rng(0)
        n, draws = len(self.label), []
        for _ in range(RESAMPLES):
            times = np.bincount(rng.integers(0, n, n), minlength=n)
            draws.append(_f1(self.label, ours, times) - _f1(self.label, theirs, times))
        low, high = np.quantile(draws, [0.025, 0.975])
        return float(low), float(high)


def _f1(label: np.ndarray, flagged: np.ndarray, times: np.ndarray) -> float:
    """F1 of rows that count so many times."""
    found = float(times[label & flagged].sum())
    return 2 * found / max(float(times[label].sum() + times[flagged].sum()), 1.0)


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    head = ["table", "rare class", "what was done", "ROC-AUC", "average precision", "F1 at one half, as learned"]
    head += ["F1 at tuned threshold", "difference to tuning alone (95 %)", "log-loss as learned", "calibrated"]
    head += ["mean probability as learned", "calibrated", "s"]
    shown = markdown.table(
        head,
        [
            [
                *(r["table"], f"{r['share']:.1%}", WAYS[r["way"]], r["auc"], r["ap"], r["f1_half"], r["f1"]),
                "–" if r["way"] == "nothing" else f"{r['gain']:+.3f} ({r['gain_low']:+.3f} to {r['gain_high']:+.3f})",
                *(r["loss_raw"], r["loss"], f"{r['mean_raw']:.1%}", f"{r['mean']:.1%}", round(r["seconds"], 1)),
            ]
            for r in rows
        ],
    )
    others = [r for r in rows if r["way"] != "nothing"]
    plain = [r for r in rows if r["way"] == "nothing"]
    better, worse = (sum(r["gain_low"] > 0 for r in others), sum(r["gain_high"] < 0 for r in others))
    off = max((abs(r["mean"] / r["share"] - 1) for r in others), default=0.0)
    return f"""## Rare classes

Does giving rare classes more say while training help, once the threshold is tuned? The same folds, the same LightGBM
and the same test rows each time; the threshold is chosen on held-out rows, never on test rows.
**Of {len(others)} pairs of table and remedy, {better} beat tuning alone beyond chance, {worse} did worse beyond chance,
and {len(others) - better - worse} cannot be told apart.** Tuning alone raised F1 by
{markdown.mean([r["f1"] - r["f1_half"] for r in plain]):.3f} on average over a threshold of one half. "As learned"
shows what the remedies do to probabilities; calibrated on held-out rows the mean probability of the rare class is
within {off:.1%} of its share in the test rows.

{shown}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--ways", type=results.names, default=list(WAYS), help=f"of {', '.join(WAYS)}")
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="rows of a table at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
