"""AutoGluon or FLAML on one table, in a process and an environment of its own.

    PEER_PYTHON bench/field_peers.py autogluon|flaml FOLDER TARGET TASK FEATURES.json THREADS SECONDS

Reads `development.parquet` and `test_features.parquet` of FOLDER, writes `<peer>.npy` (test predictions) into it, and
prints fit seconds, size of the saved models and milliseconds for one row as JSON, on the last line.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from peer import given


def table(frame: pl.DataFrame, features: list[str]) -> pd.DataFrame:
    """The features as pandas wants them: numbers as float64, everything else as objects."""
    columns = {}
    for name in features:
        numeric = frame.schema[name].is_numeric()
        columns[name] = frame[name].cast(pl.Float64).to_numpy() if numeric else np.array(frame[name].to_list(), object)
    return pd.DataFrame(columns)


def autogluon(
    x: pd.DataFrame, y: np.ndarray, task: str, n_classes: int, folder: Path, threads: int, limit: float
) -> tuple[Any, Any]:
    """AutoGluon's preset for best quality, told the metric."""
    from autogluon.tabular import TabularPredictor

    metric = {"number": "root_mean_squared_error"}.get(task, "roc_auc" if n_classes == 2 else "log_loss")
    kind = {"number": "regression"}.get(task, "binary" if n_classes == 2 else "multiclass")
    predictor = TabularPredictor("target", problem_type=kind, eval_metric=metric, path=str(folder), verbosity=1)
    predictor.fit(x.assign(target=y), presets="best_v150", time_limit=limit, num_cpus=threads)
    if task == "number":
        return predictor, lambda rows: predictor.predict(rows).to_numpy()
    return predictor, lambda rows: predictor.predict_proba(rows)[list(range(n_classes))].to_numpy()


def flaml(
    x: pd.DataFrame, y: np.ndarray, task: str, n_classes: int, folder: Path, threads: int, limit: float
) -> tuple[Any, Any]:
    """FLAML's search with its default families, told the metric."""
    from flaml import AutoML

    for name in x.select_dtypes("object").columns:
        x[name] = x[name].astype("category")
    kinds = {name: x[name].dtype for name in x.columns[x.dtypes == "category"]}
    metric = {"number": "rmse"}.get(task, "roc_auc" if n_classes == 2 else "log_loss")
    automl = AutoML()
    automl.fit(
        x,
        y,
        task="regression" if task == "number" else "classification",
        metric=metric,
        time_budget=limit,
        n_jobs=threads,
        seed=0,
        verbose=0,
    )
    folder.mkdir(exist_ok=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(automl))
    predict = automl.predict if task == "number" else automl.predict_proba
    return automl, lambda rows: np.asarray(predict(rows.astype(kinds)))


def main(arguments: list[str]) -> None:
    name, place, target, task, features_file, threads, seconds = arguments
    folder = Path(place)
    frame, test, features, y, n_classes = given(folder, target, task, features_file)
    saved = folder / name
    before = time.perf_counter()
    fit = {"autogluon": autogluon, "flaml": flaml}[name]
    model, predict = fit(table(frame, features), y, task, n_classes, saved, int(threads), float(seconds))
    fit_s = time.perf_counter() - before
    rows = table(test, features)
    before = time.perf_counter()
    np.save(folder / f"{name}.npy", predict(rows))
    test_s = time.perf_counter() - before
    times = []
    for i in range(12):
        before = time.perf_counter()
        predict(rows.iloc[i : i + 1])
        times.append(time.perf_counter() - before)
    size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file()) / 1e6
    if name == "autogluon":
        board = model.leaderboard(silent=True).set_index("model")
        found_validation = abs(float(board.loc[model.model_best, "score_val"]))
    else:
        found_validation = None
    found = {
        "validation": found_validation,
        "fit_s": fit_s,
        "size_mb": size,
        "row_ms": float(np.median(times[2:]) * 1e3),
        "test_s": test_s,
    }
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
