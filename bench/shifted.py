"""Later rows and new groups: what the development rows promised against the sealed result, ours and AutoGluon's.

    python bench/shifted.py --data DATA --peers FOLDER

Gas turbine in row order (the sealed rows are the latest), wrist movements of volunteers and run-to-failure engines
(the sealed rows belong to volunteers and engines that were never trained on). Ours is told the order or the group;
AutoGluon learns from the same development rows and features and estimates its figure by random folds, since nothing
in a table tells it otherwise. FOLDER is that of bench/field.py. About 15 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import contest
import markdown
import numpy as np
import processes
import results
import scores
import tables

# Table, target, and how the rows hang together.
CASES = {
    "gas_turbine, carbon monoxide": ("gas_turbine", "Carbon monoxide", ("--time", "row-order")),
    "gas_turbine, nitrogen oxides": ("gas_turbine", "Nitrogen oxides", ("--time", "row-order")),
    "wrist movements by volunteer": ("wrist", "activity", ("--group", "volunteer")),
    "engine life by engine": ("engines", "remaining_cycles", ("--group", "engine")),
}


def main() -> None:
    options = _options()
    result = results.Result("shifted", options)
    for case in CASES:
        key = f"{case}, {options.limit:g} s"
        result.measured(key, measure, case, options)


def measure(case: str, options: argparse.Namespace) -> dict[str, Any]:
    """Trains ours, hands its parts to AutoGluon, and notes what each expected and got."""
    name, target, more = CASES[case]
    with TemporaryDirectory() as root:
        folder = Path(root)
        tables.load(name, options.data, target).write_csv(folder / "table.csv")
        workspace = folder / "workspace"
        wanted = ("--metric", "log_loss") if name == "wrist" else ("--metric", "rmse", "--task", "number")
        measured, document = processes.train(
            folder / "table.csv", target, workspace=workspace, limit=options.limit, more=(*more, *wanted)
        )
        predictor = contest.hand_out(folder, document)
        y, test = contest.test_rows(folder, predictor)
        task = predictor.target.task
        metric = scores.name_of(task, max(predictor.target.n_outputs, 3) if task == "classes" else 1)
        row: dict[str, Any] = {
            "case": case,
            "metric": metric,
            "rows": document["n_rows"],
            "expected": document["expected"],
            "ours": scores.score(metric, y, predictor.predict_raw(test)),
            "selected": document["selected"],
            "wall_s": measured.wall_s,
        }
        if options.peers is not None:
            python = options.peers / "autogluon" / "bin" / "python"
            told = contest.run_peer("autogluon", folder, target, task, python=python, limit=options.limit)
            found = scores.score(metric, y, np.load(folder / "autogluon.npy"))
            row["autogluon"] = {"expected": told["validation"], "score": found, "seconds": told["fit_s"]}
    expected = row["expected"]
    return {**row, "inside": expected["low"] <= row["ours"] <= expected["high"]}


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    lines = []
    for row in rows:
        expected, peer = row["expected"], row.get("autogluon")
        shown = f"{expected['value']:.4g} ({expected['low']:.4g} to {expected['high']:.4g})"
        lines.append(
            [row["case"], row["metric"], shown, f"{row['ours']:.4g}", row["inside"]]
            + ([f"{peer['expected']:.4g}", f"{peer['score']:.4g}"] if peer else ["–", "–"])
            + ([f"{peer['score'] / peer['expected'] - 1:+.0%}"] if peer else ["–"])
        )
    inside = sum(row["inside"] for row in rows)
    head = ["case", "metric (less is better)", "ours expected", "ours sealed", "inside"]
    head += ["AutoGluon's validation", "AutoGluon sealed", "worse than it said"]
    return f"""## Later rows and new groups

The figure expected from the development rows against the sealed result, where the sealed rows are later or belong to
groups never seen. **Ours lies inside its stated range in {inside} of {len(rows)}.** AutoGluon states one figure
without a range; it learned from the same development rows.

{markdown.table(head, lines)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--peers", type=Path, help="the folder of the peers' environments; ours alone without it")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
