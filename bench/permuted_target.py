"""With a permuted target nothing can be learned: does the validation interval contain chance, and does the report say
that no baseline is beaten?

    python bench/permuted_target.py --data DATA

Twenty fixed seeds, each once as usual and once with everything on that looks at predictions (a search, stacking,
columns chosen in the fold, a calibration, a decision). Each draws 3,000 rows of adult, adds three columns of many
values that say nothing (what target encodings overfit to), permutes the target, and trains. An honest 95 %
interval misses chance once in twenty; more than three misses of twenty speak against it. About 16 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import everything_on
import markdown
import numpy as np
import polars as pl
import processes
import results
import tables

CHANCE = 0.5
AIM = 17
MODES = everything_on.MODES


def main() -> None:
    options = _options()
    result = results.Result("permuted_target", options)
    for mode, seed in product(options.modes, range(options.seeds)):
        key = f"seed {seed}, {options.rows} rows, {options.limit:g} s"
        key += "" if mode == everything_on.PLAIN else f", {mode}"
        if result.has(key):
            continue
        try:
            frame = permuted(options.data, options.rows, seed)
        except tables.MissingTable as error:
            results.say(f"not measured: {error}")
            return
        result.add(key, measure(frame, options.limit, seed, mode))


def permuted(data: Path | None, rows: int, seed: int) -> pl.DataFrame:
    """A sample of adult with columns of many values, and the target permuted."""
    rng = np.random.default_rng(1_000 + seed)
    frame = tables.load("adult", data)
    sample = tables.many_values(frame[np.sort(rng.choice(frame.height, rows, replace=False))], rng)
    return sample.with_columns(sample["income"].gather(rng.permutation(rows)))


def measure(frame: pl.DataFrame, limit: float, seed: int, mode: str = everything_on.PLAIN) -> dict[str, Any]:
    """Trains on it with the default plan, or with everything on, and reads interval and verdict."""
    chosen, missing = everything_on.overrides(mode, classes=2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "permuted.csv"
        frame.write_csv(path)
        config = Path(folder) / "run.yaml"
        config.write_text(everything_on.written(chosen), "utf-8")
        workspace = Path(folder) / "workspace"
        measured, document = processes.train(
            path,
            "income",
            workspace=workspace,
            limit=limit,
            more=("--seed", str(seed), "--metric", "roc_auc", *(("--config", str(config)) if chosen else ())),
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
        "mode": mode,
        "missing": missing,
        "calibration": document["calibration"]["kind"],
        "rows": frame.height,
        "candidates": len(document["leaderboard"]),
        "contenders": sum(row["role"] == "candidate" for row in document["leaderboard"]),
        "wall_s": measured.wall_s,
    }


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].items())
    by_mode = {mode: [(k, r) for k, r in rows if r.get("mode", everything_on.PLAIN) == mode] for mode in MODES}
    verdict, size = rows[0][1]["verdict"], rows[0][1]["rows"]
    parts = [_part(mode, found) for mode, found in by_mode.items() if found]
    return f"""## Permuted target

{size:,} rows of adult with three added columns of many values and the target permuted: there is nothing to learn. An
honest 95 % interval misses chance once in twenty (aim: {AIM} of 20 contain it). Where no baseline is beaten the
report says so, such as: "{verdict}"

{chr(10).join(parts)}
{markdown.footer(result)}
"""


def _part(mode: str, rows: list[tuple[str, dict[str, Any]]]) -> str:
    """The trainings that chose in one way."""
    n = len(rows)
    inside = sum(row["contains_chance"] for _, row in rows)
    silent = sum(not row["beats_baselines"] and row["verdict_in_report"] for _, row in rows)
    table = markdown.table(
        ["seed", "validation ROC-AUC", "low", "high", "contains 0.5", "no baseline beaten", "selected", "contenders"],
        [
            [
                key.split(",")[0].removeprefix("seed "), r["value"], r["low"], r["high"], r["contains_chance"],
                not r["beats_baselines"], r["selected"], r["contenders"],
            ]
            for key, r in rows
        ],
    )  # fmt: skip
    what = "Trained as usual" if mode == everything_on.PLAIN else f"With {everything_on.WORDS}"
    missing = sorted({name for _, row in rows for name in row.get("missing", [])})
    left_out = f" (left out, because this release does not have them: {', '.join(missing)})" if missing else ""
    return f"""{what}{left_out}: **the interval contains chance on {inside} of {n} seeds, and on {silent} of {n}
the report says that no baseline is beaten.**

{table}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--rows", type=int, default=3_000, help="of adult")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of one training")
    parser.add_argument("--modes", type=results.names, default=list(MODES), help="what is chosen")
    return parser.parse_args()


if __name__ == "__main__":
    main()
