"""Noise in every label of the sealed test changes nothing but the test figures; noise in a fold's held-out labels
changes nothing in that fold's model.

    python bench/poisoned_test.py --data DATA

Part 1 trains twice with one plan, once on clean and once on poisoned test labels, and compares what came out byte by
byte. Three ways of poisoning: in the user's own test file (`--test`), in the stored labels between the preparation of
a run and its execution, and in the rows that a split column calls test. Part 2 fits every family on one fold, and the
encoders of its preparation with it, with clean and with poisoned held-out labels, and compares the saved models.
About 30 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from itertools import product
from typing import Any

import everything_on
import fold_poison
import markdown
import results
import sealed_poison

TABLES = ("breast_cancer_kinds", "generated_four", "generated_number")


def main() -> None:
    options = _options()
    result = results.Result("poisoned_test", options)
    for name, mode, way in product(options.tables, options.modes, options.ways):
        key = f"sealed test, {name}, {way}" + ("" if mode == everything_on.PLAIN else f", {mode}")
        result.measured(key, sealed_poison.compare, name, way, options.data, options.rounds, mode)
    for task in options.tasks:
        for case in fold_poison.cases(options.families, task):
            key = f"fold, {task}, {case.title}"
            result.measured(key, fold_poison.compare, case, task, options.rounds)


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    sealed = [row for row in rows.values() if row["part"] == "sealed test"]
    folds = [row for row in rows.values() if row["part"] == "fold"]
    head = ["table", "where the noise is", "chosen", "labels changed", *sealed_poison.SHOWN, "test figures changed"]
    first = markdown.table(
        head,
        [
            [
                *(r["table"], r["way"], r.get("mode", everything_on.PLAIN), r["labels"]),
                *(r["same"].get(k, "–") for k in sealed_poison.SHOWN),
                r["test_changed"],
            ]
            for r in sealed
        ],
    )
    second = markdown.table(
        ["family", "task", "labels changed", "saved model byte-identical", "control: training labels change it"],
        [[r["title"], r["task"], r["labels"], r["same"], r["control"]] for r in folds],
    )
    good = sum(all(r["same"].values()) and r["test_changed"] for r in sealed)
    models = sum(r["same"] and r["control"] for r in folds)
    return f"""## Poisoned test

Every label of the sealed test is replaced by noise, and the training is repeated with the same plan. Everything that
could have looked at a test label must stay the same to the byte; only the test figures may change.
**{good} of {len(sealed)} pairs agree in every part.** "Package" is the SHA-256 of its manifest, which holds that of
every file; "result" is all of the result document but times, paths and the test figures. With a split column all rows
come in one file; its content hash and the notes on its class shares are then about the test rows too, and are left out.
{_everything(sealed)}

{first}
{_differences(sealed)}
Then the labels of one fold's held-out rows are replaced by noise and that fold is fitted again, on a table with
numbers, categories of few and many values, a boolean, a date and a text, so that every encoder is part of the saved
model (yes-or-no columns, cross-fitted target averages, crosses, group-by features, date parts, TF-IDF, imputation,
scaling). **{models} of {len(folds)} saved models are byte-identical**, and each one does change when a training
label does (the control). Class weights, over-sampling, under-sampling and SMOTE are among them: what they copy, leave
out or make up follows from the fold's own training rows.

{second}

{markdown.footer(result)}
"""


def _everything(rows: list[dict[str, Any]]) -> str:
    """What was on in the trainings that choose as much as they can, and which parts this release did not have."""
    on = [row for row in rows if row.get("mode") == everything_on.EVERYTHING]
    missing = sorted({name for row in on for name in row["missing"]})
    if not on:
        return ""
    left_out = f" Left out, because this release does not have them: {', '.join(missing)}." if missing else ""
    return f'"Everything on" is {everything_on.WORDS}.{left_out}'


def _differences(rows: list[dict[str, Any]]) -> str:
    """Where the result documents of a pair differ, if any does."""
    found = [f"{r['table']}, {r['way']}: `{'`, `'.join(r['differs'])}`" for r in rows if r["differs"]]
    return "\nDifferent: " + "; ".join(found) + ".\n" if found else ""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES), help="of part 1; empty leaves it out")
    parser.add_argument("--ways", type=results.names, default=list(sealed_poison.WAYS), help="of poisoning, in part 1")
    parser.add_argument(
        "--modes", type=results.names, default=list(everything_on.MODES), help="what a training chooses, in part 1"
    )
    parser.add_argument("--tasks", type=results.names, default=["two", "four", "number"], help="of part 2")
    parser.add_argument("--families", type=results.names, default=[], help="of part 2 (default: every family)")
    parser.add_argument("--rounds", type=int, default=80, help="iterations of the boosters and forests")
    return parser.parse_args()


if __name__ == "__main__":
    main()
