"""Decisions: what a chosen threshold costs on the sealed test against one half, and whether promises are kept there.

    python bench/decisions.py --data DATA [--tables ai4i2020,bank_marketing] [--time-limit 60s]

Each table is trained once (the default plan, 60 seconds). Then `trainwright.decide` chooses on out-of-fold rows for
several costs of a miss against a false alarm, and for held precision and recall. A quarter of the rows, stratified, is
kept from the training as the sealed test; the packaged model judges them afterwards, with the chosen threshold and with
one half; nothing is chosen by them. The interval is of the saving per 1,000 cases, over resampled test rows.
About 6 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import holdout
import markdown
import numpy as np
import results
import tables

TABLES = ("ai4i2020", "credit_default", "bank_marketing")
RATIOS = (2, 5, 20, 100)
PROMISES = (("min_recall", 0.5), ("min_recall", 0.8), ("min_precision", 0.5), ("min_precision", 0.7))
RESAMPLES = 1_000


def main() -> None:
    options = _options()
    result = results.Result("decisions", options)
    for name in options.tables:
        wanted = [key for key in _keys(name, options) if key not in result.document["rows"]]
        if not wanted:
            continue
        try:
            sealed = Sealed(name, options)
        except tables.MissingTable as error:
            results.say(f"{name}: not measured, {error}")
            continue
        for ratio in options.ratios:
            key = f"{name}, a miss costs {ratio}"
            if key in wanted:
                result.add(key, {"table": name, "kind": "cost", "ratio": ratio, **sealed.costs(ratio)})
        for goal, level in PROMISES:
            key = f"{name}, {goal} {level:g}"
            if key in wanted:
                result.add(
                    key, {"table": name, "kind": "promise", "goal": goal, "level": level, **sealed.kept(goal, level)}
                )


def _keys(name: str, options: argparse.Namespace) -> list[str]:
    costs = [f"{name}, a miss costs {ratio}" for ratio in options.ratios]
    return costs + [f"{name}, {goal} {level:g}" for goal, level in PROMISES]


class Sealed:
    """A trained table with the packaged model's probabilities for the rows that the training sealed.

    Args:
        name: of the table.
        options: the parsed options.
    """

    def __init__(self, name: str, options: argparse.Namespace):
        import polars as pl

        import trainwright as tw

        label = tables.TABLES[name].target
        frame = holdout.sample(name, options.data, options.rows)
        # A test part of our own, which the training never sees, so that this script may look at it again and again.
        values = frame[label].cast(pl.String).to_numpy()
        test = holdout.stratified(values)
        self._folder = tempfile.TemporaryDirectory()
        self.workspace = Path(self._folder.name) / "workspace"
        settings = {"training.families": tuple(options.families)} if options.families else {}
        tw.train(
            frame.filter(~pl.Series(test)), target=label, project="bench", time_limit=options.time_limit,
            workspace=self.workspace, settings={"data.test_size": 0.0, **settings},
        )  # fmt: skip
        model = tw.load("bench", workspace=self.workspace)
        self.positive = str(model.target.positive)
        self.label = values[test] == self.positive
        self.p = model.predict_proba(frame.filter(pl.Series(test)))[:, model.target.positive_index]
        self.facts = {"n_rows": int((~test).sum()), "n_test": int(test.sum()), "share": float(self.label.mean())}

    def costs(self, ratio: float) -> dict[str, Any]:
        """The cost of 1,000 sealed cases by the decision and by one half."""
        import trainwright as tw

        found = tw.decide("bench", cost={"fp": 1, "fn": ratio}, workspace=self.workspace)
        cut = found["policy"]["high"]
        ours, half = (self._paid(self.p >= t, ratio) for t in (cut, 0.5))
        rng = np.random.default_rng(0)
        n, saved = len(self.label), half - ours
        draws = [1000 * saved[rng.integers(0, n, n)].mean() for _ in range(RESAMPLES)]
        low, high = np.quantile(draws, [0.025, 0.975])
        said = found["figures"]["cost_per_1000"]
        return {
            **self.facts, "threshold": cut, "cost": 1000 * float(ours.mean()), "half": 1000 * float(half.mean()),
            "saved": 1000 * float(saved.mean()), "saved_low": float(low), "saved_high": float(high),
            "said": said["value"], "said_low": said["low"], "said_high": said["high"],
        }  # fmt: skip

    def kept(self, goal: str, level: float) -> dict[str, Any]:
        """The precision or recall on sealed rows of a decision that promised a lower bound."""
        import trainwright as tw

        try:
            found = tw.decide("bench", workspace=self.workspace, **{goal: level})
        except tw.UserError as error:
            return {**self.facts, "refused": error.problem}
        flagged = self.p >= found["policy"]["high"]
        hits = float((flagged & self.label).sum())
        of = float(self.label.sum() if goal == "min_recall" else flagged.sum())
        value = hits / of if of else float("nan")
        return {
            **self.facts,
            "threshold": found["policy"]["high"],
            "value": value,
            "of": of,
            "kept": bool(value >= level),
        }

    def _paid(self, flagged: np.ndarray, ratio: float) -> np.ndarray:
        return np.where(flagged, ~self.label * 1.0, self.label * float(ratio))


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    costs = [r for r in rows if r["kind"] == "cost"]
    promises = [r for r in rows if r["kind"] == "promise"]
    shown = markdown.table(
        [
            "table",
            "positive",
            "a miss costs",
            "threshold",
            "cost of 1,000 cases",
            "by one half",
            "saved (95 %)",
            "expected",
        ],
        [
            [
                *(
                    r["table"],
                    f"{r['share']:.1%}",
                    f"{r['ratio']:g}",
                    r["threshold"],
                    f"{r['cost']:.1f}",
                    f"{r['half']:.1f}",
                ),
                f"{r['saved']:.1f} ({r['saved_low']:.1f} to {r['saved_high']:.1f})",
                f"{r['said']:.1f} ({r['said_low']:.1f} to {r['said_high']:.1f})",
            ]
            for r in costs
        ],
    )
    held = markdown.table(
        ["table", "promised", "threshold", "on the sealed rows", "kept"],
        [
            [
                *(r["table"], f"{r['goal'].removeprefix('min_')} {r['level']:g}"),
                *((r["threshold"], f"{r['value']:.3f} of {r['of']:.0f}", "yes" if r["kept"] else "**no**")
                  if "kept" in r else ("–", r["refused"], "–")),
            ]
            for r in promises
        ],
    )  # fmt: skip
    better, worse = (sum(r["saved_low"] > 0 for r in costs), sum(r["saved_high"] < 0 for r in costs))
    within = sum(r["said_low"] <= r["cost"] <= r["said_high"] for r in costs)
    made = [r for r in promises if "kept" in r]
    return f"""## Decisions

What a threshold chosen on out-of-fold rows costs on rows that neither the training nor the choice saw, against one
half.
A false alarm costs 1. **Of {len(costs)} pairs of table and cost, {better} save beyond chance, {worse} cost more beyond
chance**; the cost lay within the interval that the decision stated in {within} of {len(costs)}.

{shown}

Precision and recall that were promised by their lower 95 % bound: **{sum(r["kept"] for r in made)} of {len(made)} were
kept** on the sealed rows, and {len(promises) - len(made)} were refused because the rows could not vouch for them.

{held}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--ratios", type=results.numbers, default=list(RATIOS), help="costs of a miss, by commas")
    parser.add_argument("--time-limit", default="60s", help="of each training")
    parser.add_argument("--families", type=results.names, default=[], help="instead of the default plan")
    parser.add_argument("--rows", type=int, default=30_000, help="rows of a table at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
