"""Trainings that a time limit steered, repeated from their records: the same package and the same predictions?

    python bench/replay.py --data DATA

Ten budgeted runs on different tables with different limits. Each is repeated by `jobs.launch.repeat`, which obeys the
recorded counts and no clock. Compared are the SHA-256 of the package and, bit by bit, the predictions of both packages
on the sealed test rows and on rows with noise, gaps and unseen values. About 6 minutes on 2 cores.
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

RUNS = (
    ("adult", 20.0),
    ("credit_default", 15.0),
    ("california_housing", 12.0),
    ("steel_plates", 18.0),
    ("bank_marketing", 14.0),
    ("telco_churn", 16.0),
    ("concrete", 10.0),
    ("digits", 15.0),
    ("diabetes", 11.0),
    ("generated_four", 13.0),
)


def main() -> None:
    options = _options()
    result = results.Result("replay", options)
    for name, limit in RUNS:
        limit = limit * options.scale
        key = f"{name}, {limit:g} s"
        if not options.tables or name in options.tables:
            result.measured(key, measure, name, options.data, limit)


def measure(name: str, data: Path | None, limit: float) -> dict[str, Any]:
    """Trains under a limit, repeats the run, and compares the packages."""
    from trainwright.jobs.launch import repeat
    from trainwright.packages.predictor import Predictor
    from trainwright.store.workspace import open_workspace

    with TemporaryDirectory() as folder:
        table = tables.write(name, data, Path(folder))
        place = Path(folder) / "workspace"
        measured, first = processes.train(table, tables.TABLES[name].target, workspace=place, limit=limit)
        again = repeat(open_workspace(place), first["run"])
        pair = [Predictor.open(d["package"]["path"], expected_sha=d["package"]["sha256"]) for d in (first, again)]
        fresh = fresh_rows(open_workspace(place), first["run"])
        predictions = [predictor.predict_raw(fresh) for predictor in pair]
    return {
        "table": name,
        "limit_s": limit,
        "wall_s": measured.wall_s,
        "repeat_s": again["wall_s"],
        "same_package": first["package"]["sha256"] == again["package"]["sha256"],
        "same_predictions": predictions[0].tobytes() == predictions[1].tobytes(),
        "rows": fresh.height,
        "candidates": len(first["leaderboard"]),
        "shortened": len(first["budget"]["shortened"]),
        "selected": first["selected"],
        "shape": first["package"]["shape"],
    }


def fresh_rows(workspace: Any, run_id: int) -> pl.DataFrame:
    """The features of the sealed test rows, and the same rows with numbers moved, gaps and unseen values."""
    from trainwright.data.parts import read_test_features
    from trainwright.store.datasets import get_split
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read

    with read(workspace) as connection:
        split = get_split(connection, get_run(connection, run_id).split_id)
    features = read_test_features(workspace, split)
    assert features is not None
    rng = np.random.default_rng(23)
    moved = []
    for column in features:
        gaps, unseen = (pl.Series(rng.random(column.len()) < 0.05) for _ in range(2))
        if column.dtype.is_float():
            spread = column.std() or 1.0
            column = column + pl.Series(rng.normal(0, 0.5 * spread, column.len())).cast(column.dtype)
        elif column.dtype == pl.String:
            strange = pl.when(unseen).then(pl.lit("never seen")).otherwise(column)
            column = pl.select(strange.alias(column.name)).to_series()
        moved.append(pl.select(pl.when(gaps).then(None).otherwise(column).alias(column.name)).to_series())
    return pl.concat([features, pl.DataFrame(moved).cast(features.schema)])


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    same = sum(row["same_package"] and row["same_predictions"] for row in rows)
    table = markdown.table(
        [
            "table", "limit s", "first run s", "repetition s", "same package", "same predictions", "rows", "selected",
            "shape", "candidates", "shortened",
        ],
        [
            [
                r["table"], r["limit_s"], r["wall_s"], r["repeat_s"], r["same_package"], r["same_predictions"],
                r["rows"], r["selected"], r["shape"], r["candidates"], r["shortened"],
            ]
            for r in rows
        ],
    )  # fmt: skip
    return f"""## Replay

Each training had a time limit that decided how much was fitted; the repetition has only the record. **{same} of
{len(rows)} repetitions gave the same package to the byte and the same predictions to the bit**, on the sealed test
rows and on the same rows with moved numbers, gaps and values never seen. "Shortened" counts what the limit cut.

{table}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=[], help="of the ten (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every limit")
    return parser.parse_args()


if __name__ == "__main__":
    main()
