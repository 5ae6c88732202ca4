"""With a permuted target nothing can be learned: does the validation interval contain chance, and does the report say
that no baseline is beaten?

    python bench/permuted_target.py --data DATA

Twenty fixed seeds; each draws 3,000 rows of adult, adds three columns of many values that say nothing (what target
encodings overfit to), permutes the target, and trains the default plan. A 95 % interval that is honest misses chance
once in twenty; more than three misses speak against it. About 8 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import numpy as np
import polars as pl
import processes
import results
import tables

CHANCE = 0.5
AIM = 17


def main() -> None:
    options = _options()
    result = results.Result("permuted_target", options)
    for seed in range(options.seeds):
        key = f"seed {seed}, {options.rows} rows, {options.limit:g} s"
        if result.has(key):
            continue
        try:
            frame = permuted(options.data, options.rows, seed)
        except tables.MissingTable as error:
            results.say(f"not measured: {error}")
            return
        result.add(key, measure(frame, options.limit, seed))


def permuted(data: Path | None, rows: int, seed: int) -> pl.DataFrame:
    """A sample of adult with columns of many values, and the target permuted."""
    rng = np.random.default_rng(1_000 + seed)
    frame = tables.load("adult", data)
    sample = tables.many_values(frame[np.sort(rng.choice(frame.height, rows, replace=False))], rng)
    return sample.with_columns(sample["income"].gather(rng.permutation(rows)))


def measure(frame: pl.DataFrame, limit: float, seed: int) -> dict[str, Any]:
    """Trains on it with the default plan, and reads interval and verdict."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "permuted.csv"
        frame.write_csv(path)
        workspace = Path(folder) / "workspace"
        measured, document = processes.train(
            path, "income", workspace=workspace, limit=limit, more=("--seed", str(seed), "--metric", "roc_auc")
        )
        report = Path(document["report"]).read_text("utf-8")
    interval = document["validation"]["roc_auc"]
    return {
        **{name: interval[name] for name in ("value", "low", "high")},
        "contains_chance": interval["low"] <= CHANCE <= interval["high"],
        "beats_baselines": bool(document["comparison"]["beats_baselines"]),
        "verdict": document["verdict"],
        "verdict_in_report": document["verdict"].replace("\xa0", " ")[:60] in report.replace("\xa0", " "),
        "selected": document["selected"],
        "rows": frame.height,
        "candidates": len(document["leaderboard"]),
        "contenders": sum(row["role"] == "candidate" for row in document["leaderboard"]),
        "wall_s": measured.wall_s,
    }


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    n = len(rows)
    inside = sum(row["contains_chance"] for row in rows.values())
    silent = sum(not row["beats_baselines"] and row["verdict_in_report"] for row in rows.values())
    table = markdown.table(
        ["seed", "validation ROC-AUC", "low", "high", "contains 0.5", "no baseline beaten", "selected", "contenders"],
        [
            [
                key.split(",")[0].removeprefix("seed "), r["value"], r["low"], r["high"], r["contains_chance"],
                not r["beats_baselines"], r["selected"], r["contenders"],
            ]
            for key, r in rows.items()
        ],
    )  # fmt: skip
    verdict = next(iter(rows.values()))["verdict"]
    size = next(iter(rows.values()))["rows"]
    return f"""## Permuted target

{size:,} rows of adult with three added columns of many values and the target permuted: there is nothing to learn.
**The validation interval contains chance on {inside} of {n} seeds** (aim: {AIM} of 20; an honest 95 % interval misses
one in twenty), and **on {silent} of {n} the report says that no baseline is beaten**, such as: "{verdict}"

{table}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--rows", type=int, default=3_000, help="of adult")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of one training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
