"""Times the predictions of a package in a process of its own: `python bench/latency.py PACKAGE SHA ROWS.parquet`.

Prints milliseconds for one row given as a mapping (median and 95th percentile over all rows, preprocessing included),
for the rows together as one table, and seconds until the package is open.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import polars as pl


def main(arguments: list[str]) -> None:
    from trainwright.packages.predictor import Predictor

    package, sha, rows_file = arguments
    before = time.perf_counter()
    predictor = Predictor.open(package, expected_sha=sha)
    open_s = time.perf_counter() - before
    frame = pl.read_parquet(rows_file)
    rows = frame.to_dicts()
    for row in rows[:5]:
        predictor.predict_row(row)
    times = []
    for row in rows:
        before = time.perf_counter()
        predictor.predict_row(row)
        times.append((time.perf_counter() - before) * 1e3)
    together = []
    for _ in range(5):
        before = time.perf_counter()
        predictor.predict(frame)
        together.append((time.perf_counter() - before) * 1e3)
    found = {
        "row_ms": float(np.median(times)),
        "row_p95_ms": float(np.quantile(times, 0.95)),
        "together_ms": float(np.median(together)),
        "open_s": float(open_s),
    }
    print(json.dumps({**found, "rows": len(rows)}))


if __name__ == "__main__":
    main(sys.argv[1:])
