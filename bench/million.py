"""The generated table of the million-row benchmark, and the bare script that the product is measured against.

    python bench/million.py generate FILE.parquet ROWS
    python bench/million.py bare FILE.parquet PARAMETERS.json

`bare` is what one writes by hand: read the Parquet, split 70/15/15, cut the stopping rows out of the training rows,
fit LightGBM, score on validation and test. PARAMETERS.json holds LightGBM's own parameters and the shares.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

COLUMNS = 28
BLOCK = 250_000


def generate(path: Path, rows: int) -> None:
    """Writes rows x 28 float32 columns and a target of two classes that needs trees, interactions included.

    Blocks have seeds of their own, so the first million rows of ten are the million of the smaller table.
    """
    parts = []
    for block in range(-(-rows // BLOCK)):
        rng = np.random.default_rng([28, block])
        n = min(BLOCK, rows - block * BLOCK)
        x = rng.standard_normal((n, COLUMNS), dtype=np.float32)
        signal = x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * x[:, 3]
        signal += 0.5 * np.abs(x[:, 4]) + 0.3 * x[:, 5] * (x[:, 6] > 0)
        signal += 0.1 * x[:, 7:].sum(1) + rng.standard_normal(n, dtype=np.float32)
        frame = pl.DataFrame({f"f{j:02d}": x[:, j] for j in range(COLUMNS)})
        parts.append(frame.with_columns(target=pl.Series(np.where(signal > 0.6, "signal", "background"))))
    pl.concat(parts).write_parquet(path)


def bare(path: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Reads, splits, fits, scores; returns seconds of each stage and the test figure."""
    import lightgbm
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    clock = [time.perf_counter()]
    frame = pl.read_parquet(path)
    y = (frame["target"] == "signal").to_numpy().astype(np.float32)
    x = frame.drop("target").to_numpy()
    del frame
    clock.append(time.perf_counter())
    test_size, validation_size, inner = (float(given[name]) for name in ("test", "validation", "inner"))
    rows = np.arange(len(y))
    development, test = train_test_split(rows, test_size=test_size, random_state=0, stratify=y)
    share = validation_size / (1 - test_size)
    train, validation = train_test_split(development, test_size=share, random_state=0, stratify=y[development])
    stop = None
    if inner:
        train, stop = train_test_split(train, test_size=inner, random_state=0, stratify=y[train])
    parts = {name: (x[rows], y[rows]) for name, rows in (("validation", validation), ("test", test), ("train", train))}
    watch = None if stop is None else (x[stop], y[stop])
    del x, y
    clock.append(time.perf_counter())
    learn = lightgbm.Dataset(*parts.pop("train"), params=given["parameters"], free_raw_data=True)
    arguments: dict[str, Any] = {}
    if watch is not None:
        arguments["valid_sets"] = [learn.create_valid(*watch)]
        arguments["callbacks"] = [lightgbm.early_stopping(int(given["patience"]), verbose=False)]
    model = lightgbm.train(given["parameters"], learn, num_boost_round=int(given["rounds"]), **arguments)
    clock.append(time.perf_counter())
    figures = {name: float(roc_auc_score(labels, model.predict(values))) for name, (values, labels) in parts.items()}
    clock.append(time.perf_counter())
    stages = dict(zip(("read_s", "split_s", "fit_s", "score_s"), np.diff(clock).tolist()))
    iterations = model.best_iteration or model.current_iteration()
    return {**stages, **figures, "iterations": iterations, "train_rows": len(train)}


def main(arguments: list[str]) -> None:
    verb, path, last = arguments
    if verb == "generate":
        generate(Path(path), int(last))
    else:
        print(json.dumps(bare(Path(path), json.loads(Path(last).read_text("utf-8")))))


if __name__ == "__main__":
    main(sys.argv[1:])
