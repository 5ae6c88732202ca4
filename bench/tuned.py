"""Searched settings against the defaults on shared tables: the corrected gain, its interval, and what it cost.

    python bench/tuned.py --data DATA [--tables adult,concrete] [--families lightgbm,catboost]

A third of each table is put aside as fresh rows before anything is trained. A short training makes the split; a search
on its development rows tries the family's wide space until `--seconds` are over. The gain is the winner's over the
family's defaults on out-of-fold rows, with what choosing adds taken off. Whether that word is right is asked of the
fresh rows: the fold models of both predict them. About 45 minutes on 2 cores with 5 minutes for each search.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import numpy as np
import polars as pl
import processes
import results
import tables

TABLES = ("adult", "credit_default", "steel_plates", "concrete")
FAMILIES = ("lightgbm", "catboost")
SECONDS, TRIALS, FRESH = 300.0, 60, 1 / 3


def main() -> None:
    options = _options()
    result = results.Result("tuned", options)
    for name in options.tables:
        for family in options.families:
            key = f"{name}, {family}, {options.seconds:g} s"
            result.measured(key, measure, name, family, options)


def measure(name: str, family: str, options: argparse.Namespace) -> dict[str, Any]:
    """A short training for the split, a search on it, and both candidates on the fresh rows."""
    import trainwright as tw

    whole = tables.load(name, options.data)
    if whole.height > options.rows:
        whole = whole.sample(options.rows, seed=0)
    whole = whole.sample(fraction=1.0, shuffle=True, seed=1)
    cut = round(whole.height * (1 - FRESH))
    with TemporaryDirectory() as folder:
        path, place = Path(folder) / f"{name}.csv", Path(folder) / "workspace"
        whole[:cut].write_csv(path)
        task = tables.TABLES[name].task
        more = ("--families", "linear", *(("--task", task) if task else ()))
        processes.train(path, tables.TABLES[name].target, workspace=place, limit=options.first, more=more)
        found = tw.tune(
            name,
            families=[family],
            space="wide",
            method=options.method,
            trials=options.trials,
            time_limit=options.seconds,
            train=False,
            workspace=place,
        )
        fresh = on_fresh_rows(place, found.document, whole[cut:])
    document, gain = found.document, found.gain
    return {
        "table": name,
        "family": family,
        "metric": document["metric"],
        "method": document["method"],
        "trials": len(found.trials),
        "pruned": document["counts"].get("pruned", 0),
        "default": document["default"]["score"],
        "as_chosen": gain.get("as_chosen", 0.0),
        "gain": gain.get("value", 0.0),
        "low": gain.get("low", 0.0),
        "high": gain.get("high", 0.0),
        "verdict": gain["verdict"],
        "fresh": fresh,
        "fresh_rows": whole.height - cut,
        "search_s": sum(row["wall_s"] or 0.0 for row in found.trials),
        "default_s": document["default"]["wall_s"],
        "settings": document["best"]["settings"],
    }


def on_fresh_rows(place: Path, document: dict[str, Any], frame: pl.DataFrame) -> float:
    """How much better the winner's fold models are than the defaults' on rows that nothing saw."""
    from trainwright.data.infer import conform, encode_target
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace
    from trainwright.training.fitting import fit_fold
    from trainwright.training.material import Custom, load_material
    from trainwright.training.tuning.ground import stand_on
    from trainwright.training.tuning.step import step_of

    workspace = open_workspace(place)
    with read(workspace) as connection:
        run = get_run(connection, document["run"])
    ground = stand_on(workspace, run, time.time())
    material = load_material(workspace, run.id, time.time(), Custom())
    known, _ = conform(frame, material.schema)
    y = encode_target(known[material.target.column], material.target)
    usable = y >= 0 if material.target.task == "classes" else np.isfinite(y)
    columns = material.layout.encode(known.filter(pl.Series(usable)))
    scores = []
    for row in (document["best"], document["default"]):
        step = step_of(row["family"], row["settings"], ground.facts)
        folds = range(len(ground.work.folds))
        parts = [fit_fold(step, i, ground.work, lambda event: None).estimator.predict(columns) for i in folds]
        scores.append(ground.metric(y[usable], np.mean(parts, axis=0), None))
    difference = float(scores[0] - scores[1])
    return (difference if ground.metric.greater_is_better else -difference) + 0.0  # no minus zero


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = [
        [
            row["table"],
            row["family"],
            row["metric"],
            f"{row['trials']} ({row['pruned']} stopped early)",
            row["default"],
            row["as_chosen"],
            f"{row['gain']:.4g} ({row['low']:.4g} to {row['high']:.4g})",
            row["verdict"],
            row["fresh"],
            f"{row['search_s'] / max(row['default_s'], 1e-9):,.0f} times",
        ]
        for row in result["rows"].values()
    ]
    head = ["table", "family", "metric", "trials", "defaults", "gain as chosen", "gain corrected (95 %)", "verdict"]
    head += ["gain on fresh rows", "cost, in fits of the defaults"]
    inside = [row["low"] <= row["fresh"] <= row["high"] for row in result["rows"].values()]
    return f"""## Searched settings

`trainwright tune` on the family's wide space against its defaults, on the same folds; gains are in the metric's
own units, above 0 is better. The corrected gain had what choosing adds taken off; of {len(inside)} intervals
{sum(inside)} hold the gain on fresh rows, which were put aside before anything was trained.

{markdown.table(head, rows)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES))
    parser.add_argument("--families", type=results.names, default=list(FAMILIES))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each search")
    parser.add_argument("--first", type=float, default=30.0, help="seconds of the training that makes the split")
    parser.add_argument("--trials", type=int, default=TRIALS, help="at most, for each search")
    parser.add_argument("--rows", type=int, default=20_000, help="at most so many rows of a table")
    parser.add_argument("--method", default="auto")
    return parser.parse_args()


if __name__ == "__main__":
    main()
