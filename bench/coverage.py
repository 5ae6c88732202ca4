"""Does the sealed test come out where the development rows said it would?

    python bench/coverage.py --data DATA

Each table is trained with several seeds, each seed another split. Before the sealed test is opened a run states the
range in which it expects the figure (evaluate.expected); an honest 95 % range holds it nineteen times in twenty.
The interval of the validation figure is shown beside it: that one is about endless new rows, so a small sealed test
falls outside it more often. About 20 minutes on 2 cores.
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

TABLES = (
    *("breast_cancer", "wine", "digits", "diabetes", "generated_two", "generated_four", "generated_number"),
    *("concrete", "energy", "steel_plates", "telco_churn", "bank_marketing", "ai4i2020"),
)
AIM = 0.9


def main() -> None:
    options = _options()
    result = results.Result("coverage", options)
    for name in options.tables:
        for seed in range(options.seeds):
            key = f"{name}, seed {seed}, {options.limit:g} s"
            result.measured(key, measure, name, options.data, options.limit, seed)


def measure(name: str, data: Path | None, limit: float, seed: int) -> dict[str, Any]:
    """Trains once and compares what was expected with what the sealed test gave."""
    with TemporaryDirectory() as root:
        folder = Path(root)
        table = tables.write(name, data, folder)
        workspace = folder / "workspace"
        more = ("--seed", str(seed))
        measured, document = processes.train(
            table, tables.TABLES[name].target, workspace=workspace, limit=limit, more=more
        )
    metric = document["metric"]
    expected, test, validation = document["expected"], document["test"][metric], document["validation"][metric]
    return {
        "table": name,
        "seed": seed,
        "metric": metric,
        "rows": document["n_rows"],
        "expected": expected,
        "validation": {key: validation[key] for key in ("value", "low", "high")},
        "test": test["value"],
        "inside": _inside(expected, test["value"]),
        "inside_validation": _inside(validation, test["value"]),
        "selected": document["selected"],
        "wall_s": measured.wall_s,
    }


def _inside(bounds: dict[str, Any], value: float) -> bool:
    return bounds["low"] is not None and bounds["low"] <= value <= bounds["high"]


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    inside = sum(row["inside"] for row in rows)
    lines = []
    for name in dict.fromkeys(row["table"] for row in rows):
        own = [row for row in rows if row["table"] == name]
        width = markdown.mean([row["expected"]["high"] - row["expected"]["low"] for row in own])
        missed = [f"{row['test']:.4g} (expected {_range(row)})" for row in own if not row["inside"]]
        lines.append(
            [name, own[0]["metric"], own[0]["rows"]["test"], f"{sum(r['inside'] for r in own)} of {len(own)}"]
            + [f"{sum(r['inside_validation'] for r in own)} of {len(own)}", width, "; ".join(missed) or "–"]
        )
    share = inside / len(rows)
    head = ["table", "metric", "sealed rows", "inside the expected range", "inside the validation interval"]
    head += ["mean width", "missed"]
    return f"""## Expected and sealed

What a run expects of its sealed test, said before it is opened, against what the test gave, over {len(rows)} pairs of
table and seed. **{inside} of {len(rows)} sealed figures ({share:.0%}) lie inside the stated 95 % range**
(aim: at least {AIM:.0%}, {markdown.aim(share >= AIM)}).

{markdown.table(head, lines)}

{markdown.footer(result)}
"""


def _range(row: dict[str, Any]) -> str:
    return f"{row['expected']['low']:.4g} to {row['expected']['high']:.4g}"


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES), help="their names")
    parser.add_argument("--limit", type=float, default=15.0, help="seconds of each training")
    parser.add_argument("--seeds", type=int, default=5, help="how many splits of each table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
