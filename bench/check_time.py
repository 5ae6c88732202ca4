"""All checks together end within ten seconds on adult and within a minute on a million rows.

    python bench/check_time.py --data DATA

Adult has 48,842 rows and 14 columns, the generated table a million rows and 28 columns. About three minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import leaks_tables
import markdown
import million
import planted
import polars as pl
import results

AIMS = {"adult": 10.0, "a million rows": 60.0}


def main() -> None:
    options = _options()
    result = results.Result("check_time", options)
    for name in AIMS:
        result.measured(name, measure, name, options.data, options.rows)


def measure(name: str, data: Path | None, rows: int) -> dict[str, Any]:
    """Seconds of all checks, of the slowest ones where they are recorded, and what did not run."""
    if name == "adult":
        frame, target = leaks_tables.CLEAN["adult"].read(data), "income"
    else:
        with tempfile.TemporaryDirectory() as folder:
            million.generate(Path(folder) / "million.parquet", rows)
            frame, target = pl.read_parquet(Path(folder) / "million.parquet"), "target"
    document = planted.answer(frame, target, task=None, test=None, settings={})
    timed = [(check["code"], float(check["seconds"])) for check in document["checks"] if check.get("seconds")]
    return {
        "table": name,
        "rows": frame.height,
        "columns": frame.width - 1,
        "checks_s": document["checks_s"],
        "aim_s": AIMS[name],
        "checks": len(document["checks"]),
        "slowest": [list(pair) for pair in sorted(timed, key=lambda pair: -pair[1])[:5]],
        "not_run": planted.not_run(document),
    }


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = [
        [
            row["table"],
            row["rows"],
            row["columns"],
            row["checks"],
            round(row["checks_s"], 1),
            f"{row['aim_s']:.0f}",
            markdown.aim(row["checks_s"] <= row["aim_s"] and not row["not_run"]),
            ", ".join(f"{code} {seconds:.1f} s" for code, seconds in row["slowest"]) or "–",
        ]
        for row in result["rows"].values()
    ]
    head = ["table", "rows", "columns", "checks", "seconds", "aim", "", "slowest"]
    gone = [words for row in result["rows"].values() for words in row["not_run"]]
    return f"""## Time of the checks

All checks one after the other, as before every training. Checks that learn or compare pairs look at a sample of a long
table and say so in their evidence. Not run: {"; ".join(gone) or "none"}.

{markdown.table(head, rows)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
