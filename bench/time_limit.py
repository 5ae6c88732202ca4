"""Does the whole command keep its time limit?

    python bench/time_limit.py --data DATA

Wall time of `trainwright train TABLE --target ... --time-limit LIMIT`, from the start of the process to its end,
imports, checks, sealed test and report included. About 25 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import processes
import results
import tables

AIM = 1.1


def main() -> None:
    options = _options()
    result = results.Result("time_limit", options)
    for name in options.tables:
        for limit in options.limits:
            key = f"{name}, {limit:g} s"
            result.measured(key, measure, name, options.data, limit)


def measure(name: str, data: Path | None, limit: float) -> dict[str, Any]:
    """Trains once under the limit."""
    with TemporaryDirectory() as folder:
        table = tables.write(name, data, Path(folder))
        measured, document = processes.train(
            table, tables.TABLES[name].target, workspace=Path(folder) / "workspace", limit=limit
        )
    metric = document["metric"]
    test = document["test"][metric] if document["test"] else {"value": float("nan")}
    return {
        "table": name,
        "limit_s": limit,
        "wall_s": measured.wall_s,
        "ratio": measured.wall_s / limit,
        "selected": document["selected"],
        "candidates": len(document["leaderboard"]),
        "metric": metric,
        "test": test["value"],
        "stages": {stage: round(spent, 2) for stage, spent in document["budget"]["stages"].items()},
        "peak_mb": measured.peak_mb,
    }


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    worst = max(row["ratio"] for row in rows)
    table = markdown.table(
        ["table", "limit s", "wall s", "ratio", "selected", "candidates", "metric", "on the test part", "peak MB"],
        [
            [
                r["table"], r["limit_s"], r["wall_s"], r["ratio"], r["selected"], r["candidates"], r["metric"],
                r["test"], r["peak_mb"],
            ]
            for r in rows
        ],
    )  # fmt: skip
    return f"""## Time limit

Wall time of the whole `trainwright train` command, imports, checks, sealed test and report included. **The longest
took {worst:.2f} times its limit** (aim: at most {AIM}, {markdown.aim(worst <= AIM)}).

{table}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    names = ["adult", "credit_default", "california_housing"]
    parser.add_argument("--tables", type=results.names, default=names, help="their names")
    parser.add_argument("--limits", type=results.numbers, default=[30.0, 120.0, 300.0], help="in seconds")
    return parser.parse_args()


if __name__ == "__main__":
    main()
