"""Calibration: how far probabilities are from what happens, as they come and after each kind of calibration.

    python bench/calibration.py --data DATA [--tables adult,steel_plates] [--families lightgbm,forest]

A quarter of the rows, stratified, is the test part, which nothing is chosen or fitted by. On the others three folds of
a family are fitted; each kind of calibration is fitted on their held-out rows, and applied to the average of the fold
models on the test rows, as a package does. "Auto" is what a training would take. The calibration error is the one that
reports show (bins with the same number of rows, chance taken out); the interval is of the change in log-loss over
resampled test rows. About 4 minutes on 2 cores.
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

TABLES = ("adult", "credit_default", "bank_marketing", "telco_churn", "ai4i2020", "steel_plates", "digits")
KINDS = ("none", "temperature", "sigmoid", "isotonic", "auto")
SETTINGS: dict[str, dict[str, Any]] = {
    "lightgbm": {"features": "plain", "n_estimators": 300, "num_leaves": 15},
    "forest": {"n_estimators": 100},
    "linear": {},
}
# A booster that does not stop in time is too sure of itself; one that stops on rows of its own is not. Both are shown.
INNER = {"lightgbm stopped": ("lightgbm", 0.125), "lightgbm": ("lightgbm", 0.0), "forest": ("forest", 0.0)}
MOST_ROWS = 20_000


def main() -> None:
    options = _options()
    result = results.Result("calibration", options)
    for name in options.tables:
        wanted = [family for family in options.families if f"{name}, {family}" not in result.document["rows"]]
        if not wanted:
            continue
        try:
            rows = Rows(name, options)
        except tables.MissingTable as error:
            results.say(f"{name}: not measured, {error}")
            continue
        for family in wanted:
            result.add(f"{name}, {family}", {"table": name, "family": family, **rows.facts, **rows.measure(family)})


class Rows:
    """A table cut into development and test rows, with folds.

    Args:
        name: of the table.
        options: the parsed options.
    """

    def __init__(self, name: str, options: argparse.Namespace):
        frame = holdout.sample(name, options.data, options.rows)
        dataset, self.target = holdout.understood(frame, tables.TABLES[name].target)
        learn, self.test = holdout.cut(dataset, holdout.stratified(dataset.y))
        self.work = holdout.folded(learn, self.target)
        rarest = int(np.bincount(learn.y, minlength=self.target.n_outputs).min())
        self.facts = {
            "n_rows": len(learn), "n_test": len(self.test), "classes": self.target.n_outputs, "rarest": rarest,
        }  # fmt: skip

    def measure(self, family: str) -> dict[str, Any]:
        """The figures of each kind on the test rows."""
        from trainwright.evaluate.calibration_choice import Rows as HeldOut
        from trainwright.evaluate.calibration_choice import choose_calibration
        from trainwright.evaluate.reliability import compare
        from trainwright.training.plan import Step
        from trainwright.training.scores import gather

        name, inner = INNER.get(family, (family, 0.0))
        before = time.perf_counter()
        trial = holdout.fitted(Step(name, name, SETTINGS.get(name, {}), inner=inner), self.work)
        fitted = time.perf_counter() - before
        oof = gather([trial], self.work)
        held_out = HeldOut(oof.y, oof.predictions[name], oof.fold)
        plain = holdout.averaged(trial, self.test.columns)
        found: dict[str, Any] = {"kinds": {}, "fit_s": fitted}
        for kind in KINDS:
            before = time.perf_counter()
            choice = choose_calibration(held_out, asked=kind, classes=self.target.classes)
            seconds = time.perf_counter() - before
            shown = choice.calibration.apply(plain)
            measured = compare(self.target, self.test.y, plain, shown)
            after, change = measured["after"]["metrics"], measured["difference"]
            found["kinds"][kind] = {
                "chosen": choice.kind,
                "error": after["calibration_error"]["value"],
                "log_loss": after["log_loss"]["value"],
                "brier": after["brier"]["value"],
                "change": change["log_loss"]["value"],
                "change_low": change["log_loss"]["low"],
                "change_high": change["log_loss"]["high"],
                "error_change": change["calibration_error"]["value"],
                "error_low": change["calibration_error"]["low"],
                "error_high": change["calibration_error"]["high"],
                "sentence": measured["sentence"],
                "seconds": seconds,
            }
            if kind == "auto":
                found |= {"reason": choice.reason, "chosen": choice.kind}
        return found


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    head = ["table", "model", "rows of the rarest class", "taken by auto"]
    head += ["calibration error as it comes", *KINDS[1:]]
    head += ["log-loss as it comes", *KINDS[1:], "change by auto (95 %)"]
    shown = markdown.table(
        head,
        [
            [
                *(r["table"], r["family"], r["rarest"], r["chosen"]),
                *(r["kinds"][kind]["error"] for kind in KINDS),
                *(r["kinds"][kind]["log_loss"] for kind in KINDS),
                "–" if r["chosen"] == "identity" else _change(r["kinds"]["auto"]),
            ]
            for r in rows
        ],
    )
    auto = [r["kinds"]["auto"] for r in rows]
    better = sum((r["change_high"] or 0.0) < 0 for r in auto)
    worse = sum((r["change_low"] or 0.0) > 0 for r in auto)
    regret = [
        r["kinds"]["auto"]["log_loss"] - min(r["kinds"][kind]["log_loss"] for kind in KINDS if kind != "auto")
        for r in rows
    ]
    before, after = (markdown.mean([r["kinds"][kind]["error"] for r in rows]) for kind in ("none", "auto"))
    said = next((r for r in rows if r["chosen"] != "identity"), rows[0])
    return f"""## Calibration

Do probabilities mean what they say? Each kind of calibration is fitted on held-out rows of the folds and judged on test
rows that nothing was chosen by. **The calibration error falls from {before:.4f} to {after:.4f} on average with the kind
that auto takes; of {len(rows)} pairs of table and model its log-loss is lower beyond chance on {better}, higher beyond
chance on {worse}, and not to be told apart on {len(rows) - better - worse}.** Compared with the kind that turns out
best on the test rows, which nobody can know beforehand, auto gives away {markdown.mean(regret):.4f} of log-loss on
average and {max(regret):.4f} at most. In words, for {said["family"]} on {said["table"]}: as it comes,
"{said["kinds"]["none"]["sentence"]}"; calibrated, "{said["kinds"]["auto"]["sentence"]}"

{shown}

"Stopped" boosters stop by rows of their own; the others run 300 rounds and become too sure of themselves.

{markdown.footer(result)}
"""


def _change(kind: dict[str, Any]) -> str:
    """The change in log-loss with its interval."""
    if kind["change_low"] is None:
        return f"{kind['change']:+.4f}"
    return f"{kind['change']:+.4f} ({kind['change_low']:+.4f} to {kind['change_high']:+.4f})"


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--families", type=results.names, default=["lightgbm stopped", "lightgbm", "forest", "linear"])
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="rows of a table at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
